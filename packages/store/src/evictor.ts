/**
 * Room for a new chunk: a free one, a new page, or what the tails of the queues give up.
 *
 * Called by the store and chunked values to allocate, by the maintainer to move items between queues.
 * Takes class locks, and stripes only by `try`, so it may run under a stripe. The moves are memcached's
 * lru_pull_tail (doc/new_lru.txt): hot and warm tails flow to cold when their queue is too large or too
 * old, active ones to warm; cold tails are evicted when room is needed.
 */

import type { ArenaViews } from './arena.js';
import { QueueCounter, Tuning } from './control.js';
import type { HashTable } from './hash-table.js';
import type { Items } from './item.js';
import { ACCESS_TIME, CLASS_MASK, EXPTIME, HASH, ItemMark, LRU_PREV, LRU_SHIFT, Lru } from './layout.js';
import type { SpinLocks, StripeLocks } from './locks.js';
import type { LruQueues } from './lru.js';
import type { StoreOptions } from './options.js';
import type { Slabs } from './slabs.js';

/** The rest of the store, as far as the evictor needs it. */
export interface EvictorHost {
  readonly options: StoreOptions;
  readonly views: ArenaViews;
  readonly stripes: StripeLocks;
  readonly classLocks: SpinLocks;
  readonly items: Items;
  readonly table: HashTable;
  readonly slabs: Slabs;
  readonly queues: LruQueues;
  /** Items live in hot, warm and cold queues. */
  readonly isSegmented: boolean;
  now(): number;
  isDead(ref: number): boolean;
  /** Frees an item that is out of table and queue. */
  discardLocked(ref: number): void;
  /** Asks for a page for the class. */
  requestPageFor(id: number): void;
}

/** Tails looked at before a queue is left alone for now. */
const TAIL_TRIES = 5;
/** Rounds of pulling before a class is declared full. */
const PULL_ROUNDS = 10;

/** Whether a pull may evict, or move, what is alive. */
export const Eviction = {
  NONE: 0,
  /** The tail of cold, unless somebody fetched it again. */
  IDLE: 1,
  /** Whatever the tail is. */
  ANY: 2,
  /** Not even move: only a dead tail goes. */
  DEAD: 3,
} as const;
export type Eviction = (typeof Eviction)[keyof typeof Eviction];

const FORCE_ORDER = [Lru.COLD, Lru.HOT, Lru.WARM, Lru.TEMP] as const;

/** When a pull moves the tail of a hot or warm queue to cold. */
export interface PullLimits {
  /** Accounted bytes above which a hot or warm queue sends its tail to cold. */
  limitBytes: number;
  maxAgeSeconds: number;
}
/** Sends any tail to cold: somebody needs room now. */
const NO_LIMITS: PullLimits = { limitBytes: 0, maxAgeSeconds: 0 };

export class Evictor {
  readonly #core: EvictorHost;
  /** Called with the stripe held just before an evicted item is unlinked. */
  observer: ((ref: number) => void) | null = null;

  constructor(core: EvictorHost) {
    this.#core = core;
  }

  /** A chunk of the class, evicting what must go; 0 when nothing can. */
  takeChunk(id: number): number {
    const isFlat = !this.#core.isSegmented;
    for (let round = 0; round < PULL_ROUNDS; round++) {
      if (isFlat) this.pullTail(id, Lru.COLD, NO_LIMITS, Eviction.NONE);
      const ref = this.#tryTake(id);
      if (ref !== 0) {
        if (round > 0) this.#countReclaims(id, round);
        return ref;
      }
      if (!this.makeRoom(id)) break;
    }
    return this.#takeByForce(id);
  }

