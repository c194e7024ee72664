/**
 * Discovery configurations (`config get|set|delete <key>`), in shared memory, so that every worker answers them itself
 * (ElastiCache's Auto Discovery; docs/protocol.md).
 *
 * At most 16 configurations of at most 65,536 bytes, as in ElastiCache's engine. Readers take no lock: one version word
 * is odd while a writer changes anything, so a reader copies the value to a buffer of its own thread and repeats if the
 * version moved. Writers take the lock of the table; they are rare.
 *
 *   words   a header (Header), then 8 words an entry (Word)
 *   bytes   an entry: 256 of key, 65,536 of value; untouched memory costs nothing; behind them the secret
 *
 * The table of a managed node (docs/decisions/0025-managed-config.md) is changed by who knows the secret, by nobody until
 * there is one. Clients that came in through listener port P are answered `cluster:P` for `cluster` while there is such a key.
 */
import { timingSafeEqual } from 'node:crypto';
import { CONFIG_BYTES_MAX, CONFIG_COUNT_MAX, KEY_BYTES_MAX } from '@shoal/protocol';
import { lockWord, unlockWord } from './shared-lock.js';

const Header = {
  LOCK: 0,
  VERSION: 1,
  COUNT: 2,
  /** The CAS value given last. */
  CAS_LOW: 3,
  CAS_HIGH: 4,
  /** 1 once any configuration was stored. */
  EVER_STORED: 5,
  /** Entry of `cluster` + 1, 0 while there is none. */
  CLUSTER: 6,
  /** How often the secret of a managed node was given; 0 before that, and while it is being exchanged. */
  SECRET: 7,
} as const;
const HEADER_WORDS = 16;
/** KEY_BYTES 0 = the entry is free. */
const Word = { KEY_BYTES: 0, VALUE_BYTES: 1, FLAGS: 2, CAS_LOW: 3, CAS_HIGH: 4 } as const;
const ENTRY_WORDS = 8;
const KEY_ROOM_BYTES = 256;
const ENTRY_BYTES = KEY_ROOM_BYTES + CONFIG_BYTES_MAX;
const SECRET_AT = CONFIG_COUNT_MAX * ENTRY_BYTES;
/** Lower-case hex digits. */
const SECRET_BYTES = 32;

/** A reader that meets a writer looks again after this time at the latest: the writer may be a thread without a core. */
const WRITER_WAIT_MS = 1;

/** The configuration that clients discover the cluster by, and the ordinary key that older ones read instead. */
const CLUSTER_KEY: Uint8Array = Buffer.from('cluster');
export const LEGACY_CLUSTER_KEY: Uint8Array = Buffer.from('AmazonElastiCache:cluster');

export const ConfigStore = { STORED: 0, EXISTS: 1, NOT_FOUND: 2, FULL: 3 } as const;
export type ConfigStore = (typeof ConfigStore)[keyof typeof ConfigStore];

export interface ConfigsShared {
  readonly words: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
  /** Decided when the node starts, for good: it belongs to a pool. */
  readonly isManaged: boolean;
}

export interface Config {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
  /** The CAS value it must have now, 0n for any. */
  readonly compareCas: bigint;
}

export function shareConfigs(isManaged = false): ConfigsShared {
  return {
    words: new SharedArrayBuffer((HEADER_WORDS + CONFIG_COUNT_MAX * ENTRY_WORDS) * Int32Array.BYTES_PER_ELEMENT),
    bytes: new SharedArrayBuffer(SECRET_AT + SECRET_BYTES),
    isManaged,
  };
}

export class ConfigTable {
  /** What the last `load` found; valid until the next one of this thread. */
  value: Uint8Array = new Uint8Array(0);
  valueBytes = 0;
  flags = 0;
  casLow = 0;
  casHigh = 0;
  readonly isManaged: boolean;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(shared: ConfigsShared) {
    this.#words = new Int32Array(shared.words);
    this.#bytes = new Uint8Array(shared.bytes);
    this.isManaged = shared.isManaged;
  }

