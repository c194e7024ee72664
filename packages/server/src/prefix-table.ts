/**
 * Counts by key prefix, for `stats detail`: how often keys up to the delimiter (-D) were got, hit, set and deleted.
 *
 * One table for all workers, in shared memory, used only while `stats detail` is on. Finding a known prefix takes no
 * lock and counting is one atomic add; only a new prefix takes the lock of the table. 65,536 prefixes at most, as in
 * memcached; further ones are not counted. Entries follow each other, so the memory used is that of the prefixes seen:
 * at most 19 MiB. `clear` empties the index and starts the entries anew: a count made at that very moment may be lost
 * or land on a newer prefix, never outside an entry.
 *
 *   index  2^17 words: number of an entry + 1, 0 = free; open addressing
 *   entry  [hash][length][get: 64 bit][hit][set][del][prefix: 250 bytes, padded]
 */
import type { ByteWriter } from '@shoal/protocol';
import { lockWord, unlockWord } from './shared-lock.js';

export const PREFIXES_MAX = 65_536;
const INDEX_WORDS = 2 * PREFIXES_MAX;
const ENTRY_BYTES = 296;
const ENTRY_WORDS = ENTRY_BYTES / 4;
const ENTRY_LONGS = ENTRY_BYTES / 8;

const LOCK = 0;
const COUNT = 1;
const HEADER_WORDS = 16;

const HASH_WORD = 0;
const LENGTH_WORD = 1;
const Count = { GET: 1, HIT: 2, SET: 3, DELETE: 4 } as const;
const PREFIX_BYTE = 40;

export interface PrefixesShared {
  readonly index: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
}

export function sharePrefixes(): PrefixesShared {
  return {
    index: new SharedArrayBuffer((HEADER_WORDS + INDEX_WORDS) * Int32Array.BYTES_PER_ELEMENT),
    entries: new SharedArrayBuffer(PREFIXES_MAX * ENTRY_BYTES),
  };
}

export class PrefixTable {
  readonly #index: Int32Array;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #bytes: Uint8Array;
  readonly #delimiter: number;

  /** @param delimiter the byte that ends a prefix. */
  constructor(shared: PrefixesShared, delimiter: number) {
    this.#index = new Int32Array(shared.index);
    this.#words = new Int32Array(shared.entries);
    this.#longs = new BigInt64Array(shared.entries);
    this.#bytes = new Uint8Array(shared.entries);
    this.#delimiter = delimiter;
  }

  recordGet(input: Uint8Array, start: number, end: number, isHit: boolean): void {
    const entry = this.#entryOf(input, start, end);
    if (entry < 0) return;
    this.#add(entry, Count.GET);
    if (isHit) this.#add(entry, Count.HIT);
  }

  recordSet(input: Uint8Array, start: number, end: number): void {
    const entry = this.#entryOf(input, start, end);
    if (entry >= 0) this.#add(entry, Count.SET);
  }

  recordDelete(input: Uint8Array, start: number, end: number): void {
    const entry = this.#entryOf(input, start, end);
    if (entry >= 0) this.#add(entry, Count.DELETE);
  }

  clear(): void {
    lockWord(this.#index, LOCK);
    this.#index.fill(0, HEADER_WORDS);
    Atomics.store(this.#index, COUNT, 0);
    unlockWord(this.#index, LOCK);
  }

  /** Appends a PREFIX line for each prefix; the caller ends the reply. */
  dump(writer: ByteWriter): void {
    const count = Atomics.load(this.#index, COUNT);
    for (let entry = 0; entry < count; entry++) this.#dumpEntry(writer, entry);
  }

  #dumpEntry(writer: ByteWriter, entry: number): void {
    const length = this.#words[entry * ENTRY_WORDS + LENGTH_WORD];
    const start = entry * ENTRY_BYTES + PREFIX_BYTE;
    const gets = `get ${this.#read(entry, Count.GET)} hit ${this.#read(entry, Count.HIT)}`;
    const changes = `set ${this.#read(entry, Count.SET)} del ${this.#read(entry, Count.DELETE)}`;
    writer.text('PREFIX ');
    writer.ensure(length);
    writer.copy(this.#bytes, start, start + length);
    writer.text(` ${gets} ${changes}\r\n`);
  }

  #read(entry: number, count: number): bigint {
    return Atomics.load(this.#longs, entry * ENTRY_LONGS + count);
  }

  #add(entry: number, count: number): void {
    Atomics.add(this.#longs, entry * ENTRY_LONGS + count, 1n);
  }

  /** The entry of a key's prefix, made if it is new; −1 for a key without delimiter and when the table is full. */
  #entryOf(input: Uint8Array, start: number, end: number): number {
    let prefixEnd = start;
    // FNV-1a: prefixes are short, and the table is off the usual path.
    let hash = 0x811c9dc5 | 0;
    while (prefixEnd < end && input[prefixEnd] !== this.#delimiter) {
      hash = Math.imul(hash ^ input[prefixEnd++], 0x01000193);
    }
    if (prefixEnd === end) return -1;
    const found = this.#find(input, start, prefixEnd, hash);
    return found >= 0 ? found : this.#insert(input, start, prefixEnd, hash);
  }

  #find(input: Uint8Array, start: number, end: number, hash: number): number {
    for (let probe = hash; ; probe++) {
      const entry = Atomics.load(this.#index, HEADER_WORDS + (probe & (INDEX_WORDS - 1))) - 1;
      if (entry < 0) return -1;
      if (this.#isAt(entry, input, start, end, hash)) return entry;
    }
  }

  #isAt(entry: number, input: Uint8Array, start: number, end: number, hash: number): boolean {
    const word = entry * ENTRY_WORDS;
    if (this.#words[word + HASH_WORD] !== hash || this.#words[word + LENGTH_WORD] !== end - start) return false;
    const at = entry * ENTRY_BYTES + PREFIX_BYTE - start;
    for (let i = start; i < end; i++) if (this.#bytes[at + i] !== input[i]) return false;
    return true;
  }

  #insert(input: Uint8Array, start: number, end: number, hash: number): number {
    lockWord(this.#index, LOCK);
    let entry = this.#find(input, start, end, hash);
    const count = this.#index[COUNT];
    if (entry < 0 && count < PREFIXES_MAX) {
      entry = count;
      this.#writeLocked(entry, input.subarray(start, end), hash);
      Atomics.store(this.#index, COUNT, count + 1);
      Atomics.store(this.#index, this.#freeIndexLocked(hash), entry + 1);
    }
    unlockWord(this.#index, LOCK);
    return entry;
  }

  #writeLocked(entry: number, prefix: Uint8Array, hash: number): void {
    this.#words[entry * ENTRY_WORDS + HASH_WORD] = hash;
    this.#words[entry * ENTRY_WORDS + LENGTH_WORD] = prefix.length;
    this.#longs.fill(0n, entry * ENTRY_LONGS + Count.GET, entry * ENTRY_LONGS + Count.DELETE + 1);
    this.#bytes.set(prefix, entry * ENTRY_BYTES + PREFIX_BYTE);
  }

  #freeIndexLocked(hash: number): number {
    let probe = hash;
    while (this.#index[HEADER_WORDS + (probe & (INDEX_WORDS - 1))] !== 0) probe++;
    return HEADER_WORDS + (probe & (INDEX_WORDS - 1));
  }
}
