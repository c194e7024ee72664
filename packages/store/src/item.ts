/**
 * Reading and writing the fields and bytes of one item, given its reference.
 *
 * Called by everything in this package; takes no lock: who calls holds the stripe, or owns the item
 * because nobody else can see it yet, or validates afterwards (optimistic reads). Copies go word by
 * word up to WORDWISE_BYTES, which is faster than `set` on a subarray and allocates nothing.
 */
import type { ArenaViews } from './arena.js';
import {
  ACCESS_TIME,
  ACCOUNTED_CAS_BYTES,
  ACCOUNTED_ENDS_BYTES,
  ACCOUNTED_HEADER_BYTES,
  alignWord,
  CAS_HIGH,
  CAS_LOW,
  CLASS_MASK,
  EXPTIME,
  FLUSH_GENERATION_MASK,
  FLUSH_GENERATION_SHIFT,
  HASH,
  HEADER_BYTES,
  HEADER_WORDS,
  ItemMark,
  KEY_BYTES_MASK,
  KEY_BYTES_SHIFT,
  KIND_MASK,
  QUEUE_MASK,
  REF_OFFSET_BITS,
  REF_OFFSET_MASK,
  TAG,
  VALUE_BYTES,
} from './layout.js';

/** Up to this many bytes a loop over words beats `set`. */
export const WORDWISE_BYTES = 512;

export class Items {
  readonly #words: Int32Array[];
  readonly #bytes: Uint8Array[];
  readonly #accountedHeaderBytes: number;

  constructor(views: ArenaViews, casEnabled: boolean) {
    this.#words = views.words;
    this.#bytes = views.bytes;
    this.#accountedHeaderBytes = ACCOUNTED_HEADER_BYTES + ACCOUNTED_ENDS_BYTES + (casEnabled ? ACCOUNTED_CAS_BYTES : 0);
  }

  /** The words of the segment that holds `ref`; index them with `wordAt(ref) + FIELD`. */
  wordsOf(ref: number): Int32Array {
    return this.#words[ref >>> REF_OFFSET_BITS];
  }

  bytesOf(ref: number): Uint8Array {
    return this.#bytes[ref >>> REF_OFFSET_BITS];
  }

  wordAt(ref: number): number {
    return (ref & REF_OFFSET_MASK) << 1;
  }

  get(ref: number, field: number): number {
    return this.#words[ref >>> REF_OFFSET_BITS][((ref & REF_OFFSET_MASK) << 1) + field];
  }

  set(ref: number, field: number, value: number): void {
    this.#words[ref >>> REF_OFFSET_BITS][((ref & REF_OFFSET_MASK) << 1) + field] = value;
  }

  hash(ref: number): number {
    return this.get(ref, HASH);
  }

  kind(ref: number): number {
    return this.get(ref, TAG) & KIND_MASK;
  }

  setKind(ref: number, kind: number): void {
    this.set(ref, TAG, (this.get(ref, TAG) & ~KIND_MASK) | kind);
  }

  sizeClass(ref: number): number {
    return this.get(ref, TAG) & CLASS_MASK;
  }

  /** Index of the LRU queue: `lru << 7 | class`. */
  queue(ref: number): number {
    return this.get(ref, TAG) & QUEUE_MASK;
  }

  setQueue(ref: number, queue: number): void {
    this.set(ref, TAG, (this.get(ref, TAG) & ~QUEUE_MASK) | queue);
  }

  hasMark(ref: number, mark: ItemMark): boolean {
    return (this.get(ref, TAG) & mark) !== 0;
  }

  setMark(ref: number, mark: number): void {
    this.set(ref, TAG, this.get(ref, TAG) | mark);
  }

  clearMark(ref: number, mark: number): void {
    this.set(ref, TAG, this.get(ref, TAG) & ~mark);
  }

