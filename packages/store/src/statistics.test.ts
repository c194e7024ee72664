import { describe, expect, test } from '@jest/globals';
import { QueueCounter, Tuning } from './control.js';
import { ClassCounter, StoreCounter } from './counters.js';
import { LRU_SHIFT, Lru, PAGE_BYTES } from './layout.js';
import { CacheDriver, patternedValue } from './testing/cache-driver.js';

const VALUE = new Uint8Array(100);
/** Accounted bytes of a three-byte key with that value. */
const ITEM_BYTES = 48 + 8 + 3 + 1 + 100 + 2;
/** The class of such an item: up to 192 bytes. */
const ID = 4;

function countHit({ reads }: CacheDriver, ref: number): void {
  reads.lookLocked(ref);
  reads.countHit();
}

function threeItems(): CacheDriver {
  const cache = new CacheDriver({ hashPower: 12 });
  for (const key of ['aaa', 'bbb', 'ccc']) cache.set(key, VALUE);
  return cache;
}

describe('the totals', () => {
  test('of a new store are zero', () => {
    const { statistics } = new CacheDriver({ hashPower: 12 }).store;
    expect([statistics.itemCount, statistics.itemBytes, statistics.takenBytes, statistics.classesInUse]).toEqual([
      0, 0, 0, 0,
    ]);
    expect([statistics.hashPower, statistics.hashBytes, statistics.isHashExpanding]).toEqual([12, 16_384, false]);
    expect([statistics.isCrawling, statistics.isMovingPage, statistics.pooledPages]).toEqual([false, false, 0]);
    expect(statistics.largestClass).toBe(39);
    expect(statistics.memoryLimitBytes).toBe(64 * PAGE_BYTES);
  });

  test('follow what is stored and deleted', () => {
    const cache = threeItems();
    const { statistics } = cache.store;
    cache.set('large', patternedValue(1, 600_000));
    expect(statistics.itemCount).toBe(4);
    expect(statistics.itemBytes).toBe(3 * ITEM_BYTES + 48 + 8 + 5 + 1 + 600_000 + 2);
    expect(statistics.counter(StoreCounter.TOTAL_ITEMS)).toBe(4);
    cache.delete('large');
    cache.delete('aaa');
    expect(statistics.itemCount).toBe(2);
    expect(statistics.itemBytes).toBe(2 * ITEM_BYTES);
    expect(statistics.counter(StoreCounter.TOTAL_ITEMS)).toBe(4);
    expect(statistics.takenBytes).toBe(PAGE_BYTES * statistics.classesInUse);
  });

  test('show the limit that is set while it runs', () => {
    const { store } = new CacheDriver();
    store.setMemoryLimit(96 * PAGE_BYTES);
    expect(store.statistics.memoryLimitBytes).toBe(96 * PAGE_BYTES);
  });

  test('show a table that grows, by the power of two it grows from', () => {
    const { store } = new CacheDriver({ hashPower: 12 });
    store.core.table.trySplit();
    expect([store.statistics.hashPower, store.statistics.hashBytes]).toEqual([12, 4 * 4097]);
    expect(store.statistics.isHashExpanding).toBe(true);
    for (let splits = 1; splits < 4096; splits++) store.core.table.trySplit();
    expect([store.statistics.hashPower, store.statistics.isHashExpanding]).toEqual([13, false]);
  });

  test('add up what all threads counted', () => {
    const cache = threeItems();
    cache.attach(1).set('ddd', VALUE);
    expect(cache.store.statistics.counter(StoreCounter.TOTAL_ITEMS)).toBe(4);
  });
});

