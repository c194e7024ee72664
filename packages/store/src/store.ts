/**
 * The store as one thread uses it: find, reserve, link, unlink, and reads that take no lock.
 *
 * Called by the server's commands, which decide what a command means; here items only appear, change
 * and go. Methods named `…Locked` need the item's stripe (`lock(hash)`). Reads are optimistic: copy what
 * you need between `begin` and `end` of a read, and start over when `end` says that a writer was there.
 * Nothing here throws on the data path; references are opaque int32, 0 is none.
 */
import type { Arena, SegmentBytes } from './arena.js';
import { makeBoundParts, type ThreadMemory } from './bound.js';
import { takeCasUnique } from './cas.js';
import { Clock } from './clock.js';
import { Control, type Tuning } from './control.js';
import { StoreCore } from './core.js';
import { CLASS_COUNTERS, type ClassCounter, STORE_COUNTERS } from './counters.js';
import { requestCrawl } from './crawler.js';
import { flushAll } from './flush.js';
import { type Hash, hashOf } from './hash.js';
import { bytesBeforeData, itemTag } from './item.js';
import { ItemAccess } from './item-access.js';
import { isTemporary } from './item-life.js';
import { ACCESS_TIME, CAS_HIGH, CAS_LOW, CHUNKED_WORDS, HASH_NEXT, ItemMark, Kind, LRU_SHIFT, Lru } from './layout.js';
import { makeOverwrites, type Overwrites } from './overwrites.js';
import { type Reassign, requestReassign } from './page-mover.js';
import { FLAT_BUMP_SECONDS, type LockedReads, makeReads, type Reads } from './reads.js';
import { StoreStatistics } from './statistics.js';

/** What `reserve` answers instead of a reference. No chunk starts at these. */
export const Reserve = { TOO_LARGE: -1, NO_MEMORY: -2 } as const;

/** Why a lookup found nothing. */
export const Miss = { ABSENT: 0, EXPIRED: 1, FLUSHED: 2 } as const;
export type Miss = (typeof Miss)[keyof typeof Miss];

const BLANK = 0x20;
/** Buckets a call of `scan` looks at: a large table may be nearly empty. */
const SCAN_BUCKETS = 65_536;

/** What a thread does with keys and values in its own memory. */
export interface BoundStore {
  readonly reads: Reads;
  readonly overwrites: Overwrites;
}

export class Store extends ItemAccess {
  readonly clock: Clock;
  readonly statistics: StoreStatistics;
  /** Why the last `Reads.begin` or `fetchLocked` answered 0. */
  missReason: Miss = Miss.ABSENT;
  /** The unique that `nextCas` made. */
  casOutLow = 0;
  casOutHigh = 0;
  readonly #hash: Hash;
  readonly #seed: number;
  readonly #casEnabled: boolean;
  readonly #control: Int32Array;

  constructor(arena: Arena, row: number, bytesOver?: SegmentBytes) {
    super(new StoreCore(arena, row, bytesOver));
    this.clock = new Clock(this.core.views);
    this.statistics = new StoreStatistics(this.core);
    this.#hash = hashOf(arena.options);
    this.#seed = arena.options.hashSeed;
    this.#casEnabled = arena.options.casEnabled;
    this.#control = this.core.views.control;
  }

  /** Seconds since start, the time of all items. */
  now(): number {
    return this.#control[Control.NOW];
  }

  /** Hears of every eviction this thread makes, with the stripe held, just before the item goes. */
  set evictionObserver(observer: ((ref: number) => void) | null) {
    this.core.evictor.observer = observer;
  }

  hashKey(input: Uint8Array, view: DataView, start: number, end: number): number {
    return this.#hash(input, view, start, end, this.#seed);
  }

  // Reading

