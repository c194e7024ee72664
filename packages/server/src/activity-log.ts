/**
 * The events that `watch` shows, as each thread writes them: a ring of shared memory a thread.
 *
 * The hot path tests one plain load, `activity.words[0] & Watch.FETCHERS`, and calls nothing while nobody watches. A
 * thread writes its own ring alone and the main thread alone reads it (activity-reporter.ts), so there is no lock. A
 * full ring drops the entry and counts it; a worker never waits for a reader. Rings are `ringBytes` long
 * (-o worker_logbuf_size) and cost nothing until somebody watches.
 *
 *   words   [0] kinds watched   [2..3] gid, the 64-bit count of entries   then a head and a tail for each ring
 *   entry   13 words (Field), then TEXT_BYTES bytes padded to a word; a length of −1: go on at the ring's start
 */
import { ServerCounter } from './server-counters.js';

/** What can be watched; the bits of a watcher and of the mask. Kinds without an event here are accepted and stay silent. */
export const Watch = {
  FETCHERS: 1 << 0,
  MUTATIONS: 1 << 1,
  EVICTIONS: 1 << 2,
  CONNECTIONS: 1 << 3,
  DELETIONS: 1 << 4,
  SYSTEM: 1 << 5,
  RAW_COMMANDS: 1 << 6,
  PROXY_REQUESTS: 1 << 7,
  PROXY_EVENTS: 1 << 8,
  PROXY_USER: 1 << 9,
} as const;
export type Watch = (typeof Watch)[keyof typeof Watch];

export const FetchStatus = { NOT_FOUND: 0, FOUND: 1, FLUSHED: 2, EXPIRED: 3 } as const;
export const StoreStatus = { NOT_STORED: 0, STORED: 1, EXISTS: 2, NOT_FOUND: 3, TOO_LARGE: 4, NO_MEMORY: 5 } as const;
export const StoreCommand = { NULL: 0, ADD: 1, SET: 2, REPLACE: 3, APPEND: 4, PREPEND: 5, CAS: 6 } as const;
export const DeleteCommand = { DELETE: 1, META_DELETE: 2 } as const;
export const ConnectionTransport = { LOCAL: 0, TCP: 1, UDP: 2 } as const;

export const EntryType = {
  ITEM_GET: 0,
  ITEM_STORE: 1,
  ITEM_DELETED: 2,
  EVICTION: 3,
  CONNECTION_NEW: 4,
  CONNECTION_CLOSE: 5,
} as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** Words of an entry. A to F mean what the writing method of the entry's type puts there. */
export const Field = {
  LENGTH_BYTES: 0,
  TYPE: 1,
  GID_LOW: 2,
  GID_HIGH: 3,
  SECONDS: 4,
  MICROSECONDS: 5,
  A: 6,
  B: 7,
  C: 8,
  D: 9,
  E: 10,
  F: 11,
  TEXT_BYTES: 12,
} as const;
export const ENTRY_HEADER_BYTES = 13 * 4;
/** A key is at most 250 bytes, an address 46; longer texts are cut. */
const TEXT_BYTES_MAX = 300;
const RING_BYTES_MIN = 4096;

const MASK = 0;
const GID = 1;
const SHARED_WORDS = 32;
/** Head and tail of a ring lie on cache lines of their own. */
const RING_WORDS = 32;

/** The word of a ring's head, moved by its writer, and of its tail, moved by the reader. */
export function headWord(row: number): number {
  return SHARED_WORDS + row * RING_WORDS;
}

export function tailWord(row: number): number {
  return headWord(row) + RING_WORDS / 2;
}

export interface ActivityShared {
  readonly control: SharedArrayBuffer;
  readonly rings: SharedArrayBuffer;
  readonly ringBytes: number;
  readonly rows: number;
}

/** Rings for `rows` threads, numbered like their rows of counters. */
export function shareActivity(options: { rows: number; ringBytes: number }): ActivityShared {
  const ringBytes = Math.max(RING_BYTES_MIN, options.ringBytes) & ~3;
  return {
    control: new SharedArrayBuffer((SHARED_WORDS + options.rows * RING_WORDS) * Int32Array.BYTES_PER_ELEMENT),
    rings: new SharedArrayBuffer(options.rows * ringBytes),
    ringBytes,
    rows: options.rows,
  };
}

/** The count of all entries so far: a watcher sees only what is numbered above its start. */
export function currentGid(shared: ActivityShared): bigint {
  return Atomics.load(new BigInt64Array(shared.control, 0, 2), GID);
}

/** The writing side, one a thread; `counters` is the thread's row, `row` its number. */
export class ActivityLog {
  /** words[0] is the mask of what is watched: one plain load decides whether an event is worth a call. */
  readonly words: Int32Array;
  readonly shared: ActivityShared;
  readonly #gid: BigInt64Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #headWord: number;
  readonly #tailWord: number;
  readonly #counters: Float64Array;

  constructor(shared: ActivityShared, row: number, counters: Float64Array) {
    this.shared = shared;
    this.words = new Int32Array(shared.control);
    this.#gid = new BigInt64Array(shared.control, 0, 2);
    this.#view = new DataView(shared.rings, row * shared.ringBytes, shared.ringBytes);
    this.#bytes = new Uint8Array(shared.rings, row * shared.ringBytes, shared.ringBytes);
    this.#headWord = headWord(row);
    this.#tailWord = tailWord(row);
    this.#counters = counters;
  }