  keyBytes(ref: number): number {
    return (this.get(ref, TAG) >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK;
  }

  valueBytes(ref: number): number {
    return this.get(ref, VALUE_BYTES);
  }

  /** Client flags, a uint32. */
  clientFlags(ref: number): number {
    const tag = this.get(ref, TAG);
    if ((tag & ItemMark.CLIENT_FLAGS) === 0) return 0;
    return this.get(ref, HEADER_WORDS + keyWords(tag)) >>> 0;
  }

  /** Marks the item as touched now, during the given flush generation. */
  stamp(ref: number, now: number, flushGeneration: number): void {
    const words = this.wordsOf(ref);
    const at = this.wordAt(ref);
    words[at + ACCESS_TIME] = now;
    const keep = words[at + TAG] & ~(FLUSH_GENERATION_MASK << FLUSH_GENERATION_SHIFT);
    words[at + TAG] = keep | (flushGeneration << FLUSH_GENERATION_SHIFT);
  }

  /** Word index, inside the segment, of what follows key and flags: the value, or the chunked item's words. */
  dataWord(ref: number): number {
    const tag = this.get(ref, TAG);
    const flags = (tag & ItemMark.CLIENT_FLAGS) !== 0 ? 1 : 0;
    return this.wordAt(ref) + HEADER_WORDS + keyWords(tag) + flags;
  }

  /** What memcached counts for this item: header, key, NUL, flags, value, CRLF. */
  accountedBytes(ref: number): number {
    const tag = this.get(ref, TAG);
    const flags = (tag & ItemMark.CLIENT_FLAGS) !== 0 ? 4 : 0;
    const key = (tag >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK;
    return this.#accountedHeaderBytes + key + flags + this.get(ref, VALUE_BYTES);
  }

  /** The same for an item that does not exist yet. */
  accountedBytesFor(keyBytes: number, clientFlags: number, valueBytes: number): number {
    return this.#accountedHeaderBytes + keyBytes + (clientFlags === 0 ? 0 : 4) + valueBytes;
  }

  /** Writes a fresh header, key and flags. `tag` carries class, LRU, kind and marks. */
  create(ref: number, tag: number, exptime: number, clientFlags: number, valueBytes: number, hash: number): void {
    const words = this.wordsOf(ref);
    const at = this.wordAt(ref);
    words[at + TAG] = tag;
    words[at + VALUE_BYTES] = valueBytes;
    words[at + EXPTIME] = exptime;
    words[at + HASH] = hash;
    words[at + CAS_LOW] = 0;
    words[at + CAS_HIGH] = 0;
    if (clientFlags !== 0) words[at + HEADER_WORDS + keyWords(tag)] = clientFlags;
  }

  /** Stores the key, zero-padded to a word. */
  writeKey(ref: number, input: Uint8Array, view: DataView, start: number, end: number): void {
    copyWordsIn(this.wordsOf(ref), this.wordAt(ref) + HEADER_WORDS, input, view, start, end - start);
  }

  /** Copies the key to `out` at `at`; returns its length. */
  copyKey(ref: number, out: Uint8Array, outView: DataView, at: number): number {
    const words = this.wordsOf(ref);
    const end = at + this.keyBytes(ref);
    let from = this.wordAt(ref) + HEADER_WORDS;
    let to = at;
    for (; to <= end - 4; to += 4) outView.setInt32(to, words[from++], true);
    for (let rest = words[from]; to < end; rest >>>= 8) out[to++] = rest;
    return end - at;
  }

  /** Writes bytes of the value of an item that is not chunked. */
  writePlainValue(ref: number, offset: number, input: Uint8Array, view: DataView, start: number, count: number): void {
    const word = this.dataWord(ref);
    if ((offset & 3) === 0 && count <= WORDWISE_BYTES) {
      copyWordsIn(this.wordsOf(ref), word + (offset >> 2), input, view, start, count);
    } else if (count <= WORDWISE_BYTES) {
      const bytes = this.bytesOf(ref);
      const to = 4 * word + offset;
      for (let at = 0; at < count; at++) bytes[to + at] = input[start + at];
    } else {
      this.bytesOf(ref).set(input.subarray(start, start + count), 4 * word + offset);
    }
  }
}

export function itemTag(queue: number, keyBytes: number, kind: number, marks: number): number {
  return queue | (keyBytes << KEY_BYTES_SHIFT) | kind | marks;
}

export function keyWords(tag: number): number {
  return (((tag >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK) + 3) >> 2;
}

/** Whether the key of the item at words[at] is input[start..end). */
export function isKeyAt(
  words: Int32Array,
  at: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): boolean {
  if (((words[at + TAG] >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK) !== end - start) return false;
  let word = at + HEADER_WORDS;
  let from = start;
  for (const last = end - 4; from <= last; from += 4, word++) {
    if (words[word] !== view.getInt32(from, true)) return false;
  }
  return from === end || words[word] === partialWord(input, from, end);
}

/** Bytes an item needs before its data. */
export function bytesBeforeData(keyBytes: number, clientFlags: number): number {
  return HEADER_BYTES + alignWord(keyBytes) + (clientFlags === 0 ? 0 : 4);
}

/** One to three bytes as a word, little endian, zeros above. */
export function partialWord(input: Uint8Array, from: number, end: number): number {
  let word = input[from];
  if (from + 1 < end) word |= input[from + 1] << 8;
  if (from + 2 < end) word |= input[from + 2] << 16;
  return word;
}

/**
 * Four words at a time where it can: V8 does not unroll loops, and checks at every turn whether it was interrupted. All four are loaded before
 * the first is stored, because a store may make V8 look at everything anew.
 */
function copyWordsIn(
  words: Int32Array,
  word: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  count: number,
): void {
  const end = start + count;
  let from = start;
  let to = word;
  for (; from <= end - 16; from += 16, to += 4) {
    const first = view.getInt32(from, true);
    const second = view.getInt32(from + 4, true);
    const third = view.getInt32(from + 8, true);
    const fourth = view.getInt32(from + 12, true);
    words[to] = first;
    words[to + 1] = second;
    words[to + 2] = third;
    words[to + 3] = fourth;
  }
  for (; from <= end - 4; from += 4) words[to++] = view.getInt32(from, true);
  if (from < end) words[to] = partialWord(input, from, end);
}
