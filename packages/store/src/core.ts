/**
 * The parts of a store, put together for one thread, and the few operations they need of each other.
 *
 * Made by `Store`, `Maintenance` and `verify`; not exported from the package. Parts are given this
 * object instead of each other, so that none needs to be made before the rest. Field order is the order
 * of dependence.
 */
import { type Arena, ArenaViews, type SegmentBytes } from './arena.js';
import { ChunkedValues } from './chunked.js';
import { CLASS_WORDS, Control, GLOBAL_LOCK_STRIDE, GlobalLock, QueueCounter, Tuning } from './control.js';
import { CLASS_COUNTERS, CounterTable, STORE_COUNTERS, StoreCounter } from './counters.js';
import { Evictor } from './evictor.js';
import { HashTable } from './hash-table.js';
import { Items } from './item.js';
import { isExpiredAt, isFlushedAt } from './item-life.js';
import {
  ACCESS_TIME,
  CLASSES_MAX,
  EXPTIME,
  FLUSH_GENERATION_MASK,
  ItemMark,
  Kind,
  LRU_SHIFT,
  Lru,
  TAG,
} from './layout.js';
import { SpinLocks, StripeLocks } from './locks.js';
import { LruQueues } from './lru.js';
import type { StoreOptions } from './options.js';
import { SizeClasses } from './size-classes.js';
import { Slabs } from './slabs.js';

/** Links and unlinks a thread makes before it tells the others. */
const ITEM_COUNT_BATCH = 32;

export class StoreCore {
  readonly options: StoreOptions;
  readonly views: ArenaViews;
  readonly counterTable: CounterTable;
  /** This thread's row. */
  readonly counters: Float64Array;
  readonly stripes: StripeLocks;
  readonly classLocks: SpinLocks;
  readonly globals: SpinLocks;
  readonly items: Items;
  readonly table: HashTable;
  readonly slabs: Slabs;
  readonly queues: LruQueues;
  readonly evictor: Evictor;
  readonly chunked: ChunkedValues;
  readonly #control: Int32Array;
  #uncountedItems = 0;

  constructor(arena: Arena, row: number, bytesOver?: SegmentBytes) {
    this.options = arena.options;
    this.views = new ArenaViews(arena, bytesOver);
    this.counterTable = new CounterTable(arena.counters, STORE_COUNTERS + CLASSES_MAX * CLASS_COUNTERS);
    this.counters = this.counterTable.row(row);
    this.stripes = new StripeLocks(this.views.stripes, arena.options.isWeaklyOrdered);
    this.classLocks = new SpinLocks(this.views.classes, CLASS_WORDS);
    this.globals = new SpinLocks(this.views.globalLocks, GLOBAL_LOCK_STRIDE);
    this.items = new Items(this.views, arena.options.casEnabled);
    this.table = new HashTable(this.views, this.items, this.stripes, this.globals);
    this.slabs = new Slabs(this.views, new SizeClasses(arena.options), this.items, this.globals);
    this.queues = new LruQueues(this.views, this.items, arena.options.trackSizes);
    this.evictor = new Evictor(this);
    this.chunked = new ChunkedValues(this.items, this.slabs, this.evictor);
    this.#control = this.views.control;
  }

  /** Seconds since start. */
  now(): number {
    return this.#control[Control.NOW];
  }

  flushGeneration(): number {
    return this.#control[Control.FLUSH_GENERATION] & FLUSH_GENERATION_MASK;
  }

