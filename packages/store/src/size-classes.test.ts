import { describe, expect, test } from '@jest/globals';
import { STORE_DEFAULTS } from './options.js';
import { SizeClasses } from './size-classes.js';

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
      expect(sizes.classOf(limit + 1)).toBe(Math.min(index + 2, 39));
    });
  });
});