  /** The shortest paths, bound to a thread's memory. Once a thread: V8 treats functions that are made twice less well. */
  bind(memory: ThreadMemory): BoundStore {
    const locked: LockedReads = {
      noteAbsent: () => {
        this.missReason = Miss.ABSENT;
      },
      finishLocked: (ref, hash, bump) => this.#finishLockedRead(ref, hash, bump),
    };
    const parts = makeBoundParts(this.core.views, this.core.stripes.mask, memory);
    return { reads: makeReads(this.core, parts, locked), overwrites: makeOverwrites(this.core, parts) };
  }

  /** The stripe is ours at the version that found `ref`, so `ref` is what was found. */
  #finishLockedRead(ref: number, hash: number, bump: number): number {
    if (this.#dropIfDeadLocked(ref, hash)) {
      this.core.stripes.unlock(hash);
      return 0;
    }
    if (bump !== 0) this.bumpLocked(ref);
    return ref;
  }

  /** Marks a hit, as memcached's do_item_bump: the first fetch makes an item fetched, the second active. */
  bumpLocked(ref: number): void {
    const { items } = this.core;
    if (!this.core.isSegmented) {
      items.setMark(ref, ItemMark.FETCHED);
      if (items.get(ref, ACCESS_TIME) < this.now() - FLAT_BUMP_SECONDS) this.#moveToHeadLocked(ref);
      return;
    }
    if (!items.hasMark(ref, ItemMark.FETCHED)) {
      items.setMark(ref, ItemMark.FETCHED);
      return;
    }
    if (items.hasMark(ref, ItemMark.ACTIVE)) return;
    items.setMark(ref, ItemMark.ACTIVE);
    items.stamp(ref, this.now(), this.core.flushGeneration());
  }

  /** Marks an item as just used without a fetch (memcached's do_item_update), as `incr` and a refused `add` do. */
  refreshLocked(ref: number): void {
    const { items } = this.core;
    if (this.core.isSegmented) items.stamp(ref, this.now(), this.core.flushGeneration());
    else if (items.get(ref, ACCESS_TIME) < this.now() - FLAT_BUMP_SECONDS) this.#moveToHeadLocked(ref);
  }

  #moveToHeadLocked(ref: number): void {
    const { items, queues, classLocks } = this.core;
    items.stamp(ref, this.now(), this.core.flushGeneration());
    classLocks.lock(items.sizeClass(ref));
    queues.moveTo(ref, items.queue(ref));
    classLocks.unlock(items.sizeClass(ref));
  }

  // Stripes and lookups under them

  lock(hash: number): void {
    this.core.stripes.lock(hash);
  }

  unlock(hash: number): void {
    this.core.stripes.unlock(hash);
  }

  /** The item with this key, dead or alive, or 0. */
  findLocked(input: Uint8Array, view: DataView, start: number, end: number, hash: number): number {
    return this.core.table.find(input, view, start, end, hash, this.core.stripes.version(hash));
  }

  /** The live item with this key, or 0 and `missReason`; a dead one is unlinked. Does not bump. */
  fetchLocked(input: Uint8Array, view: DataView, start: number, end: number, hash: number): number {
    const ref = this.findLocked(input, view, start, end, hash);
    if (ref === 0) {
      this.missReason = Miss.ABSENT;
      return 0;
    }
    return this.#dropIfDeadLocked(ref, hash) ? 0 : ref;
  }

  #dropIfDeadLocked(ref: number, hash: number): boolean {
    if (this.core.isFlushed(ref)) this.missReason = Miss.FLUSHED;
    else if (this.core.isExpired(ref)) this.missReason = Miss.EXPIRED;
    else return false;
    this.core.unlinkLocked(ref, hash);
    return true;
  }

  // Writing: a reserved item is private until it is linked

  /** A private item with this key and room for its value, or one of `Reserve`. Evicts what must go; any stripe may be held. */
  reserve(
    input: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    hash: number,
    clientFlags: number,
    exptime: number,
    valueBytes: number,
  ): number {
    const { items, options, slabs } = this.core;
    const keyBytes = end - start;
    const accounted = items.accountedBytesFor(keyBytes, clientFlags, valueBytes);
    if (accounted > options.itemSizeMaxBytes) return Reserve.TOO_LARGE;
    const isChunked = accounted > options.slabChunkMaxBytes;
    const id = slabs.classFor(accounted);
    const dataBytes = bytesBeforeData(keyBytes, clientFlags) + 4 * CHUNKED_WORDS;
    const ref = this.core.evictor.takeChunk(isChunked ? slabs.classForMemory(dataBytes) : id);
    if (ref === 0) return this.#refuse(id);
    const marks = (clientFlags === 0 ? 0 : ItemMark.CLIENT_FLAGS) | (isChunked ? ItemMark.CHUNKED : 0);
    const queue = id | (this.#newItemLru(exptime) << LRU_SHIFT);
    items.create(ref, itemTag(queue, keyBytes, Kind.RESERVED, marks), exptime, clientFlags, valueBytes, hash);
    items.writeKey(ref, input, view, start, end);
    if (isChunked) this.core.chunked.initialize(ref);
    this.#growTable();
    return ref;
  }

  #refuse(id: number): number {
    this.core.countOutOfMemory(id);
    return Reserve.NO_MEMORY;
  }

  #newItemLru(exptime: number): number {
    if (!this.core.isSegmented) return Lru.COLD;
    return isTemporary(this.core.views.tuning, this.#control, exptime) ? Lru.TEMP : Lru.HOT;
  }

  /** Every item stored pays for two splits while the table is crowded, so growth keeps pace with storing. */
  #growTable(): void {
    const { table } = this.core;
    if (!table.isCrowded(this.core.roughItemCount)) return;
    table.trySplit();
    table.trySplit();
  }

  /** Writes bytes of a reserved item's value, front to back without a gap. False: no memory, which chunked values can meet midway. */
  writeValue(
    ref: number,
    offset: number,
    source: Uint8Array,
    sourceView: DataView,
    start: number,
    count: number,
  ): boolean {
    if (this.isChunked(ref)) {
      if (this.core.chunked.append(ref, source, start, count)) return true;
      this.core.countOutOfMemory(this.core.items.sizeClass(ref));
      return false;
    }
    this.core.items.writePlainValue(ref, offset, source, sourceView, start, count);
    return true;
  }

  /** Writes the whole value of `from`, whose stripe is held, into the reserved `ref` at `offset`. False: no memory. */
  writeValueOfLocked(ref: number, offset: number, from: number): boolean {
    const { items, chunked } = this.core;
    if (this.isChunked(ref)) return chunked.appendItem(ref, from, this.isChunked(from));
    const source = 4 * items.dataWord(from);
    const bytes = items.bytesOf(from).subarray(source, source + items.valueBytes(from));
    items.bytesOf(ref).set(bytes, 4 * items.dataWord(ref) + offset);
    return true;
  }

  /** Gives a reserved item back that will not be linked. */
  release(ref: number): void {
    this.core.free(ref);
  }

  /** Makes a reserved item visible with a new CAS unique. No item with its key may be linked. */
  linkLocked(ref: number, hash: number): void {
    this.nextCas();
    this.linkWithCasLocked(ref, hash, this.casOutLow, this.casOutHigh);
  }

  linkWithCasLocked(ref: number, hash: number, casLow: number, casHigh: number): void {
    this.setCasLocked(ref, casLow, casHigh);
    this.core.linkLocked(ref, hash);
  }

  unlinkLocked(ref: number, hash: number): void {
    this.core.unlinkLocked(ref, hash);
  }

  /** The new item takes the place of the old one, which is freed, under a new CAS unique. */
  replaceLocked(oldRef: number, newRef: number, hash: number): void {
    this.nextCas();
    this.replaceWithCasLocked(oldRef, newRef, hash, this.casOutLow, this.casOutHigh);
  }

  replaceWithCasLocked(oldRef: number, newRef: number, hash: number, casLow: number, casHigh: number): void {
    this.setCasLocked(newRef, casLow, casHigh);
    this.core.replaceLocked(oldRef, newRef, hash);
  }

  setCasLocked(ref: number, low: number, high: number): void {
    if (!this.#casEnabled) return;
    this.core.items.set(ref, CAS_LOW, low);
    this.core.items.set(ref, CAS_HIGH, high);
  }

  /** A new CAS unique in `casOutLow` and `casOutHigh`, higher than all before. */
  nextCas(): void {
    if (this.#casEnabled) takeCasUnique(this.#control, this);
  }

  /** Writes over the value of a plain linked item, padding with blanks; `count` is at most its length. */
  overwriteValueLocked(ref: number, source: Uint8Array, sourceView: DataView, start: number, count: number): void {
    const { items } = this.core;
    items.writePlainValue(ref, 0, source, sourceView, start, count);
    const at = 4 * items.dataWord(ref);
    items.bytesOf(ref).fill(BLANK, at + count, at + items.valueBytes(ref));
  }

  /** Keeps a chunked item's memory while it is streamed out piece by piece, even if it is unlinked meanwhile. */
  pinLocked(ref: number): void {
    this.core.chunked.addPins(ref, 1);
  }

  /** Ends a pin; the last one frees an item that was unlinked. `hash` is the item's. */
  unpin(ref: number, hash: number): void {
    const { chunked, items, stripes } = this.core;
    chunked.forgetCursor();
    stripes.lock(hash);
    chunked.addPins(ref, -1);
    if (chunked.pins(ref) === 0 && items.kind(ref) === Kind.RESERVED) this.core.free(ref);
    stripes.unlock(hash);
  }

  // The whole cache

  /** A live word of tuning. */
  tuning(word: Tuning): number {
    return this.core.views.tuning[word];
  }

  /** Changes a live word of tuning for all threads. The memory limit has its own method. */
  setTuning(word: Exclude<Tuning, typeof Tuning.MEMORY_LIMIT_BYTES | typeof Tuning.TAKEN_BYTES>, value: number): void {
    this.core.views.tuning[word] = value;
  }

  /** All items stored before second `at`, or before now if that has passed, are dead from then on. Takes no time: the dead are freed as they are met. */
  flushAll(at: number): void {
    flushAll(this.core, at);
  }

  /** Second of the flush asked for last, which may be to come; 0 before any. */
  flushTime(): number {
    return this.#control[Control.FLUSH_PENDING] || this.#control[Control.FLUSH_TIME];
  }

  /** False if the arena has no address space for so much. */
  setMemoryLimit(bytes: number): boolean {
    return this.core.slabs.setLimit(bytes);
  }

  /** Asks maintenance to move a page from class to class; source -1: any, 0: the pool; destination 0: the pool. */
  reassign(source: number, destination: number): Reassign {
    return requestReassign(this.core, source, destination);
  }

  /** Asks maintenance to free what is dead in the classes of a 64-bit mask; false while a crawl is under way. */
  crawl(classesLow: number, classesHigh: number): boolean {
    return requestCrawl(this.core, classesLow, classesHigh);
  }

  /**
   * Visits the live items of buckets from `bucket` on, each under its stripe, until `itemsMax` or SCAN_BUCKETS were seen;
   * answers the bucket to go on with, -1 at the end. A table that grows meanwhile may show an item twice.
   */
  scan(bucket: number, itemsMax: number, visit: (ref: number) => void): number {
    const { table, stripes, items } = this.core;
    let seen = 0;
    for (let at = bucket; at < table.buckets; at++) {
      if (seen >= itemsMax || at - bucket === SCAN_BUCKETS) return at;
      if (table.head(at) === 0) continue;
      stripes.lock(at);
      for (let ref = table.head(at); ref !== 0; ref = items.get(ref, HASH_NEXT), seen++) {
        if (!this.core.isDead(ref)) visit(ref);
      }
      stripes.unlock(at);
    }
    return -1;
  }

  // Counting

  /** Adds one to a counter of the item's size class. */
  countClass(ref: number, counter: ClassCounter): void {
    this.core.counters[STORE_COUNTERS + this.core.items.sizeClass(ref) * CLASS_COUNTERS + counter]++;
  }
}