  #tryTake(id: number): number {
    const { classLocks, slabs } = this.#core;
    classLocks.lock(id);
    const ref = slabs.takeChunk(id);
    classLocks.unlock(id);
    return ref;
  }

  giveChunk(ref: number): void {
    const { classLocks, slabs } = this.#core;
    const id = slabs.pageClass(slabs.pageOf(ref));
    classLocks.lock(id);
    slabs.giveChunk(id, ref);
    classLocks.unlock(id);
  }

  #countReclaims(id: number, rounds: number): void {
    this.#core.classLocks.lock(id);
    this.#core.queues.add(id | (Lru.COLD << LRU_SHIFT), QueueCounter.DIRECT_RECLAIMS, rounds);
    this.#core.classLocks.unlock(id);
  }

  /** One step towards a free chunk in the class: an eviction, or a tail brought to where it can be evicted. */
  makeRoom(id: number): boolean {
    return (
      this.pullTail(id, Lru.COLD, NO_LIMITS, Eviction.IDLE) ||
      this.pullTail(id, Lru.HOT, NO_LIMITS, Eviction.NONE) ||
      this.pullTail(id, Lru.WARM, NO_LIMITS, Eviction.NONE) ||
      this.pullTail(id, Lru.TEMP, NO_LIMITS, Eviction.ANY)
    );
  }

  /** Everything in the class is active, or its chunks all hold pieces of chunked values, which the largest class's queues list. */
  #takeByForce(id: number): number {
    if (!this.#core.options.evictions) return 0;
    for (let round = 0; round < PULL_ROUNDS; round++) {
      if (!this.#evictAny(id) && !this.#evictAny(this.#core.slabs.sizes.largest)) return 0;
      const ref = this.#tryTake(id);
      if (ref !== 0) return ref;
    }
    return 0;
  }

  #evictAny(id: number): boolean {
    for (const lru of FORCE_ORDER) {
      if (this.pullTail(id, lru, NO_LIMITS, Eviction.ANY)) return true;
    }
    return false;
  }

  /** Looks at the tail of one queue and does what is due there; true if an item moved or went. */
  pullTail(id: number, lru: number, limits: PullLimits, eviction: Eviction): boolean {
    const { classLocks, queues, items, stripes } = this.#core;
    const queue = id | (lru << LRU_SHIFT);
    classLocks.lock(id);
    let ref = queues.tail(queue);
    for (let tries = 0; ref !== 0 && tries < TAIL_TRIES; tries++) {
      const hash = items.get(ref, HASH);
      if (stripes.tryLock(hash)) {
        const outcome = this.#handleTail(ref, queue, limits, eviction);
        classLocks.unlock(id);
        if (outcome === Tail.UNQUEUED) this.#finishUnlinkLocked(ref, hash);
        stripes.unlock(hash);
        return outcome !== Tail.KEPT;
      }
      queues.add(queue, QueueCounter.TAIL_LOCKED, 1);
      ref = items.get(ref, LRU_PREV);
    }
    classLocks.unlock(id);
    return false;
  }

  #handleTail(ref: number, queue: number, limits: PullLimits, eviction: Eviction): Tail {
    if (this.#core.isDead(ref)) return this.#reclaim(ref, queue);
    if (eviction === Eviction.DEAD) return Tail.KEPT;
    const lru = queue >> LRU_SHIFT;
    if (eviction === Eviction.ANY) return this.#evictTail(ref, queue);
    if (lru === Lru.HOT || lru === Lru.WARM) return this.#settleTail(ref, queue, limits);
    const rescued = this.#rescueTail(ref, queue);
    return rescued === Tail.KEPT && eviction === Eviction.IDLE ? this.#evictTail(ref, queue) : rescued;
  }

  #reclaim(ref: number, queue: number): Tail {
    const { queues, items } = this.#core;
    queues.add(queue, QueueCounter.RECLAIMED, 1);
    if (!items.hasMark(ref, ItemMark.FETCHED)) queues.add(queue, QueueCounter.EXPIRED_UNFETCHED, 1);
    queues.unlink(ref);
    return Tail.UNQUEUED;
  }

  /** A hot or warm tail of a queue over its share, or itself too old: to warm if it is active, else to cold. */
  #settleTail(ref: number, queue: number, limits: PullLimits): Tail {
    const { queues, items } = this.#core;
    const isOver = queues.counter(queue, QueueCounter.BYTES) > limits.limitBytes;
    if (!isOver && this.#core.now() - items.get(ref, ACCESS_TIME) <= limits.maxAgeSeconds) return Tail.KEPT;
    const id = queue & CLASS_MASK;
    if (!items.hasMark(ref, ItemMark.ACTIVE)) {
      queues.add(queue, QueueCounter.MOVES_TO_COLD, 1);
      queues.moveTo(ref, id | (Lru.COLD << LRU_SHIFT));
      return Tail.MOVED;
    }
    items.clearMark(ref, ItemMark.ACTIVE);
    const isWarm = queue >> LRU_SHIFT === Lru.WARM;
    queues.add(queue, isWarm ? QueueCounter.MOVES_WITHIN_LRU : QueueCounter.MOVES_TO_WARM, 1);
    queues.moveTo(ref, id | (Lru.WARM << LRU_SHIFT));
    return Tail.MOVED;
  }

  /** A cold tail that somebody fetched again goes back to warm. */
  #rescueTail(ref: number, queue: number): Tail {
    const { queues, items } = this.#core;
    const isCold = queue >> LRU_SHIFT === Lru.COLD;
    if (!isCold || !this.#core.isSegmented || !items.hasMark(ref, ItemMark.ACTIVE)) return Tail.KEPT;
    queues.add(queue, QueueCounter.MOVES_TO_WARM, 1);
    items.clearMark(ref, ItemMark.ACTIVE);
    queues.moveTo(ref, (queue & CLASS_MASK) | (Lru.WARM << LRU_SHIFT));
    return Tail.MOVED;
  }

  #evictTail(ref: number, queue: number): Tail {
    const { queues, items, options } = this.#core;
    if (!options.evictions) return Tail.KEPT;
    queues.add(queue, QueueCounter.EVICTED, 1);
    queues.setCounter(queue, QueueCounter.EVICTED_TIME, this.#core.now() - items.get(ref, ACCESS_TIME));
    if (items.get(ref, EXPTIME) !== 0) queues.add(queue, QueueCounter.EVICTED_NONZERO, 1);
    if (!items.hasMark(ref, ItemMark.FETCHED)) queues.add(queue, QueueCounter.EVICTED_UNFETCHED, 1);
    if (items.hasMark(ref, ItemMark.ACTIVE)) queues.add(queue, QueueCounter.EVICTED_ACTIVE, 1);
    if (this.observer !== null) this.observer(ref);
    queues.unlink(ref);
    if (this.#core.views.tuning[Tuning.AUTOMOVE] === 2) this.#core.requestPageFor(queue & CLASS_MASK);
    return Tail.UNQUEUED;
  }

  /** The rest of unlinking an item that left its queue: out of the table, its memory free. */
  #finishUnlinkLocked(ref: number, hash: number): void {
    this.#core.table.removeLocked(ref, hash);
    this.#core.discardLocked(ref);
  }
}

const Tail = {
  /** Nothing to do with this one nor the queue. */
  KEPT: 0,
  MOVED: 1,
  /** Out of its queue; table and memory are still to do. */
  UNQUEUED: 2,
} as const;
type Tail = (typeof Tail)[keyof typeof Tail];
