import { describe, expect, test } from '@jest/globals';
import { QueueCounter } from './control.js';
import { CLASS_NUMBER_MASK, PAGE_BYTES } from './layout.js';
import type { StoreOptions } from './options.js';
import { CacheDriver } from './testing/cache-driver.js';

const KIB = 1024;
const FLAT = { segmented: false, maintainer: false };

/** Stores `count` values under the keys key0, key1 and so on; all must be taken. */
function filled(count: number, valueBytes: number, options: Partial<StoreOptions>): CacheDriver {
  const cache = new CacheDriver(options);
  const value = new Uint8Array(valueBytes);
  let stored = 0;
  for (let i = 0; i < count; i++) stored += Number(cache.set(`key${i}`, value) === 'stored');
  expect(stored).toBe(count);
  return cache;
}

function evicted(cache: CacheDriver): number {
  return cache.store.statistics.queueTotal(QueueCounter.EVICTED);
}

describe("memcached's own tests count on these numbers", () => {
  test('-m 3 holds 36 values of 66,560 bytes in class 31, and each further one evicts one', () => {
    const cache = filled(36, 66_560, { memoryLimitBytes: 3 * PAGE_BYTES });
    expect(cache.locked('key0', (ref) => cache.store.sizeClass(ref))).toBe(31);
    expect(cache.store.statistics.itemsOf(31).count[0]).toBe(36);
    expect(evicted(cache)).toBe(0);
    const more = filled(76, 66_560, { memoryLimitBytes: 3 * PAGE_BYTES });
    expect(evicted(more)).toBe(40);
    expect(more.store.statistics.itemCount).toBe(36);
  });

  test('-m 64 with chunks up to 1 MiB holds exactly 64 values of 1 MiB less 250 bytes, and drops the oldest', () => {
    const cache = filled(101, 2 ** 20 - 250, {
      memoryLimitBytes: 64 * PAGE_BYTES,
      slabChunkMaxBytes: 2 ** 20,
      ...FLAT,
    });
    expect(evicted(cache)).toBe(37);
    expect(cache.store.statistics.itemCount).toBe(64);
    expect(cache.get('key36')).toBeNull();
    expect(cache.get('key37')).not.toBeNull();
  });

  test('-m 2 -M holds at least 236 values of 8 KiB, and all of them stay when more are refused', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * PAGE_BYTES, evictions: false });
    const value = new Uint8Array(8 * KIB);
    let stored = 0;
    while (stored < 1000 && cache.set(`key${stored}`, value) === 'stored') stored++;
    expect(stored).toBeGreaterThanOrEqual(236);
    expect(cache.set('more', value)).toBe('no memory');
    expect(cache.store.statistics.queueTotal(QueueCounter.OUT_OF_MEMORY)).toBe(2);
    expect(cache.store.statistics.itemCount).toBe(stored);
  });

  test('one empty value is one chunk of class 1, two are two', () => {
    const cache = filled(1, 0, {});
    expect(cache.store.statistics.slabsOf(1).usedChunks).toBe(1);
    cache.set('other', new Uint8Array(0));
    expect(cache.store.statistics.slabsOf(1).usedChunks).toBe(2);
  });

  test('values of 400 KiB reach a limit of two pages, of which a gibibyte counts as taken before, within five', () => {
    const cache = new CacheDriver({
      memoryLimitBytes: 1026 * PAGE_BYTES,
      initialTakenBytes: 1024 * PAGE_BYTES + 32,
      evictions: false,
    });
    const value = new Uint8Array(400 * KIB);
    let stored = 0;
    while (stored < 10 && cache.set(`key${stored}`, value) === 'stored') stored++;
    expect(stored).toBe(2);
  });
});

describe('the same -m holds at least as many items as memcached does', () => {
  /** memcached: 48 bytes of header, 8 of CAS, key and NUL, value and CRLF, in chunks of the class's size. */
  const theirs = (cache: CacheDriver, keyBytes: number, valueBytes: number) => {
    const { sizes } = cache.store.core.slabs;
    return Math.floor(
      PAGE_BYTES / sizes.limits[sizes.classOf(48 + 8 + keyBytes + 1 + valueBytes + 2) & CLASS_NUMBER_MASK],
    );
  };

  test.each([
    [10, 1.49],
    [30, 1.36],
    [100, 1.26],
    [300, 1.04],
    [1000, 1.01],
  ])('with values of %i bytes %d times as many', (valueBytes, ratio) => {
    const enough = Math.ceil((1.5 * PAGE_BYTES) / (56 + valueBytes));
    const cache = new CacheDriver({ memoryLimitBytes: PAGE_BYTES, hashPower: 12, ...FLAT });
    const value = new Uint8Array(valueBytes);
    for (let i = 0; i < enough; i++) cache.set(`key${String(i).padStart(5, '0')}`, value);
    expect(evicted(cache)).toBeGreaterThan(0);
    expect(cache.store.statistics.itemCount).toBeGreaterThanOrEqual(ratio * theirs(cache, 8, valueBytes));
  });
});
