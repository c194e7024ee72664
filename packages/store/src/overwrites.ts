/**
 * Storing over a live item where it lies: what most sets of a cache come to.
 *
 * It can be when the new value has exactly the shape of the old one (length, flags or none, kind of queue): then nothing is allocated,
 * linked or freed, only written under the key's stripe, and readers notice by its version. What a new item would gain by going to the
 * head of hot, this one gets by being active: it is not cold for another round. Written like reads.ts, for the same reason.
 */
import type { ArenaViews } from './arena.js';
import { type BoundParts, onlySegmentOf, wordBehindKey } from './bound.js';
import { takeCasUnique } from './cas.js';
import { Control, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { CLASS_COUNTERS, ClassCounter, STORE_COUNTERS, StoreCounter } from './counters.js';
import { isTemporary } from './item-life.js';
import {
  ACCESS_TIME,
  CAS_HIGH,
  CAS_LOW,
  CLASS_MASK,
  EXPTIME,
  FLUSH_GENERATION_MASK,
  FLUSH_GENERATION_SHIFT,
  ItemMark,
  LRU_SHIFT,
  Lru,
  QUEUE_MASK,
  REF_OFFSET_BITS,
  REF_OFFSET_MASK,
  TAG,
  VALUE_BYTES,
} from './layout.js';

/** What an item has gathered since it was stored. */
const MARKS_OF_A_LIFE = ItemMark.FETCHED | ItemMark.STALE | ItemMark.WIN_SENT | ItemMark.KEY_BINARY;
const KEPT_OF_TAG = ~(MARKS_OF_A_LIFE | (FLUSH_GENERATION_MASK << FLUSH_GENERATION_SHIFT));

export interface Overwrites {
  /** The CAS unique of the item that was stored last; 0 where items have none. */
  casOutLow: number;
  casOutHigh: number;
  /**
   * Stores input[from..from + count) under the key input[start..end), and counts the set. False: that cannot be here, and nothing
   * has happened.
   */
  store(
    start: number,
    end: number,
    hash: number,
    clientFlags: number,
    exptime: number,
    from: number,
    count: number,
  ): boolean;
}

export function makeOverwrites(core: StoreCore, { find, isAlive, copies }: BoundParts): Overwrites {
  const { control, tuning, words: segments } = core.views;
  const { stripes, counters } = core;
  const { words: versions, mask, isWeaklyOrdered } = stripes;
  const { evictions, casEnabled } = core.options;
  const onlyWords = onlySegmentOf(core.views);
  const isOfShape = makeIsOfShape(core.views);
  const overwrites: Overwrites = { casOutLow: 0, casOutHigh: 0, store };

  function store(
    start: number,
    end: number,
    hash: number,
    clientFlags: number,
    exptime: number,
    from: number,
    count: number,
  ): boolean {
    // A flat LRU moves what is stored to its head; with -M a full memcached refuses a set of whatever key.
    if (!evictions || tuning[Tuning.SEGMENTED] === 0) return false;
    const stripe = hash & mask;
    const version = versions[stripe];
    const isFree = (version & 1) === 0;
    if (!isFree || Atomics.compareExchange(versions, stripe, version, version + 1) !== version) stripes.lock(hash);
    const locked = versions[stripe];
    const ref = find(start, end, hash, locked);
    const isStored = ref !== 0 && storeLocked(ref, clientFlags, exptime, from, count);
    if (isWeaklyOrdered) Atomics.store(versions, stripe, (locked + 1) | 0);
    else versions[stripe] = (locked + 1) | 0;
    return isStored;
  }

  function storeLocked(ref: number, clientFlags: number, exptime: number, from: number, count: number): boolean {
    const words = onlyWords ?? segments[ref >>> REF_OFFSET_BITS];
    const at = (ref & REF_OFFSET_MASK) << 1;
    const tag = words[at + TAG];
    if (words[at + VALUE_BYTES] !== count || !isOfShape(tag, clientFlags, exptime)) return false;
    if (!isAlive(words, at, tag)) return false;
    const generation = control[Control.FLUSH_GENERATION] << FLUSH_GENERATION_SHIFT;
    words[at + TAG] = (tag & KEPT_OF_TAG) | ItemMark.ACTIVE | generation;
    words[at + EXPTIME] = exptime;
    words[at + ACCESS_TIME] = control[Control.NOW];
    let to = wordBehindKey(at, tag);
    if (clientFlags !== 0) words[to++] = clientFlags;
    copies.copyIn(ref, to, from, count);
    if (casEnabled) {
      takeCasUnique(control, overwrites);
      words[at + CAS_LOW] = overwrites.casOutLow;
      words[at + CAS_HIGH] = overwrites.casOutHigh;
    }
    counters[StoreCounter.TOTAL_ITEMS]++;
    counters[STORE_COUNTERS + (tag & CLASS_MASK) * CLASS_COUNTERS + ClassCounter.CMD_SET]++;
    return true;
  }

  return overwrites;
}

type IsOfShape = (tag: number, clientFlags: number, exptime: number) => boolean;

/** In one chunk, with flags if these are any, and in a queue of the kind that this expiry asks for. */
function makeIsOfShape({ control, tuning }: ArenaViews): IsOfShape {
  return (tag, clientFlags, exptime) => {
    const shape = tag & (ItemMark.CHUNKED | ItemMark.CLIENT_FLAGS);
    if (shape !== (clientFlags === 0 ? 0 : ItemMark.CLIENT_FLAGS)) return false;
    return ((tag & QUEUE_MASK) >> LRU_SHIFT === Lru.TEMP) === isTemporary(tuning, control, exptime);
  };
}
