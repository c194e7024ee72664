/**
 * Reading an item without a lock, or with its stripe where it has to be: what every get of every dialect goes through.
 *
 *   begin ──▶ 0: there is none         ──▶ found, copyValue ──▶ end ──▶ true: all that was copied is whole
 *         ──▶ the item, by its version or with its stripe held               false: a writer was there, begin again
 *
 * This is the shortest path of the package, and written for it: functions bound to a thread's arrays (bound.ts says why), one look at each
 * word of the header, everything in local variables. docs/performance.md tells what that brings.
 */
import { type BoundParts, onlySegmentOf, type ThreadMemory, wordBehindKey } from './bound.js';
import { Control, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { CLASS_COUNTERS, ClassCounter, STORE_COUNTERS } from './counters.js';
import { hashOf } from './hash.js';
import { bucketOf } from './hash-table.js';
import {
  ACCESS_TIME,
  CAS_HIGH,
  CAS_LOW,
  CLASS_MASK,
  ItemMark,
  LRU_SHIFT,
  QUEUE_MASK,
  REF_OFFSET_BITS,
  REF_OFFSET_MASK,
  TAG,
  VALUE_BYTES,
} from './layout.js';

/** In a flat LRU an item moves to the head at most once in this time, as in memcached. */
export const FLAT_BUMP_SECONDS = 60;
/** Reads that `anticipate` takes at once: about as many cache misses as a core has under way at a time. */
export const ANTICIPATED_MAX = 8;
/** A cache line of 64 bytes. */
const LINE_WORDS = 16;
const FETCHED_AND_ACTIVE = ItemMark.FETCHED | ItemMark.ACTIVE;

/** How the read under way is protected. */
const Protection = {
  /** By its version, to be checked. */
  VERSION: 0,
  /** By the stripe, to be freed. */
  STRIPE: 1,
  /** Nothing was read, or all is done. */
  NONE: 2,
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
  /** `Protection` of the read, with the hash of the stripe and the version that it began with. */
  protection: number = Protection.NONE;
  hash = 0;
  version = 0;

  /** The read holds the stripe, as it always does for a chunked item. */
  get isLocked(): boolean {
    return this.protection === Protection.STRIPE;
  }

  get casLow(): number {
    return this.words[this.at + CAS_LOW];
  }

  get casHigh(): number {
    return this.words[this.at + CAS_HIGH];
  }

  look(ref: number, words: Int32Array, at: number, tag: number, valueBytes: number): void {
    const keyEnd = wordBehindKey(at, tag);
    const hasFlags = (tag & ItemMark.CLIENT_FLAGS) !== 0;
    this.ref = ref;
    this.words = words;
    this.at = at;
    this.tag = tag;
    this.clientFlags = hasFlags ? words[keyEnd] >>> 0 : 0;
    this.valueAt = hasFlags ? keyEnd + 1 : keyEnd;
    this.valueBytes = valueBytes;
  }
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
   * overlap, instead of each waiting for its own. Decides nothing; what is read may be stale or torn by the time it is needed. Answers
   * something that means nothing, to be kept: V8 would optimize the loads away.
   */
  anticipate(hashes: Int32Array, count: number): number;
  /** The live item with the key input[start..end), or 0 and `missReason`. With `bump` 1 it counts as fetched for the LRU. */
  begin(start: number, end: number, hash: number, bump: number): number;
  /** Makes an item whose stripe the caller holds the one that is found. There is nothing to end then. */
  lookLocked(ref: number): void;
  /** True if all that was copied since `begin` is whole; frees the stripe if the read had to take it. */
  end(): boolean;
  /** Copies the value of what was found, which is not chunked, to output[at..); answers the offset behind it. */
  copyValue(at: number): number;
  /** Counts a get that found the item, by the queue that held it. */
  countHit(): void;
}

type IsCurrent = (hash: number, version: number) => boolean;

export function makeReads(core: StoreCore, parts: BoundParts, locked: LockedReads): Reads {
  const { counters, views } = core;
  const { words: segments } = views;
  const { copies, memory } = parts;
  const found = new FoundItem();
  const isCurrent = makeIsCurrent(core);

  function lookLocked(ref: number): void {
    const words = segments[ref >>> REF_OFFSET_BITS];
    const at = (ref & REF_OFFSET_MASK) << 1;
    found.look(ref, words, at, words[at + TAG], words[at + VALUE_BYTES]);
  }

  function copyValue(at: number): number {
    return copies.copyOut(found.ref, found.valueAt, found.valueBytes, at);
  }

  function countHit(): void {
    const { tag } = found;
    const lru = (tag & QUEUE_MASK) >> LRU_SHIFT;
    counters[STORE_COUNTERS + (tag & CLASS_MASK) * CLASS_COUNTERS + ClassCounter.HITS_HOT + lru]++;
  }

  return {
    found,
    hashKey: makeHashKey(core, memory),
    anticipate: makeAnticipate(core),
    begin: makeBegin(core, parts, { found, isCurrent, locked, lookLocked }),
    lookLocked,
    end: makeEnd(core, found, isCurrent),
    copyValue,
    countHit,
  };
}

/** Whether nobody has locked the stripe since it was at a version. */
function makeIsCurrent({ stripes }: StoreCore): IsCurrent {
  const { words: versions, mask, isWeaklyOrdered } = stripes;
  return (hash, version) => (isWeaklyOrdered ? stripes.isCurrent(hash, version) : versions[hash & mask] === version);
}

function makeHashKey({ options }: StoreCore, { input, inputView }: ThreadMemory): Reads['hashKey'] {
  const hash = hashOf(options);
  const seed = options.hashSeed;
  return (start, end) => hash(input, inputView, start, end, seed);
}

function makeAnticipate({ views }: StoreCore): Reads['anticipate'] {
  const { control, table, words: segments } = views;
  const onlyWords = onlySegmentOf(views);
  const refs = new Int32Array(ANTICIPATED_MAX);
  return (hashes, count) => {
    const buckets = control[Control.BUCKETS];
    for (let i = 0; i < count; i++) refs[i] = table[bucketOf(hashes[i], buckets)];
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const words = onlyWords ?? segments[refs[i] >>> REF_OFFSET_BITS];
      const at = (refs[i] & REF_OFFSET_MASK) << 1;
      const last = at + 2 * LINE_WORDS;
      // Three cache lines, but for an item at the very end of its segment.
      if (last < words.length) seen ^= words[at] ^ words[at + LINE_WORDS] ^ words[last];
    }
    return seen;
  };
}

