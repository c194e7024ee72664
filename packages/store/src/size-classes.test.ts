import { describe, expect, test } from '@jest/globals';
import { bytesBeforeData } from './item.js';
import {
  ACCOUNTED_CAS_BYTES,
  ACCOUNTED_ENDS_BYTES,
  ACCOUNTED_HEADER_BYTES,
  alignWord,
  BODY_HEADER_BYTES,
  CHUNKED_WORDS,
  CLASS_NUMBER_MASK,
  LOWER_HALF,
  PAGE_BYTES,
} from './layout.js';
import { STORE_DEFAULTS, type StoreOptions } from './options.js';
import { SizeClasses } from './size-classes.js';
import { CacheDriver, isSame, patternedValue } from './testing/cache-driver.js';
import { verify } from './verify.js';

/** memcached 1.6's classes with default flags: limit of class n. */
const DEFAULT_LIMITS = [
  96, 120, 152, 192, 240, 304, 384, 480, 600, 752, 944, 1184, 1480, 1856, 2320, 2904, 3632, 4544, 5680, 7104, 8880,
  11104, 13880, 17352, 21696, 27120, 33904, 42384, 52984, 66232, 82792, 103496, 129376, 161720, 202152, 252696, 315872,
  394840, 524288,
];

describe('size classes', () => {
  test('have the limits of memcached with default flags', () => {
    const sizes = new SizeClasses(STORE_DEFAULTS);
    expect(sizes.largest).toBe(39);
    expect([...sizes.limits.slice(1, 40)]).toEqual(DEFAULT_LIMITS);
  });

  test('reach a whole page with slab_chunk_max at 1 MiB', () => {
    const sizes = new SizeClasses({ ...STORE_DEFAULTS, slabChunkMaxBytes: 2 ** 20 });
    expect(sizes.largest).toBe(42);
    expect(sizes.limits[42]).toBe(2 ** 20);
    expect(sizes.chunksPerPage[42]).toBe(1);
  });

  test('hold at least as many chunks a page as memcached, and more where the header saves enough', () => {
    const sizes = new SizeClasses(STORE_DEFAULTS);
    const theirs = DEFAULT_LIMITS.map((limit) => Math.floor(2 ** 20 / limit));
    const ours = [...sizes.chunksPerPage.slice(1, 40)];
    ours.forEach((count, index) => {
      expect(count).toBeGreaterThanOrEqual(theirs[index]);
    });
    expect(ours[0]).toBe(13107);
  });

  test('take an item whose accounted size is exactly their limit, and not one byte more', () => {
    const sizes = new SizeClasses(STORE_DEFAULTS);
    DEFAULT_LIMITS.forEach((limit, index) => {
      expect(sizes.classOf(limit)).toBe(index + 1);
      expect(sizes.classOf(limit + 1) & CLASS_NUMBER_MASK).toBe(Math.min(index + 2, 39));
    });
  });

  test('have a lower half up to items of 4 KiB, so that an item wastes an eighth of its chunk at most', () => {
    const sizes = new SizeClasses(STORE_DEFAULTS);
    const halved = sizes.ids.filter((id) => id >= LOWER_HALF);
    expect(halved).toEqual(Array.from({ length: 17 }, (_, index) => LOWER_HALF | (index + 1)));
    for (let accounted = 97; accounted <= 3632; accounted++) {
      const id = sizes.classOf(accounted);
      expect(accounted / sizes.limits[id]).toBeGreaterThan(0.875 - 8 / accounted);
      expect(id & CLASS_NUMBER_MASK).toBe(DEFAULT_LIMITS.findIndex((limit) => accounted <= limit) + 1);
    }
  });

  test('share their number with their lower half', () => {
    const sizes = new SizeClasses(STORE_DEFAULTS);
    expect([sizes.halvesOf(4), sizes.halvesOf(31)]).toEqual([[4, 4 | LOWER_HALF], [31]]);
  });
});

const CONFIGURATIONS: [string, Partial<StoreOptions>][] = [
  ['default flags', {}],
  ['-C', { casEnabled: false }],
  ['-n 1', { minSizeBytes: 1 }],
  ['-n 1 -C', { minSizeBytes: 1, casEnabled: false }],
  ['-n 500', { minSizeBytes: 500 }],
  ['-f 1.01', { growthFactor: 1.01 }],
  ['-f 1.07', { growthFactor: 1.07 }],
  ['-f 4', { growthFactor: 4 }],
  ['slab_chunk_max of 1 KiB', { slabChunkMaxBytes: 1024 }],
  [
    'slab_chunk_max of 1 KiB -n 1 -f 1.05 -C',
    { slabChunkMaxBytes: 1024, minSizeBytes: 1, growthFactor: 1.05, casEnabled: false },
  ],
  ['slab_chunk_max of 1 MiB', { slabChunkMaxBytes: 2 ** 20 }],
  ['-n larger than any chunk', { minSizeBytes: 2 ** 21 }],
];

