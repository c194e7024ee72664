/**
 * The lines of `watch`, made from entries of the rings, letter for letter as memcached 1.6.45 prints them
 * (logger.c): LF alone at the end, keys URI-encoded, microseconds without leading zeros.
 * Called by the reporter on the main thread, only while somebody watches.
 */
import { EntryType, Field, Watch } from './activity-log.js';

const FETCH_WORDS = ['not_found', 'found', 'flushed', 'expired'];
const STORE_WORDS = ['not_stored', 'stored', 'exists', 'not_found', 'too_large', 'no_memory'];
const COMMAND_WORDS = ['null', 'add', 'set', 'replace', 'append', 'prepend', 'cas'];
const DELETE_WORDS = ['null', 'delete', 'md'];
const TRANSPORT_WORDS = ['local', 'tcp', 'udp'];
const CLOSE_WORDS = ['error', 'normal', 'idle_timeout', 'shutdown'];

/** Each byte as it stands in a URI: unreserved characters as they are, all others as %XX. */
const URI_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** A key as `watch` and `lru_crawler metadump` show it. */
export function encodeUri(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at++) text += URI_BYTES[bytes[at]];
  return text;
}

/** The kind (Watch) that an entry belongs to. */
export function kindOf(entry: DataView): number {
  switch (entry.getInt32(Field.TYPE * 4, true)) {
    case EntryType.ITEM_GET:
      return Watch.FETCHERS;
    case EntryType.ITEM_STORE:
      return Watch.MUTATIONS;
    case EntryType.ITEM_DELETED:
      return Watch.DELETIONS;
    case EntryType.EVICTION:
      return Watch.EVICTIONS;
    default:
      return Watch.CONNECTIONS;
  }
}

export function gidOf(entry: DataView): bigint {
  return entry.getBigInt64(Field.GID_LOW * 4, true);
}

/** The line of one entry, LF included. */
export function formatEntry(entry: DataView, text: Uint8Array): string {
  const seconds = entry.getUint32(Field.SECONDS * 4, true);
  const microseconds = entry.getInt32(Field.MICROSECONDS * 4, true);
  return `ts=${seconds}.${microseconds} gid=${gidOf(entry)} ${formatBody(entry, text)}\n`;
}

function formatBody(entry: DataView, text: Uint8Array): string {
  const field = (name: number) => entry.getInt32(name * 4, true);
  const key = () => `key=${encodeUri(text)}`;
  const a = field(Field.A);
  const classId = field(Field.B);
  const cfd = field(Field.C);
  const size = field(Field.D);
  switch (field(Field.TYPE)) {
    case EntryType.ITEM_GET:
      return `type=item_get ${key()} status=${FETCH_WORDS[a]} clsid=${classId} cfd=${cfd} size=${size}`;
    case EntryType.ITEM_STORE: {
      const words = `status=${STORE_WORDS[a]} cmd=${COMMAND_WORDS[field(Field.E)]} ttl=${field(Field.F) >>> 0}`;
      return `type=item_store ${key()} ${words} clsid=${classId} cfd=${cfd} size=${size}`;
    }
    case EntryType.ITEM_DELETED:
      return `type=deleted ${key()} cmd=${DELETE_WORDS[field(Field.E)]} clsid=${classId} size=${size}`;
    case EntryType.EVICTION: {
      const age = `ttl=${field(Field.E)} la=${field(Field.F)}`;
      return `type=eviction ${key()} fetch=${a === 0 ? 'no' : 'yes'} ${age} clsid=${classId} size=${size}`;
    }
    default:
      return formatConnection(entry, Buffer.from(text).toString('latin1'));
  }
}

function formatConnection(entry: DataView, address: string): string {
  const field = (name: number) => entry.getInt32(name * 4, true);
  const cfd = field(Field.A);
  const peer = `rip=${address} rport=${field(Field.D)} transport=${TRANSPORT_WORDS[field(Field.B)]}`;
  if (field(Field.TYPE) === EntryType.CONNECTION_NEW) return `type=conn_new ${peer} cfd=${cfd}`;
  return `type=conn_close ${peer} reason=${CLOSE_WORDS[field(Field.C)]} cfd=${cfd}`;
}