  /** Sets what is watched by anybody. */
  watchOnly(kinds: number): void {
    Atomics.store(this.words, MASK, kinds);
  }

  /** `status` is a FetchStatus; class and size are 0 for a miss. */
  itemGet(
    status: number,
    classId: number,
    cfd: number,
    valueBytes: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const at = this.#begin(EntryType.ITEM_GET, keyEnd - keyStart);
    if (at < 0) return;
    this.#fields(at, status, classId, cfd, valueBytes, 0, 0);
    this.#end(at, source, keyStart, keyEnd);
  }

  /** `status` is a StoreStatus, `command` a StoreCommand, `ttlSeconds` what is left to live or 0 for ever. */
  itemStore(
    status: number,
    command: number,
    ttlSeconds: number,
    classId: number,
    cfd: number,
    valueBytes: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const at = this.#begin(EntryType.ITEM_STORE, keyEnd - keyStart);
    if (at < 0) return;
    this.#fields(at, status, classId, cfd, valueBytes, command, ttlSeconds);
    this.#end(at, source, keyStart, keyEnd);
  }

  /** `command` is a DeleteCommand. */
  itemDeleted(
    command: number,
    classId: number,
    valueBytes: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const at = this.#begin(EntryType.ITEM_DELETED, keyEnd - keyStart);
    if (at < 0) return;
    this.#fields(at, 0, classId, 0, valueBytes, command, 0);
    this.#end(at, source, keyStart, keyEnd);
  }

  /** `ttlSeconds` −1 for ever; `ageSeconds` since the last access. */
  eviction(
    isFetched: boolean,
    ttlSeconds: number,
    ageSeconds: number,
    classId: number,
    valueBytes: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const at = this.#begin(EntryType.EVICTION, keyEnd - keyStart);
    if (at < 0) return;
    this.#fields(at, isFetched ? 1 : 0, classId, 0, valueBytes, ttlSeconds, ageSeconds);
    this.#end(at, source, keyStart, keyEnd);
  }

  // Rare events look at the mask themselves.

  /** `address` as memcached prints rip: an IP address, or "unix". */
  connectionNew(cfd: number, transport: number, address: string, port: number): void {
    if ((this.words[MASK] & Watch.CONNECTIONS) === 0) return;
    this.#text(EntryType.CONNECTION_NEW, address, cfd, transport, 0, port);
  }

  connectionClose(cfd: number, transport: number, reason: number, address: string, port: number): void {
    if ((this.words[MASK] & Watch.CONNECTIONS) === 0) return;
    this.#text(EntryType.CONNECTION_CLOSE, address, cfd, transport, reason, port);
  }

  #text(type: number, text: string, a: number, b: number, c: number, d: number): void {
    const bytes = Buffer.from(text, 'latin1');
    const at = this.#begin(type, Math.min(bytes.length, TEXT_BYTES_MAX));
    if (at < 0) return;
    this.#fields(at, a, b, c, d, 0, 0);
    this.#end(at, bytes, 0, Math.min(bytes.length, TEXT_BYTES_MAX));
  }

  /** Finds room and writes what all entries have; −1 if the ring is full. */
  #begin(type: number, textBytes: number): number {
    const length = ENTRY_HEADER_BYTES + ((textBytes + 3) & ~3);
    const at = this.#room(length);
    if (at < 0) {
      this.#counters[ServerCounter.LOG_WORKER_DROPPED]++;
      return -1;
    }
    const gid = Atomics.add(this.#gid, GID, 1n) + 1n;
    const now = performance.timeOrigin + performance.now();
    const seconds = Math.floor(now / 1000);
    const view = this.#view;
    view.setInt32(at + Field.LENGTH_BYTES * 4, length, true);
    view.setInt32(at + Field.TYPE * 4, type, true);
    view.setBigInt64(at + Field.GID_LOW * 4, gid, true);
    view.setUint32(at + Field.SECONDS * 4, seconds, true);
    view.setInt32(at + Field.MICROSECONDS * 4, Math.floor((now - seconds * 1000) * 1000), true);
    view.setInt32(at + Field.TEXT_BYTES * 4, textBytes, true);
    return at;
  }

  #fields(at: number, a: number, b: number, c: number, d: number, e: number, f: number): void {
    const view = this.#view;
    view.setInt32(at + Field.A * 4, a, true);
    view.setInt32(at + Field.B * 4, b, true);
    view.setInt32(at + Field.C * 4, c, true);
    view.setInt32(at + Field.D * 4, d, true);
    view.setInt32(at + Field.E * 4, e, true);
    view.setInt32(at + Field.F * 4, f, true);
  }

  #end(at: number, source: Uint8Array, start: number, end: number): void {
    const length = this.#view.getInt32(at, true);
    this.#bytes.set(source.subarray(start, end), at + ENTRY_HEADER_BYTES);
    this.#counters[ServerCounter.LOG_WORKER_WRITTEN]++;
    Atomics.store(this.words, this.#headWord, at + length);
  }

  /** Where an entry of `length` bytes may stand, wrapping to the start if the end is too short; −1 if nowhere. */
  #room(length: number): number {
    const head = this.words[this.#headWord];
    const tail = Atomics.load(this.words, this.#tailWord);
    if (head < tail) return head + length < tail ? head : -1;
    if (head + length <= this.#view.byteLength) return head;
    if (length >= tail) return -1;
    if (head + 4 <= this.#view.byteLength) this.#view.setInt32(head, -1, true);
    return 0;
  }
}