describe.each(CONFIGURATIONS)('with %s', (_, change) => {
  const options = { ...STORE_DEFAULTS, ...change };
  const sizes = new SizeClasses(options);
  const numbers = Array.from({ length: sizes.largest }, (_, index) => index + 1);
  const accountedHeader =
    ACCOUNTED_HEADER_BYTES + ACCOUNTED_ENDS_BYTES + (options.casEnabled ? ACCOUNTED_CAS_BYTES : 0);

  test('there are at most 63 classes, none smaller than the one before, all multiples of eight bytes', () => {
    expect(sizes.largest).toBeLessThanOrEqual(63);
    expect(sizes.limits[sizes.largest]).toBe(options.slabChunkMaxBytes);
    for (const id of numbers) expect(sizes.limits[id]).toBeGreaterThanOrEqual(sizes.limits[id - 1]);
    for (const id of sizes.ids) {
      expect([sizes.limits[id] % 8, sizes.chunkBytes[id] % 8]).toEqual([0, 0]);
      expect(sizes.chunksPerPage[id] * sizes.chunkBytes[id]).toBeLessThanOrEqual(PAGE_BYTES);
      expect(sizes.chunkBytes[id]).toBeGreaterThan(BODY_HEADER_BYTES);
    }
  });

  test('a lower half lies between two classes, and a page holds more of its chunks', () => {
    for (const id of sizes.ids.filter((each) => each >= LOWER_HALF)) {
      const number = id & CLASS_NUMBER_MASK;
      expect(sizes.limits[id]).toBeGreaterThan(sizes.limits[number - 1]);
      expect(sizes.limits[id]).toBeLessThan(sizes.limits[number]);
      expect(sizes.chunksPerPage[id]).toBeGreaterThan(sizes.chunksPerPage[number]);
    }
    expect(sizes.ids.map((id) => sizes.limits[id])).toEqual(
      sizes.ids.map((id) => sizes.limits[id]).sort((a, b) => a - b),
    );
  });

  test('every item that a class accounts for fits its chunk, whatever its key and flags', () => {
    for (const id of sizes.ids) {
      for (let keyBytes = 1; keyBytes <= 250; keyBytes++) {
        for (const clientFlags of [0, 1]) {
          const valueBytes = sizes.limits[id] - accountedHeader - keyBytes - 4 * clientFlags;
          if (valueBytes < 0) continue;
          const room = sizes.chunkBytes[sizes.classOf(sizes.limits[id])];
          const needed = bytesBeforeData(keyBytes, clientFlags) + alignWord(valueBytes);
          if (needed > room)
            throw new Error(`a key of ${keyBytes} bytes in class ${id} needs ${needed} of ${room} bytes`);
        }
      }
    }
  });

  test('the header of a chunked item fits a chunk with the longest key', () => {
    const needed = bytesBeforeData(250, 1) + 4 * CHUNKED_WORDS;
    expect(sizes.chunkBytes[sizes.classForMemory(needed)]).toBeGreaterThanOrEqual(needed);
  });

  test('a piece of memory gets the smallest class that holds it, or the largest', () => {
    for (let bytes = 1; bytes < options.slabChunkMaxBytes; bytes += 997) {
      const id = sizes.classForMemory(bytes);
      expect(id === sizes.largest || sizes.chunkBytes[id] >= bytes).toBe(true);
      const smaller = sizes.ids[sizes.ids.indexOf(id) - 1];
      expect(smaller === undefined || sizes.chunkBytes[smaller] < bytes).toBe(true);
    }
  });

  test('two items of exactly the size of each class lie side by side unharmed', () => {
    const cache = new CacheDriver({ ...change, memoryLimitBytes: 128 * PAGE_BYTES, itemSizeMaxBytes: 2 * PAGE_BYTES });
    const limits = [...new Set(sizes.ids.map((id) => sizes.limits[id]))];
    const stored: [string, Uint8Array][] = [];
    for (const limit of limits) {
      for (const spare of [0, 1]) {
        const key = `${limit}.${spare}`;
        const bytes = limit - accountedHeader - key.length - spare;
        if (bytes < 0) continue;
        stored.push([key, patternedValue(limit + spare, bytes)]);
        expect(cache.set(key, stored[stored.length - 1][1])).toBe('stored');
      }
    }
    for (const [key, value] of stored) expect(isSame(cache.get(key), value)).toBe(true);
    expect(verify(cache.store)).toEqual([]);
  });
});

test('a small growth factor wastes its classes on one size, as in memcached', () => {
  const sizes = new SizeClasses({ ...STORE_DEFAULTS, growthFactor: 1.01 });
  expect(sizes.largest).toBe(63);
  expect(new Set(sizes.limits.slice(1, 63))).toEqual(new Set([96]));
  expect(sizes.classOf(97)).toBe(63);
});

test('a large growth factor from the smallest size gives few classes, those of memcached', () => {
  const sizes = new SizeClasses({ ...STORE_DEFAULTS, growthFactor: 4, minSizeBytes: 1 });
  expect([...sizes.limits.slice(1, sizes.largest + 1)]).toEqual([56, 224, 896, 3584, 14_336, 57_344, 524_288]);
});
