/**
 * Reading an item without a lock, or with its stripe where it has to be: what every get of every dialect goes through.
 *
 *   begin ──▶ 0: there is none         ──▶ found, copyValue ──▶ end ──▶ true: all that was copied is whole
 *         ──▶ the item, by its version or with its stripe held               false: a writer was there, begin again
 *
 * This is the shortest path of the package, and written for it: functions made once a thread over arrays that stay, which V8 then takes
 * for constants; one look at each word of the header, everything in local variables. docs/performance.md tells what that brings.
 */
import { Control, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { CLASS_COUNTERS, ClassCounter, STORE_COUNTERS } from './counters.js';
import type { Find, ThreadMemory } from './find.js';
import { jenkins, murmur3 } from './hash.js';
import { bucketOf } from './hash-table.js';
import { keyWords, WORDWISE_BYTES } from './item.js';
import {
  ACCESS_TIME,
  CAS_HIGH,
  CAS_LOW,
  CLASS_MASK,
  EXPTIME,
  FLUSH_GENERATION_SHIFT,
  HEADER_WORDS,
  ItemMark,
  LRU_SHIFT,
  QUEUE_MASK,
  REF_OFFSET_BITS,
  REF_OFFSET_MASK,
  TAG,
  VALUE_BYTES,
} from './layout.js';
import { HashAlgorithm } from './options.js';

/** In a flat LRU an item moves to the head at most once in this time, as in memcached. */
export const FLAT_BUMP_SECONDS = 60;
/** Reads that `anticipate` takes at once: about as many cache misses as a core has under way at a time. */
export const ANTICIPATED_MAX = 8;
/** A cache line of 64 bytes. */
const LINE_WORDS = 16;
const FETCHED_AND_ACTIVE = ItemMark.FETCHED | ItemMark.ACTIVE;

/** How the read under way is protected. */
const ReadState = {
  /** By its version, to be checked. */
  OPTIMISTIC: 0,
  /** By the stripe, to be freed. */
  LOCKED: 1,
  /** Nothing was read, or all is done. */
  SETTLED: 2,
} as const;

/**
 * The item that `begin` found. Its words may be changed by a writer at any moment of an optimistic read; what is kept here is one
 * consistent look, whose lengths are always possible ones.
 */
export class FoundItem {
  ref = 0;
  /** Its segment, and where it begins there. */
  words: Int32Array = new Int32Array(0);
  at = 0;
  tag = 0;
  /** A uint32. */
  clientFlags = 0;
  /** Where the value begins, an index of `words`, if it is not chunked. */
  valueAt = 0;
  valueBytes = 0;
  /** The stripe is held, as it always is for a chunked item. */
  isLocked = false;
  /** What `anticipate` saw. Means nothing: it is kept so that V8 does not optimize the loads away. */
  anticipated = 0;
}

/** The part of a read that takes the stripe; the store's. */
export interface LockedReads {
  /** No item has the key. */
  noteAbsent(): void;
  /** The stripe is held: `ref`, counted as fetched if `bump` is 1, or 0 if it was dead; then the stripe is free again. */
  finishLocked(ref: number, hash: number, bump: number): number;
}

export interface Reads {
  readonly found: FoundItem;
  /** Hash of the key input[start..end). */
  hashKey(start: number, end: number): number;
  /**
   * Reads of `hashes[0..count)`, at most ANTICIPATED_MAX, are about to come: reads ahead what they will read, so that the cache misses of all
   * overlap, instead of each waiting for its own. Decides nothing; what is read may be stale or torn by the time it is needed.
   */
  anticipate(hashes: Int32Array, count: number): void;
  /** The live item with the key input[start..end), or 0 and `missReason`. With `bump` 1 it counts as fetched for the LRU. */
  begin(start: number, end: number, hash: number, bump: number): number;
  /** Makes an item whose stripe the caller holds the one that is found. There is nothing to end then. */
  lookLocked(ref: number): void;
  /** True if all that was copied since `begin` is whole; frees the stripe if the read had to take it. */
  end(): boolean;
  casLow(): number;
  casHigh(): number;
  /** Copies the value of what was found, which is not chunked, to output[at..); answers the offset behind it. */
  copyValue(at: number): number;
  /** Counts a get that found the item, by the queue that held it. */
  countHit(): void;
}

export interface ReadParts {
  readonly locked: LockedReads;
  readonly find: Find;
  readonly memory: ThreadMemory;
}

export function makeReads(core: StoreCore, { locked, find, memory }: ReadParts): Reads {
  const { input, inputView, output, outputView } = memory;
  const { control, tuning, table, words: segments, bytes } = core.views;
  const { stripes, counters } = core;
  const { words: versions, mask: stripeMask, isWeaklyOrdered } = stripes;
  const plainBytesMax = core.options.slabChunkMaxBytes;
  const found = new FoundItem();
  /** The only segment, if there is one: then V8 knows where every item lies. */
  const [firstWords] = segments;
  const isOneSegment = segments.every((words) => words === firstWords);
  const hash = core.options.hashAlgorithm === HashAlgorithm.JENKINS ? jenkins : murmur3;
  const seed = core.options.hashSeed;
  const anticipated = new Int32Array(ANTICIPATED_MAX);
  let readHash = 0;
  let readVersion = 0;
  let state: number = ReadState.SETTLED;

  function hashKey(start: number, end: number): number {
    return hash(input, inputView, start, end, seed);
  }

  function anticipate(hashes: Int32Array, count: number): void {
    const buckets = control[Control.BUCKETS];
    for (let i = 0; i < count; i++) anticipated[i] = table[bucketOf(hashes[i], buckets)];
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const words = isOneSegment ? firstWords : segments[anticipated[i] >>> REF_OFFSET_BITS];
      const at = (anticipated[i] & REF_OFFSET_MASK) << 1;
      const last = at + 2 * LINE_WORDS;
      // Three cache lines, but for an item at the very end of its segment.
      if (last < words.length) seen ^= words[at] ^ words[at + LINE_WORDS] ^ words[last];
    }
    found.anticipated = seen;
  }

  function begin(start: number, end: number, hash: number, bump: number): number {
    for (;;) {
      const version = isWeaklyOrdered ? Atomics.load(versions, hash & stripeMask) : versions[hash & stripeMask];
      if ((version & 1) !== 0) {
        stripes.awaitFree(hash);
        continue;
      }
      const ref = find(start, end, hash, version);
      if (ref === 0) {
        if (!isCurrent(hash, version)) continue;
        locked.noteAbsent();
        return 0;
      }
      const words = isOneSegment ? firstWords : segments[ref >>> REF_OFFSET_BITS];
      const at = (ref & REF_OFFSET_MASK) << 1;
      const tag = words[at + TAG];
      const valueBytes = words[at + VALUE_BYTES];
      if (!isPlain(words, at, tag, bump)) {
        if (stripes.upgrade(hash, version)) return beginLocked(ref, hash, bump);
        continue;
      }
      // A chunk that was freed under the reader may show any number here. Only a possible one may be copied, in vain.
      if (valueBytes < 0 || valueBytes > plainBytesMax) continue;
      show(ref, words, at, tag, valueBytes);
      found.isLocked = false;
      readHash = hash;
      readVersion = version;
      state = ReadState.OPTIMISTIC;
      return ref;
    }
  }

  /** Nobody has locked the stripe since it was at `version`. */
  function isCurrent(hash: number, version: number): boolean {
    return isWeaklyOrdered ? stripes.isCurrent(hash, version) : versions[hash & stripeMask] === version;
  }

  /** Alive, in one chunk, and with no mark to set: to be read without the stripe. */
  function isPlain(words: Int32Array, at: number, tag: number, bump: number): boolean {
    const exptime = words[at + EXPTIME];
    const time = words[at + ACCESS_TIME];
    if ((tag & ItemMark.CHUNKED) !== 0 || (exptime !== 0 && exptime <= control[Control.NOW])) return false;
    const flushTime = control[Control.FLUSH_TIME];
    if (time < flushTime) return false;
    if (time === flushTime && tag >>> FLUSH_GENERATION_SHIFT !== core.flushGeneration()) return false;
    if (bump === 0) return true;
    if (tuning[Tuning.SEGMENTED] !== 0) return (tag & FETCHED_AND_ACTIVE) === FETCHED_AND_ACTIVE;
    return (tag & ItemMark.FETCHED) !== 0 && time >= control[Control.NOW] - FLAT_BUMP_SECONDS;
  }

  /** The stripe is ours at the version that found `ref`, so `ref` is what was found. */
  function beginLocked(candidate: number, hash: number, bump: number): number {
    const ref = locked.finishLocked(candidate, hash, bump);
    if (ref === 0) return 0;
    lookLocked(ref);
    found.isLocked = true;
    readHash = hash;
    state = ReadState.LOCKED;
    return ref;
  }

  function lookLocked(ref: number): void {
    const words = segments[ref >>> REF_OFFSET_BITS];
    const at = (ref & REF_OFFSET_MASK) << 1;
    show(ref, words, at, words[at + TAG], words[at + VALUE_BYTES]);
  }

  function show(ref: number, words: Int32Array, at: number, tag: number, valueBytes: number): void {
    const keyEnd = at + HEADER_WORDS + keyWords(tag);
    const hasFlags = (tag & ItemMark.CLIENT_FLAGS) !== 0;
    found.ref = ref;
    found.words = words;
    found.at = at;
    found.tag = tag;
    found.clientFlags = hasFlags ? words[keyEnd] >>> 0 : 0;
    found.valueAt = hasFlags ? keyEnd + 1 : keyEnd;
    found.valueBytes = valueBytes;
  }

  function end(): boolean {
    if (state === ReadState.OPTIMISTIC) {
      state = ReadState.SETTLED;
      return isCurrent(readHash, readVersion);
    }
    if (state === ReadState.LOCKED) {
      state = ReadState.SETTLED;
      found.isLocked = false;
      // Nobody holds the item from now on: it may change behind the place where reading it stood.
      if ((found.tag & ItemMark.CHUNKED) !== 0) core.chunked.forgetCursor();
      stripes.unlock(readHash);
    }
    return true;
  }

  function casLow(): number {
    return found.words[found.at + CAS_LOW];
  }

  function casHigh(): number {
    return found.words[found.at + CAS_HIGH];
  }

  /** Four words at a time, and all four loaded before the first is stored: see item.ts. */
  function copyValue(at: number): number {
    const { valueAt, valueBytes } = found;
    const words = isOneSegment ? firstWords : found.words;
    if (valueBytes > WORDWISE_BYTES) return copyLongValue(at);
    const end = at + valueBytes;
    let from = valueAt;
    let to = at;
    for (; to <= end - 16; to += 16, from += 4) {
      const first = words[from];
      const second = words[from + 1];
      const third = words[from + 2];
      const fourth = words[from + 3];
      outputView.setInt32(to, first, true);
      outputView.setInt32(to + 4, second, true);
      outputView.setInt32(to + 8, third, true);
      outputView.setInt32(to + 12, fourth, true);
    }
    for (; to <= end - 4; to += 4) outputView.setInt32(to, words[from++], true);
    for (let rest = words[from]; to < end; rest >>>= 8) output[to++] = rest;
    return end;
  }

  function copyLongValue(at: number): number {
    const { ref, valueAt, valueBytes } = found;
    output.set(bytes[ref >>> REF_OFFSET_BITS].subarray(4 * valueAt, 4 * valueAt + valueBytes), at);
    return at + valueBytes;
  }

  function countHit(): void {
    const { tag } = found;
    const lru = (tag & QUEUE_MASK) >> LRU_SHIFT;
    counters[STORE_COUNTERS + (tag & CLASS_MASK) * CLASS_COUNTERS + ClassCounter.HITS_HOT + lru]++;
  }

  return { found, hashKey, anticipate, begin, lookLocked, end, casLow, casHigh, copyValue, countHit };
}
