/**
 * What the store can say of itself: totals, and numbers a size class, as `stats` shows them.
 *
 * Called by the server's stats commands on any thread. Queue and class words are read under the class
 * lock, thread rows without one, so sums of a running store may be a few counts behind. Counters that
 * only grow start anew at `reset`; what is there now (items, bytes, pages) does not.
 */
import { ClassWord, Control, QueueCounter, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { CLASS_COUNTERS, ClassCounter, STORE_COUNTERS, type StoreCounter } from './counters.js';
import { CrawlState } from './crawler.js';
import { ACCESS_TIME, CLASS_NUMBER_MASK, CLASSES_MAX, EXPTIME, ItemMark, LRU_NEXT, LRU_SHIFT, Lru } from './layout.js';
import { SIZE_BUCKET_BYTES } from './lru.js';
import { coldQueue } from './page-mover.js';

/** Counters of one size class, summed over its queues or taken from its cold queue as memcached does. */
export interface ItemStatistics {
  /** Items by queue: hot, warm, cold, temporary. */
  count: [number, number, number, number];
  /** Seconds since the tail's last access: hot, warm, cold. */
  ageSeconds: [number, number, number];
  requestedBytes: number;
  evicted: number;
  evictedNonzero: number;
  evictedTimeSeconds: number;
  outOfMemory: number;
  reclaimed: number;
  expiredUnfetched: number;
  evictedUnfetched: number;
  evictedActive: number;
  crawlerReclaimed: number;
  crawlerItemsChecked: number;
  tailLocked: number;
  movesToCold: number;
  movesToWarm: number;
  movesWithinLru: number;
  directReclaims: number;
  /** Hits by queue: hot, warm, cold, temporary. */
  hits: [number, number, number, number];
}

/** Pages and chunks of one size class, and the commands that hit it. */
export interface SlabStatistics {
  /** The accounted size, memcached's chunk size; the chunk in memory is smaller. */
  chunkSizeBytes: number;
  chunksPerPage: number;
  pages: number;
  chunks: number;
  usedChunks: number;
  freeChunks: number;
  getHits: number;
  setCommands: number;
  deleteHits: number;
  incrHits: number;
  decrHits: number;
  casHits: number;
  casBadval: number;
  touchHits: number;
}

/** An item as `stats cachedump` lists it. */
export interface ListedItem {
  key: Uint8Array;
  valueBytes: number;
  /** Seconds since start; 0: never. */
  exptime: number;
}

export class StoreStatistics {
  readonly #core: StoreCore;

  constructor(core: StoreCore) {
    this.#core = core;
  }

  /** Classes are numbered 1 to this, as memcached numbers them; both halves of a class are shown as one. */
  get largestClass(): number {
    return this.#core.slabs.sizes.largest;
  }

  get itemCount(): number {
    return this.#sumClasses((id) => this.#core.queues.countOfClass(id));
  }

  /** Accounted bytes of all items. */
  get itemBytes(): number {
    return this.#sumClasses((id) => this.#core.queues.classCounter(id, QueueCounter.BYTES));
  }

  /** Bytes of pages that classes own or the pool holds. */
  get takenBytes(): number {
    return this.#core.slabs.takenBytes;
  }

  get pooledPages(): number {
    return this.#core.slabs.pooledPages;
  }

  get classesInUse(): number {
    const { slabs } = this.#core;
    const inUse = slabs.sizes.ids.filter((id) => slabs.word(id, ClassWord.PAGES) > 0);
    return new Set(inUse.map((id) => id & CLASS_NUMBER_MASK)).size;
  }

  get memoryLimitBytes(): number {
    return this.#core.views.tuning[Tuning.MEMORY_LIMIT_BYTES];
  }

  /** Power of two of the buckets before the growth under way. */
  get hashPower(): number {
    return 31 - Math.clz32(this.#core.table.buckets);
  }

  get hashBytes(): number {
    return 4 * this.#core.table.buckets;
  }

  get isHashExpanding(): boolean {
    return this.#core.table.buckets !== 2 ** this.hashPower;
  }

  get isMovingPage(): boolean {
    return this.#core.views.control[Control.DRAIN_PAGE] !== 0;
  }

  get isCrawling(): boolean {
    return this.#core.views.control[Control.CRAWL_STATE] !== CrawlState.IDLE;
  }

  counter(counter: StoreCounter): number {
    return this.#core.counterTable.total(counter);
  }

  /** A queue counter over all classes. */
  queueTotal(counter: QueueCounter): number {
    return this.#sumClasses((id) => this.#core.queues.classCounter(id, counter));
  }

  /** A class counter over all classes. */
  classTotal(counter: ClassCounter): number {
    return this.#sumClasses((id) => this.#classCounter(id, counter));
  }

  /** Gets that found their item, over all classes. */
  get getHits(): number {
    return this.#sumClasses((id) => this.#getHits(id));
  }

  /** By memcached's number of the class. */
  itemsOf(number: number): ItemStatistics {
    const halves = this.#core.slabs.sizes.halvesOf(number).map((id) => this.#itemsOf(id));
    return halves.reduce((upper, lower) => joined(upper, lower, ['ageSeconds', 'evictedTimeSeconds']));
  }

  #itemsOf(id: number): ItemStatistics {
    const { queues, classLocks } = this.#core;
    classLocks.lock(id);
    const sum = (counter: QueueCounter) => queues.classCounter(id, counter);
    const count = (lru: number) => queues.count(id | (lru << LRU_SHIFT));
    const hits = (lru: number) => this.#classCounter(id, (ClassCounter.HITS_HOT + lru) as ClassCounter);
    const statistics: ItemStatistics = {
      count: [count(Lru.HOT), count(Lru.WARM), count(Lru.COLD), count(Lru.TEMP)],
      ageSeconds: [this.#tailAge(id, Lru.HOT), this.#tailAge(id, Lru.WARM), this.#tailAge(id, Lru.COLD)],
      requestedBytes: sum(QueueCounter.BYTES),
      evicted: sum(QueueCounter.EVICTED),
      evictedNonzero: sum(QueueCounter.EVICTED_NONZERO),
      evictedTimeSeconds: queues.counter(coldQueue(id), QueueCounter.EVICTED_TIME),
      outOfMemory: sum(QueueCounter.OUT_OF_MEMORY),
      reclaimed: sum(QueueCounter.RECLAIMED),
      expiredUnfetched: sum(QueueCounter.EXPIRED_UNFETCHED),
      evictedUnfetched: sum(QueueCounter.EVICTED_UNFETCHED),
      evictedActive: sum(QueueCounter.EVICTED_ACTIVE),
      crawlerReclaimed: sum(QueueCounter.CRAWLER_RECLAIMED),
      crawlerItemsChecked: sum(QueueCounter.CRAWLER_ITEMS_CHECKED),
      tailLocked: sum(QueueCounter.TAIL_LOCKED),
      movesToCold: sum(QueueCounter.MOVES_TO_COLD),
      movesToWarm: sum(QueueCounter.MOVES_TO_WARM),
      movesWithinLru: sum(QueueCounter.MOVES_WITHIN_LRU),
      directReclaims: sum(QueueCounter.DIRECT_RECLAIMS),
      hits: [hits(Lru.HOT), hits(Lru.WARM), hits(Lru.COLD), hits(Lru.TEMP)],
    };
    classLocks.unlock(id);
    return statistics;
  }

  /** By memcached's number of the class. The chunks of a lower half are counted, at the size of the upper one's. */
  slabsOf(number: number): SlabStatistics {
    const halves = this.#core.slabs.sizes.halvesOf(number).map((id) => this.#slabsOf(id));
    return halves.reduce((upper, lower) => ({
      ...joined(upper, lower, ['chunkSizeBytes']),
      chunksPerPage: upper.chunksPerPage,
    }));
  }

  #slabsOf(id: number): SlabStatistics {
    const { slabs, classLocks } = this.#core;
    classLocks.lock(id);
    const pages = slabs.word(id, ClassWord.PAGES);
    const statistics: SlabStatistics = {
      chunkSizeBytes: slabs.sizes.limits[id],
      chunksPerPage: slabs.sizes.chunksPerPage[id],
      pages,
      chunks: pages * slabs.sizes.chunksPerPage[id],
      usedChunks: slabs.word(id, ClassWord.USED_COUNT),
      freeChunks: slabs.freeChunks(id),
      getHits: this.#getHits(id),
      setCommands: this.#classCounter(id, ClassCounter.CMD_SET),
      deleteHits: this.#classCounter(id, ClassCounter.DELETE_HITS),
      incrHits: this.#classCounter(id, ClassCounter.INCR_HITS),
      decrHits: this.#classCounter(id, ClassCounter.DECR_HITS),
      casHits: this.#classCounter(id, ClassCounter.CAS_HITS),
      casBadval: this.#classCounter(id, ClassCounter.CAS_BADVAL),
      touchHits: this.#classCounter(id, ClassCounter.TOUCH_HITS),
    };
    classLocks.unlock(id);
    return statistics;
  }

  /** Up to `itemsMax` live items of the class's cold queue, newest first, as `stats cachedump` lists them: not those whose key may hold any byte. */
  listCold(number: number, itemsMax: number): ListedItem[] {
    const listed: ListedItem[] = [];
    for (const id of this.#core.slabs.sizes.halvesOf(number)) this.#listCold(id, itemsMax, listed);
    return listed;
  }

  #listCold(id: number, itemsMax: number, listed: ListedItem[]): void {
    const { queues, items, classLocks } = this.#core;
    classLocks.lock(id);
    for (let ref = queues.head(coldQueue(id)); ref !== 0 && listed.length < itemsMax; ref = items.get(ref, LRU_NEXT)) {
      if (this.#core.isDead(ref) || items.hasMark(ref, ItemMark.KEY_BINARY)) continue;
      const key = new Uint8Array(items.keyBytes(ref));
      items.copyKey(ref, key, new DataView(key.buffer), 0);
      listed.push({ key, valueBytes: items.valueBytes(ref), exptime: items.get(ref, EXPTIME) });
    }
    classLocks.unlock(id);
  }

  /** The histogram of accounted sizes: pairs of upper bound in bytes and items. Empty unless sizes are tracked. */
  sizes(): [number, number][] {
    if (!this.#core.options.trackSizes) return [];
    const pairs: [number, number][] = [];
    this.#core.views.sizes.forEach((count, bucket) => {
      if (count > 0) pairs.push([bucket * SIZE_BUCKET_BYTES, count]);
    });
    return pairs;
  }

  /** Starts all counters that only grow anew. */
  reset(): void {
    const { counterTable, queues, classLocks } = this.#core;
    counterTable.reset(0, STORE_COUNTERS + CLASSES_MAX * CLASS_COUNTERS);
    for (const id of this.#core.slabs.sizes.ids) {
      classLocks.lock(id);
      queues.resetCounters(id);
      classLocks.unlock(id);
    }
  }

  #tailAge(id: number, lru: number): number {
    const tail = this.#core.queues.tail(id | (lru << LRU_SHIFT));
    return tail === 0 ? 0 : this.#core.now() - this.#core.items.get(tail, ACCESS_TIME);
  }

  #getHits(id: number): number {
    let hits = 0;
    for (let lru = 0; lru < 4; lru++) hits += this.#classCounter(id, (ClassCounter.HITS_HOT + lru) as ClassCounter);
    return hits;
  }

  #classCounter(id: number, counter: ClassCounter): number {
    return this.#core.counterTable.total(STORE_COUNTERS + id * CLASS_COUNTERS + counter);
  }

  #sumClasses(value: (id: number) => number): number {
    let sum = 0;
    for (const id of this.#core.slabs.sizes.ids) sum += value(id);
    return sum;
  }
}

type Figures<Row> = { readonly [Name in keyof Row]: number | readonly number[] };

/** The numbers of both halves of a class as one: sums, but of those in `largest` the larger one. */
function joined<Row extends Figures<Row>>(upper: Row, lower: Row, largest: readonly (keyof Row)[]): Row {
  const names = Object.keys(upper) as (keyof Row)[];
  const join = (name: keyof Row) => (largest.includes(name) ? larger : plus);
  return Object.fromEntries(names.map((name) => [name, zipped(upper[name], lower[name], join(name))])) as Row;
}

function zipped(upper: number | readonly number[], lower: number | readonly number[], join: typeof plus) {
  if (typeof upper === 'number') return join(upper, lower as number);
  return upper.map((value, index) => join(value, (lower as readonly number[])[index]));
}

function plus(a: number, b: number): number {
  return a + b;
}

function larger(a: number, b: number): number {
  return Math.max(a, b);
}