  isExpired(ref: number): boolean {
    return isExpiredAt(this.#control, this.items.get(ref, EXPTIME));
  }

  isFlushed(ref: number): boolean {
    return isFlushedAt(this.#control, this.items.get(ref, ACCESS_TIME), this.items.get(ref, TAG));
  }

  isDead(ref: number): boolean {
    return this.isFlushed(ref) || this.isExpired(ref);
  }

  /** Puts a reserved item into table and queue. */
  linkLocked(ref: number, hash: number): void {
    this.#makeLinked(ref);
    this.table.insertLocked(ref, hash);
    const id = this.items.sizeClass(ref);
    this.classLocks.lock(id);
    this.queues.link(ref);
    this.slabs.countLinked(id);
    this.classLocks.unlock(id);
    this.#countItems(1);
  }

  /** A reserved item takes the place of a linked one with the same key, which is freed. */
  replaceLocked(oldRef: number, newRef: number, hash: number): void {
    const { items } = this;
    const id = items.sizeClass(newRef);
    if (items.sizeClass(oldRef) !== id || items.hasMark(oldRef, ItemMark.CHUNKED)) {
      this.unlinkLocked(oldRef, hash);
      this.linkLocked(newRef, hash);
      return;
    }
    this.#makeLinked(newRef);
    this.table.replaceLocked(oldRef, newRef, hash);
    this.classLocks.lock(id);
    this.queues.unlink(oldRef);
    this.slabs.giveChunk(id, oldRef);
    this.queues.link(newRef);
    this.slabs.countLinked(id);
    this.classLocks.unlock(id);
  }

  #makeLinked(ref: number): void {
    this.items.stamp(ref, this.now(), this.flushGeneration());
    this.items.setKind(ref, Kind.LINKED);
    this.counters[StoreCounter.TOTAL_ITEMS]++;
  }

  /** Takes an item out of table and queue and frees it. */
  unlinkLocked(ref: number, hash: number): void {
    this.table.removeLocked(ref, hash);
    const id = this.items.sizeClass(ref);
    const isPlain = !this.items.hasMark(ref, ItemMark.CHUNKED);
    this.classLocks.lock(id);
    this.queues.unlink(ref);
    if (isPlain) this.slabs.giveChunk(id, ref);
    this.classLocks.unlock(id);
    if (isPlain) this.#countItems(-1);
    else this.discardLocked(ref);
  }

  /** Frees an item that is out of table and queue; one that a reader streams is freed when it is unpinned. */
  discardLocked(ref: number): void {
    this.#countItems(-1);
    if (this.items.hasMark(ref, ItemMark.CHUNKED) && this.chunked.pins(ref) > 0) {
      this.items.setKind(ref, Kind.RESERVED);
      return;
    }
    this.free(ref);
  }

  /** Gives the memory of an item that nobody can see back. */
  free(ref: number): void {
    if (this.items.hasMark(ref, ItemMark.CHUNKED)) this.chunked.freeBodies(ref);
    this.evictor.giveChunk(ref);
  }

  #countItems(change: number): void {
    this.#uncountedItems += change;
    if (this.#uncountedItems < ITEM_COUNT_BATCH && this.#uncountedItems > -ITEM_COUNT_BATCH) return;
    Atomics.add(this.#control, Control.ITEMS, this.#uncountedItems);
    this.#uncountedItems = 0;
  }

  /** Items in the table, a few of each thread not yet counted. */
  get roughItemCount(): number {
    return this.#control[Control.ITEMS];
  }

  /** Asks the mover for a page for the class, from any other: `slab_automove=2` does at every eviction. */
  requestPageFor(id: number): void {
    const control = this.#control;
    this.globals.lock(GlobalLock.PAGES);
    if (control[Control.REASSIGN_PENDING] === 0) {
      control[Control.REASSIGN_SOURCE] = -1;
      control[Control.REASSIGN_DESTINATION] = id;
      control[Control.REASSIGN_PENDING] = 1;
    }
    this.globals.unlock(GlobalLock.PAGES);
  }

  /** Counts a refusal for lack of memory, in the cold queue of the class as memcached does. */
  countOutOfMemory(id: number): void {
    this.classLocks.lock(id);
    this.queues.add(id | (Lru.COLD << LRU_SHIFT), QueueCounter.OUT_OF_MEMORY, 1);
    this.classLocks.unlock(id);
  }

  /** Items live in hot, warm and cold queues, by `lru mode`. */
  get isSegmented(): boolean {
    return this.views.tuning[Tuning.SEGMENTED] !== 0;
  }

  /** The queues have a maintainer, by `-o lru_maintainer`. */
  get isMaintained(): boolean {
    return this.options.maintainer;
  }
}