  /** From now on the word that lets the pool in; replaces an earlier one. Main thread only, so it takes no lock. */
  setSecret(secret: string): void {
    const bytes = Buffer.from(secret, 'latin1');
    if (bytes.length !== SECRET_BYTES) throw new RangeError(`Cannot take a secret of ${bytes.length} characters`);
    const generation = Atomics.exchange(this.#words, Header.SECRET, 0);
    this.#bytes.set(bytes, SECRET_AT);
    Atomics.store(this.#words, Header.SECRET, generation + 1);
  }

  /** Whether who sent input[start..end) as the secret may change configurations. Takes as long for a near miss as for a far one. */
  admits(input: Uint8Array, start: number, end: number): boolean {
    if (!this.isManaged) return true;
    const generation = Atomics.load(this.#words, Header.SECRET);
    const secret = this.#bytes.slice(SECRET_AT, SECRET_AT + SECRET_BYTES);
    const isWhole = generation !== 0 && Atomics.add(this.#words, Header.SECRET, 0) === generation;
    const given = input.slice(start, end);
    return isWhole && given.length === SECRET_BYTES && timingSafeEqual(secret, given);
  }

  /** `AmazonElastiCache:cluster` on a managed node: no item may have it, or a client could redirect all the others. For stores only. */
  isReservedKey(input: Uint8Array, start: number, end: number): boolean {
    return this.isManaged && isLegacy(input, start, end);
  }

  /** Configurations stored now. */
  get count(): number {
    return Atomics.load(this.#words, Header.COUNT);
  }

  get wasEverUsed(): boolean {
    return Atomics.load(this.#words, Header.EVER_STORED) === 1;
  }

  /** True for `AmazonElastiCache:cluster` while a `cluster` configuration is stored. For misses only: one plain load says no to all other keys of a node of its own. */
  isLegacyKey(input: Uint8Array, start: number, end: number): boolean {
    return this.#words[Header.CLUSTER] !== 0 && isLegacy(input, start, end);
  }

  /** As `load`, the list for who came in through this port: `cluster:<port>`, else `cluster`. */
  loadCluster(listenerPort: number): boolean {
    const key = Buffer.from(`cluster:${listenerPort}`);
    return this.load(key, 0, key.length) || this.load(CLUSTER_KEY, 0, CLUSTER_KEY.length);
  }

  /** As `load`; the key `cluster` means what `loadCluster` answers. */
  loadFor(listenerPort: number, key: Uint8Array): boolean {
    const isCluster = key.length === CLUSTER_KEY.length && equals(CLUSTER_KEY, 0, key, 0, key.length);
    return isCluster ? this.loadCluster(listenerPort) : this.load(key, 0, key.length);
  }

  /** Copies the configuration of a key to `value`, `valueBytes`, `flags` and the CAS halves; false if there is none. */
  load(input: Uint8Array, start: number, end: number): boolean {
    if (this.value.length === 0) this.value = new Uint8Array(CONFIG_BYTES_MAX);
    for (;;) {
      const version = this.#stableVersion();
      const entry = this.#find(input, start, end);
      if (entry >= 0) this.#copyOut(entry);
      // A read-modify-write, so that on arm64 too the loads above are done before the version is read again.
      if (Atomics.add(this.#words, Header.VERSION, 0) === version) return entry >= 0;
    }
  }

  /** Keys stored now, in the order of their entries. */
  keys(): Uint8Array[] {
    for (;;) {
      const version = this.#stableVersion();
      const keys: Uint8Array[] = [];
      for (let entry = 0; entry < CONFIG_COUNT_MAX; entry++) {
        const length = Math.min(this.#words[wordOf(entry, Word.KEY_BYTES)], KEY_BYTES_MAX);
        if (length > 0) keys.push(this.#bytes.slice(entry * ENTRY_BYTES, entry * ENTRY_BYTES + length));
      }
      if (Atomics.add(this.#words, Header.VERSION, 0) === version) return keys;
    }
  }

  /** Stores a configuration whose key and value are within their limits; sets the CAS halves to its new CAS. */
  store(config: Config): ConfigStore {
    lockWord(this.#words, Header.LOCK);
    const outcome = this.#storeLocked(config);
    unlockWord(this.#words, Header.LOCK);
    return outcome;
  }

  /** True if there was one; false also when `compareCas` is not its CAS. */
  delete(input: Uint8Array, start: number, end: number): boolean {
    lockWord(this.#words, Header.LOCK);
    const entry = this.#find(input, start, end);
    if (entry >= 0) {
      this.#beginChangeLocked();
      this.#words[wordOf(entry, Word.KEY_BYTES)] = 0;
      this.#words[Header.COUNT]--;
      if (this.#words[Header.CLUSTER] === entry + 1) this.#words[Header.CLUSTER] = 0;
      this.#endChangeLocked();
    }
    unlockWord(this.#words, Header.LOCK);
    return entry >= 0;
  }

  #storeLocked(config: Config): ConfigStore {
    const { key, value } = config;
    const known = this.#find(key, 0, key.length);
    if (config.compareCas !== 0n) {
      if (known < 0) return ConfigStore.NOT_FOUND;
      if (this.#casOf(known) !== config.compareCas) return ConfigStore.EXISTS;
    }
    const entry = known >= 0 ? known : this.#freeEntry();
    if (entry < 0) return ConfigStore.FULL;
    this.#beginChangeLocked();
    this.#bytes.set(key, entry * ENTRY_BYTES);
    this.#bytes.set(value, entry * ENTRY_BYTES + KEY_ROOM_BYTES);
    this.#words[wordOf(entry, Word.VALUE_BYTES)] = value.length;
    this.#words[wordOf(entry, Word.FLAGS)] = config.flags;
    this.#stampLocked(entry);
    if (known < 0) this.#announceLocked(entry, key);
    this.#endChangeLocked();
    return ConfigStore.STORED;
  }

  #announceLocked(entry: number, key: Uint8Array): void {
    this.#words[wordOf(entry, Word.KEY_BYTES)] = key.length;
    this.#words[Header.COUNT]++;
    this.#words[Header.EVER_STORED] = 1;
    if (key.length === CLUSTER_KEY.length && equals(CLUSTER_KEY, 0, key, 0, key.length)) {
      this.#words[Header.CLUSTER] = entry + 1;
    }
  }

  #stampLocked(entry: number): void {
    const low = (this.#words[Header.CAS_LOW] + 1) | 0;
    this.#words[Header.CAS_LOW] = low;
    if (low === 0) this.#words[Header.CAS_HIGH]++;
    this.casLow = this.#words[wordOf(entry, Word.CAS_LOW)] = low;
    this.casHigh = this.#words[wordOf(entry, Word.CAS_HIGH)] = this.#words[Header.CAS_HIGH];
  }

  #casOf(entry: number): bigint {
    const low = BigInt(this.#words[wordOf(entry, Word.CAS_LOW)] >>> 0);
    return (BigInt(this.#words[wordOf(entry, Word.CAS_HIGH)] >>> 0) << 32n) | low;
  }

  #stableVersion(): number {
    for (;;) {
      const version = Atomics.load(this.#words, Header.VERSION);
      if ((version & 1) === 0) return version;
      Atomics.wait(this.#words, Header.VERSION, version, WRITER_WAIT_MS);
    }
  }

  #beginChangeLocked(): void {
    Atomics.add(this.#words, Header.VERSION, 1);
  }

  #endChangeLocked(): void {
    Atomics.add(this.#words, Header.VERSION, 1);
  }

  /** The entry of a key, −1 if none. May be wrong while a writer is at work: readers check the version. */
  #find(input: Uint8Array, start: number, end: number): number {
    for (let entry = 0; entry < CONFIG_COUNT_MAX; entry++) {
      const length = this.#words[wordOf(entry, Word.KEY_BYTES)];
      if (length > 0 && length === end - start && equals(this.#bytes, entry * ENTRY_BYTES, input, start, end)) {
        return entry;
      }
    }
    return -1;
  }

  #freeEntry(): number {
    for (let entry = 0; entry < CONFIG_COUNT_MAX; entry++) {
      if (this.#words[wordOf(entry, Word.KEY_BYTES)] === 0) return entry;
    }
    return -1;
  }

  #copyOut(entry: number): void {
    const start = entry * ENTRY_BYTES + KEY_ROOM_BYTES;
    this.valueBytes = Math.min(this.#words[wordOf(entry, Word.VALUE_BYTES)], CONFIG_BYTES_MAX);
    this.flags = this.#words[wordOf(entry, Word.FLAGS)];
    this.casLow = this.#words[wordOf(entry, Word.CAS_LOW)];
    this.casHigh = this.#words[wordOf(entry, Word.CAS_HIGH)];
    this.value.set(this.#bytes.subarray(start, start + this.valueBytes));
  }
}

function wordOf(entry: number, word: number): number {
  return HEADER_WORDS + entry * ENTRY_WORDS + word;
}

function isLegacy(input: Uint8Array, start: number, end: number): boolean {
  return end - start === LEGACY_CLUSTER_KEY.length && equals(LEGACY_CLUSTER_KEY, 0, input, start, end);
}

/** Whether one[at…] begins with other[start..end). */
function equals(one: Uint8Array, at: number, other: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (one[at + i - start] !== other[i]) return false;
  return true;
}