interface BeginParts {
  readonly found: FoundItem;
  readonly isCurrent: IsCurrent;
  readonly locked: LockedReads;
  readonly lookLocked: Reads['lookLocked'];
}

function makeBegin(core: StoreCore, { find, isAlive }: BoundParts, parts: BeginParts): Reads['begin'] {
  const { found, isCurrent, locked, lookLocked } = parts;
  const { stripes, views, options } = core;
  const { control, tuning, words: segments } = views;
  const { words: versions, mask, isWeaklyOrdered } = stripes;
  const onlyWords = onlySegmentOf(views);
  const plainBytesMax = options.slabChunkMaxBytes;

  function begin(start: number, end: number, hash: number, bump: number): number {
    for (;;) {
      const version = isWeaklyOrdered ? Atomics.load(versions, hash & mask) : versions[hash & mask];
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
      const words = onlyWords ?? segments[ref >>> REF_OFFSET_BITS];
      const at = (ref & REF_OFFSET_MASK) << 1;
      const tag = words[at + TAG];
      const valueBytes = words[at + VALUE_BYTES];
      if ((tag & ItemMark.CHUNKED) === 0 && isAlive(words, at, tag) && (bump === 0 || isMarked(words, at, tag))) {
        // A chunk that was freed under the reader may show any number here. Only a possible one may be copied, in vain.
        if (valueBytes < 0 || valueBytes > plainBytesMax) continue;
        found.look(ref, words, at, tag, valueBytes);
        found.protection = Protection.VERSION;
        found.hash = hash;
        found.version = version;
        return ref;
      }
      if (stripes.upgrade(hash, version)) return beginLocked(ref, hash, bump);
    }
  }

  /** A fetch has nothing to mark: the item can be read without the stripe. */
  function isMarked(words: Int32Array, at: number, tag: number): boolean {
    if (tuning[Tuning.SEGMENTED] !== 0) return (tag & FETCHED_AND_ACTIVE) === FETCHED_AND_ACTIVE;
    return (tag & ItemMark.FETCHED) !== 0 && words[at + ACCESS_TIME] >= control[Control.NOW] - FLAT_BUMP_SECONDS;
  }

  /** The stripe is ours at the version that found it, so it is what was found. */
  function beginLocked(candidate: number, hash: number, bump: number): number {
    const ref = locked.finishLocked(candidate, hash, bump);
    if (ref === 0) return 0;
    lookLocked(ref);
    found.protection = Protection.STRIPE;
    found.hash = hash;
    return ref;
  }

  return begin;
}

function makeEnd({ stripes, chunked }: StoreCore, found: FoundItem, isCurrent: IsCurrent): Reads['end'] {
  return () => {
    const { protection, hash, version, tag } = found;
    found.protection = Protection.NONE;
    if (protection === Protection.VERSION) return isCurrent(hash, version);
    if (protection === Protection.NONE) return true;
    // Nobody holds the item from now on: it may change behind the place where reading it stood.
    if ((tag & ItemMark.CHUNKED) !== 0) chunked.forgetCursor();
    stripes.unlock(hash);
    return true;
  };
}