describe('the numbers of a class', () => {
  test('tell its chunks as memcached accounts them, and who is in them', () => {
    const cache = threeItems();
    cache.delete('aaa');
    const slabs = cache.store.statistics.slabsOf(ID);
    expect(slabs.chunkSizeBytes).toBe(192);
    expect(slabs.chunksPerPage).toBe(Math.floor(PAGE_BYTES / 176));
    const chunks = Math.floor(PAGE_BYTES / 152);
    expect([slabs.pages, slabs.chunks]).toEqual([1, chunks]);
    expect([slabs.usedChunks, slabs.freeChunks]).toEqual([2, chunks - 2]);
    expect(cache.store.statistics.itemsOf(ID).requestedBytes).toBe(2 * ITEM_BYTES);
    expect(cache.store.statistics.slabsOf(ID + 1).pages).toBe(0);
  });

  test('are those of both its halves', () => {
    const cache = threeItems();
    cache.set('ddd', new Uint8Array(120));
    const { statistics } = cache.store;
    const lower = Math.floor(PAGE_BYTES / 152);
    const slabs = statistics.slabsOf(ID);
    expect([slabs.pages, slabs.chunks, slabs.usedChunks]).toEqual([2, slabs.chunksPerPage + lower, 4]);
    expect([slabs.chunkSizeBytes, statistics.classesInUse]).toEqual([192, 1]);
    expect(statistics.itemsOf(ID).count).toEqual([4, 0, 0, 0]);
    expect(statistics.itemsOf(ID).requestedBytes).toBe(4 * ITEM_BYTES + 20);
    cache.store.clock.set(150);
    cache.set('ddd', new Uint8Array(121));
    expect(statistics.itemsOf(ID).ageSeconds).toEqual([50, 0, 0]);
  });

  test('count the commands that hit it', () => {
    const cache = threeItems();
    const counters = [
      ClassCounter.CMD_SET,
      ClassCounter.TOUCH_HITS,
      ClassCounter.DELETE_HITS,
      ClassCounter.INCR_HITS,
      ClassCounter.DECR_HITS,
      ClassCounter.CAS_HITS,
      ClassCounter.CAS_BADVAL,
    ];
    cache.locked('aaa', (ref) => {
      counters.forEach((counter, index) => {
        for (let i = 0; i <= index; i++) cache.store.countClass(ref, counter);
      });
    });
    const { setCommands, touchHits, deleteHits, incrHits, decrHits, casHits, casBadval } =
      cache.store.statistics.slabsOf(ID);
    expect([setCommands, touchHits, deleteHits, incrHits, decrHits, casHits, casBadval]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(cache.store.statistics.classTotal(ClassCounter.CAS_BADVAL)).toBe(7);
  });

  test('count gets by the queue that held the item', () => {
    const cache = threeItems();
    const { queues } = cache.store.core;
    for (const [lru, key] of ['aaa', 'bbb', 'ccc'].entries()) {
      cache.locked(key, (ref) => {
        queues.moveTo(ref, ID | (lru << LRU_SHIFT));
        for (let i = 0; i <= lru; i++) countHit(cache, ref);
      });
    }
    expect(cache.store.statistics.itemsOf(ID).hits).toEqual([1, 2, 3, 0]);
    expect(cache.store.statistics.itemsOf(ID).count).toEqual([1, 1, 1, 0]);
    expect(cache.store.statistics.slabsOf(ID).getHits).toBe(6);
    expect(cache.store.statistics.getHits).toBe(6);
  });

  test('tell the age of each tail', () => {
    const cache = threeItems();
    cache.store.clock.set(150);
    cache.set('ddd', VALUE);
    expect(cache.store.statistics.itemsOf(ID).ageSeconds).toEqual([50, 0, 0]);
    cache.locked('ddd', (ref) => cache.store.core.queues.moveTo(ref, ID | (Lru.COLD << LRU_SHIFT)));
    cache.store.clock.set(157);
    expect(cache.store.statistics.itemsOf(ID).ageSeconds).toEqual([57, 0, 7]);
  });

  test('sum the counters of its queues, each where it was counted', () => {
    const cache = threeItems();
    const { queues } = cache.store.core;
    const names = Object.keys(QueueCounter).slice(1) as (keyof typeof QueueCounter)[];
    for (const [index, name] of names.entries())
      queues.add(ID | (Lru.COLD << LRU_SHIFT), QueueCounter[name], index + 1);
    const items = cache.store.statistics.itemsOf(ID);
    expect([
      items.evicted,
      items.evictedNonzero,
      items.evictedTimeSeconds,
      items.outOfMemory,
      items.reclaimed,
      items.expiredUnfetched,
      items.evictedUnfetched,
      items.evictedActive,
      items.crawlerReclaimed,
      items.crawlerItemsChecked,
      items.tailLocked,
      items.movesToCold,
      items.movesToWarm,
      items.movesWithinLru,
      items.directReclaims,
    ]).toEqual(names.map((_, index) => index + 1));
    queues.add(ID, QueueCounter.EVICTED, 10);
    expect(cache.store.statistics.itemsOf(ID).evicted).toBe(11);
    expect(cache.store.statistics.queueTotal(QueueCounter.EVICTED)).toBe(11);
  });
});

describe('a reset', () => {
  test('starts all counts anew, and leaves what is there as it is', () => {
    const cache = threeItems();
    cache.locked('aaa', (ref) => {
      cache.store.countClass(ref, ClassCounter.CMD_SET);
      countHit(cache, ref);
    });
    cache.store.core.queues.add(ID, QueueCounter.EVICTED, 3);
    const { statistics } = cache.store;
    const bytes = statistics.itemBytes;
    statistics.reset();
    expect([statistics.getHits, statistics.classTotal(ClassCounter.CMD_SET)]).toEqual([0, 0]);
    expect([statistics.queueTotal(QueueCounter.EVICTED), statistics.counter(StoreCounter.TOTAL_ITEMS)]).toEqual([0, 0]);
    expect([statistics.itemCount, statistics.itemBytes, statistics.takenBytes]).toEqual([3, bytes, PAGE_BYTES]);
  });
});

describe('the list of a class', () => {
  test('has the live items of its cold queue, newest first, up to the number asked for', () => {
    const cache = new CacheDriver({ segmented: false });
    for (const [index, key] of ['aaa', 'bbb', 'ccc', 'ddd'].entries()) {
      cache.set(key, VALUE, { exptime: [0, 105, 900, 0][index] });
    }
    cache.store.clock.set(105);
    const listed = cache.store.statistics.listCold(ID, 10);
    expect(listed.map(({ key }) => String.fromCharCode(...key))).toEqual(['ddd', 'ccc', 'aaa']);
    expect(listed.map(({ valueBytes, exptime }) => [valueBytes, exptime])).toEqual([
      [100, 0],
      [100, 900],
      [100, 0],
    ]);
    cache.set('eee', new Uint8Array(120));
    expect(cache.store.statistics.listCold(ID, 10)).toHaveLength(4);
    expect(cache.store.statistics.listCold(ID, 2)).toHaveLength(2);
    expect(cache.store.statistics.listCold(ID, 0)).toEqual([]);
  });
});

describe('the histogram of sizes', () => {
  test('is empty unless sizes are tracked', () => {
    expect(threeItems().store.statistics.sizes()).toEqual([]);
  });

  test('lists how many items are in each step of 32 bytes', () => {
    const cache = new CacheDriver({ trackSizes: true });
    for (const key of ['aaa', 'bbb']) cache.set(key, VALUE);
    cache.set('large', patternedValue(1, 900_000));
    expect(cache.store.statistics.sizes()).toEqual([
      [192, 2],
      [Math.ceil((900_000 + 64) / 32) * 32, 1],
    ]);
    cache.delete('aaa');
    expect(cache.store.statistics.sizes()[0]).toEqual([192, 1]);
  });
});

test('tuning is seen by every thread at once', () => {
  const cache = new CacheDriver();
  const other = cache.attach(1);
  cache.store.setTuning(Tuning.HOT_PERCENT, 33);
  expect(other.store.tuning(Tuning.HOT_PERCENT)).toBe(33);
});
