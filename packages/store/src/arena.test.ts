import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createArena } from './arena.js';
import { Control } from './control.js';
import { PAGE_BYTES, SEGMENT_BYTES } from './layout.js';
import { PageMover } from './page-mover.js';
import { Reserve, Store } from './store.js';
import { CacheDriver, isSame, patternedValue } from './testing/cache-driver.js';
import { verify } from './verify.js';

const GIB = 2 ** 30;
const VALUE_BYTES = 100_000;
/** Chunks a page of that size's class. */
const PER_PAGE = 10;

/** A store with address space for 20 GiB, of which nothing is touched, whose next page is `page`. */
function storeAtPage(page: number): CacheDriver {
  const cache = new CacheDriver({ memoryLimitBytes: 64 * PAGE_BYTES, reserveBytes: 20 * GIB, hashPower: 12 });
  cache.store.core.views.control[Control.PAGES_TOUCHED] = page;
  return cache;
}

/** Address space above the machine's memory keeps a process from forking, and other tests of it start programs. */
afterAll(() => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
});

function refOf(cache: CacheDriver, key: string): number {
  return cache.locked(key, (ref) => ref);
}

describe('an arena', () => {
  test('is cut into segments of a gibibyte at most, together as large as the reserve and a page a class', () => {
    const { segments } = createArena({ memoryLimitBytes: GIB, reserveBytes: 2.5 * GIB });
    expect(segments.map((segment) => segment.byteLength <= SEGMENT_BYTES)).toEqual([true, true, true]);
    const bytes = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
    expect(bytes).toBe(2.5 * GIB + 65 * PAGE_BYTES);
  });

  test('survives being sent to another thread', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 100));
    const other = new Store(structuredClone(cache.arena), 1);
    expect(other.statistics.itemCount).toBe(1);
    expect(other.now()).toBe(cache.store.now());
  });

  test('costs no memory before it is used', () => {
    const before = process.memoryUsage().rss;
    const { store } = storeAtPage(1);
    expect(store.core.views.words).toHaveLength(32);
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * PAGE_BYTES);
  });

  test('has a table for one and a half of the smallest items a bucket', () => {
    const { core } = new CacheDriver({ memoryLimitBytes: GIB, reserveBytes: GIB }).store;
    expect(core.table.bucketsMax * 1.5 * 48).toBeGreaterThanOrEqual(GIB);
    expect(core.table.bucketsMax * 1.5 * 48).toBeLessThan(3 * GIB);
  });
});

describe('references', () => {
  test.each([
    ['the first segment to the second', 1024],
    ['the third to the fourth', 3 * 1024],
    ['what a positive int32 can say to what it cannot', 16 * 1024],
  ])('work across the border from %s', (_, border) => {
    const cache = storeAtPage(border - 2);
    for (let i = 0; i < 5 * PER_PAGE; i++) cache.set(`key${i}`, patternedValue(i, VALUE_BYTES));
    cache.set('large', patternedValue(99, 900_000));
    const pages = new Set(Array.from({ length: 5 * PER_PAGE }, (_, i) => refOf(cache, `key${i}`) >>> 17));
    expect(Math.min(...pages)).toBe(border - 2);
    expect(Math.max(...pages)).toBeGreaterThan(border);
    for (let i = 0; i < 5 * PER_PAGE; i++) {
      expect(isSame(cache.get(`key${i}`), patternedValue(i, VALUE_BYTES))).toBe(true);
    }
    expect(isSame(cache.get('large'), patternedValue(99, 900_000))).toBe(true);
    expect(verify(cache.store)).toEqual([]);
  });

  test('that are negative numbers are evicted, moved and freed like all others', () => {
    const cache = storeAtPage(16 * 1024);
    cache.store.setMemoryLimit(3 * PAGE_BYTES);
    for (let i = 0; i < 5 * PER_PAGE; i++) cache.set(`key${i}`, patternedValue(i, VALUE_BYTES));
    const last = `key${5 * PER_PAGE - 1}`;
    expect(refOf(cache, last)).toBeLessThan(0);
    const id = cache.locked(last, (ref) => cache.store.core.items.sizeClass(ref));
    const mover = new PageMover(cache.attach(1).store.core);
    expect(mover.start(id, 5)).toBe(true);
    for (let step = 0; mover.isRunning && step < 100; step++) mover.step(100);
    expect(isSame(cache.get(last), patternedValue(5 * PER_PAGE - 1, VALUE_BYTES))).toBe(true);
    for (let i = 0; i < 5 * PER_PAGE; i++) cache.delete(`key${i}`);
    expect(cache.store.statistics.itemCount).toBe(0);
    expect(verify(cache.store)).toEqual([]);
  });

  test('never equal what reserve answers instead of one', () => {
    const { core } = storeAtPage(1).store;
    const lastPage = (32 * GIB - 128 * PAGE_BYTES) / PAGE_BYTES + 64;
    const last = core.slabs.pageRef(lastPage) + (PAGE_BYTES >> 3) - 1;
    expect(last).toBeLessThan(Reserve.NO_MEMORY);
    expect(core.slabs.pageOf(last)).toBe(lastPage);
  });
});

test('an item of a gibibyte can be reserved, and takes memory only as it is written', () => {
  const cache = new CacheDriver({ memoryLimitBytes: 4 * PAGE_BYTES, itemSizeMaxBytes: GIB });
  const ref = cache.reserve('key', GIB - 63);
  expect(ref).not.toBe(Reserve.TOO_LARGE);
  expect(cache.store.totalBytes(ref)).toBe(GIB - 1);
  expect(cache.reserve('key', GIB - 61)).toBe(Reserve.TOO_LARGE);
  expect(cache.store.statistics.takenBytes).toBe(PAGE_BYTES);
  cache.store.release(ref);
  expect(verify(cache.store)).toEqual([]);
});
