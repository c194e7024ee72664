import { describe, expect, test } from '@jest/globals';
import { Control, QueueCounter, Tuning } from './control.js';
import { Eviction, type PullLimits } from './evictor.js';
import { ItemMark, LRU_SHIFT, Lru, PAGE_BYTES } from './layout.js';
import type { StoreOptions } from './options.js';
import { keyOf } from './testing/bare-item.js';
import { CacheDriver } from './testing/cache-driver.js';
import { verify } from './verify.js';

/** Two chunks a page: a store of two pages holds four of these. */
const LARGE = new Uint8Array(400_000);
const CLASS = 39;
const NO_ROOM: PullLimits = { limitBytes: 0, maxAgeSeconds: 0 };
const MUCH_ROOM: PullLimits = { limitBytes: 2 ** 40, maxAgeSeconds: 1e9 };

function newCache(options: Partial<StoreOptions> = {}): CacheDriver {
  return new CacheDriver({ memoryLimitBytes: 2 * PAGE_BYTES, slabAutomove: 0, ...options });
}

/** A store with four items, a the oldest; there is room for no fifth. */
function fullCache(options: Partial<StoreOptions> = {}): CacheDriver {
  const cache = newCache(options);
  for (const key of 'abcd') cache.set(key, LARGE);
  return cache;
}

function counterOf(cache: CacheDriver, counter: QueueCounter): number {
  return cache.store.core.queues.classCounter(CLASS, counter);
}

function lruOf(cache: CacheDriver, key: string): number {
  return cache.locked(key, (ref) => cache.store.lruOf(ref));
}

function mark(cache: CacheDriver, key: string, marks: number): void {
  cache.locked(key, (ref) => cache.store.core.items.setMark(ref, marks));
}

function pull(cache: CacheDriver, lru: number, limits: PullLimits, eviction: Eviction = Eviction.NONE): boolean {
  return cache.store.core.evictor.pullTail(CLASS, lru, limits, eviction);
}

/** Which of the keys are still there. */
function kept(cache: CacheDriver, keys: string): string {
  return [...keys].filter((key) => cache.locked(key, (ref) => ref !== 0)).join('');
}

describe('a store without room', () => {
  test('evicts the oldest item, and counts that', () => {
    const cache = fullCache();
    cache.store.clock.set(130);
    expect(cache.set('e', LARGE)).toBe('stored');
    expect(kept(cache, 'abcde')).toBe('bcde');
    expect(counterOf(cache, QueueCounter.EVICTED)).toBe(1);
    expect(counterOf(cache, QueueCounter.EVICTED_UNFETCHED)).toBe(1);
    expect(counterOf(cache, QueueCounter.EVICTED_NONZERO)).toBe(0);
    expect(counterOf(cache, QueueCounter.EVICTED_TIME)).toBe(30);
    expect(counterOf(cache, QueueCounter.DIRECT_RECLAIMS)).toBe(2);
    expect(verify(cache.store)).toEqual([]);
  });

  test('takes an expired item at the tail first, which is no eviction', () => {
    const cache = newCache();
    cache.set('a', LARGE, { exptime: 110 });
    for (const key of 'bcd') cache.set(key, LARGE);
    cache.store.clock.set(110);
    expect(cache.set('e', LARGE)).toBe('stored');
    expect(kept(cache, 'abcde')).toBe('bcde');
    expect(counterOf(cache, QueueCounter.EVICTED)).toBe(0);
    expect(counterOf(cache, QueueCounter.RECLAIMED)).toBe(1);
    expect(counterOf(cache, QueueCounter.EXPIRED_UNFETCHED)).toBe(1);
  });

  test('spares an item that was fetched twice for one that was not', () => {
    const cache = fullCache();
    for (let i = 0; i < 2; i++) cache.get('a');
    cache.set('e', LARGE);
    expect(kept(cache, 'abcde')).toBe('acde');
    expect(lruOf(cache, 'a')).toBe(Lru.WARM);
  });

  test('evicts an active item when there are only such', () => {
    const cache = fullCache();
    for (const key of 'abcd') mark(cache, key, ItemMark.ACTIVE | ItemMark.FETCHED);
    expect(cache.set('e', LARGE)).toBe('stored');
    expect(kept(cache, 'abcde')).toHaveLength(4);
    expect(counterOf(cache, QueueCounter.EVICTED)).toBe(1);
  });

  test('counts an evicted item that would have expired, one that was fetched, and one that was active', () => {
    const cache = newCache();
    cache.set('a', LARGE, { exptime: 900 });
    mark(cache, 'a', ItemMark.ACTIVE | ItemMark.FETCHED);
    pull(cache, Lru.HOT, NO_ROOM, Eviction.ANY);
    expect(counterOf(cache, QueueCounter.EVICTED_NONZERO)).toBe(1);
    expect(counterOf(cache, QueueCounter.EVICTED_UNFETCHED)).toBe(0);
    expect(counterOf(cache, QueueCounter.EVICTED_ACTIVE)).toBe(1);
  });

  test('evicts short-lived items last', () => {
    const cache = newCache({ temporaryTtlSeconds: 60 });
    cache.set('a', LARGE, { exptime: 130 });
    for (const key of 'bcd') cache.set(key, LARGE);
    cache.set('e', LARGE);
    expect(kept(cache, 'abcde')).toBe('acde');
    for (const key of 'cde') cache.delete(key);
    for (const key of 'fgh') cache.set(key, LARGE, { exptime: 130 });
    cache.set('i', LARGE);
    expect(kept(cache, 'afghi')).toBe('fghi');
  });

  test('refuses instead of evicting when evictions are off, but still takes what is dead', () => {
    const cache = newCache({ evictions: false });
    cache.set('a', LARGE, { exptime: 110 });
    for (const key of 'bcd') cache.set(key, LARGE);
    expect(cache.set('e', LARGE)).toBe('no memory');
    expect(kept(cache, 'abcd')).toBe('abcd');
    expect(counterOf(cache, QueueCounter.OUT_OF_MEMORY)).toBe(1);
    cache.store.clock.set(110);
    expect(cache.set('e', LARGE)).toBe('stored');
    expect(kept(cache, 'abcde')).toBe('bcde');
  });

  test('passes over items whose stripe is held, and counts that', () => {
    const cache = fullCache();
    const { stripes, items, queues } = cache.store.core;
    const oldest = items.hash(queues.tail(CLASS | (Lru.HOT << LRU_SHIFT)));
    stripes.lock(oldest);
    expect(cache.set('e', LARGE)).toBe('stored');
    stripes.unlock(oldest);
    expect(kept(cache, 'abcde')).toBe('acde');
    expect(counterOf(cache, QueueCounter.TAIL_LOCKED)).toBeGreaterThan(0);
  });

  test('refuses when every item near the tail is in use', () => {
    const cache = fullCache();
    const { stripes, items, queues } = cache.store.core;
    for (let ref = queues.tail(CLASS); ref !== 0; ref = items.get(ref, 1)) stripes.lock(items.hash(ref));
    expect(cache.store.core.evictor.takeChunk(CLASS)).toBe(0);
  });

  test('tells the observer of each item that is evicted, while it can still be read', () => {
    const cache = fullCache();
    const seen: string[] = [];
    cache.store.evictionObserver = (ref) => seen.push(keyOf(cache.store.core, ref));
    for (const key of 'efg') cache.set(key, LARGE);
    expect(seen.join('')).toBe('abc');
  });

  test('asks for a page for the class at every eviction when slab_automove is 2', () => {
    const cache = fullCache({ slabAutomove: 2 });
    const { control } = cache.store.core.views;
    expect(control[Control.REASSIGN_PENDING]).toBe(0);
    cache.set('e', LARGE);
    expect([
      control[Control.REASSIGN_PENDING],
      control[Control.REASSIGN_SOURCE],
      control[Control.REASSIGN_DESTINATION],
    ]).toEqual([1, -1, CLASS]);
  });

  test('gives up a large value when all chunks of a class are pieces of such', () => {
    const cache = newCache({ itemSizeMaxBytes: 4 * PAGE_BYTES });
    cache.set('large', new Uint8Array(600_000));
    cache.set('larger', new Uint8Array(900_000));
    expect(cache.set('a', LARGE)).toBe('stored');
    expect(cache.set('b', LARGE)).toBe('stored');
    expect(kept(cache, 'ab')).toBe('ab');
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('a flat store', () => {
  test('evicts in the order of storing, but for items fetched more than a minute later', () => {
    const cache = fullCache({ segmented: false, maintainer: false });
    cache.store.clock.set(150);
    cache.get('a');
    cache.store.clock.set(200);
    cache.get('b');
    cache.set('e', LARGE);
    expect(kept(cache, 'abcde')).toBe('bcde');
    cache.set('f', LARGE);
    expect(kept(cache, 'bcdef')).toBe('bdef');
  });

  test('looks at one tail for a dead item at every allocation', () => {
    const cache = newCache({ segmented: false, maintainer: false });
    cache.set('a', LARGE, { exptime: 110 });
    cache.store.clock.set(110);
    cache.set('b', LARGE);
    expect(counterOf(cache, QueueCounter.RECLAIMED)).toBe(1);
    expect(cache.store.statistics.itemCount).toBe(1);
  });
});

describe('the tail of a hot or warm queue', () => {
  test.each([
    ['stays while its queue is within its share and it is young', MUCH_ROOM, false, Lru.HOT],
    [
      'goes to cold when the queue is over its share',
      { limitBytes: 1000, maxAgeSeconds: MUCH_ROOM.maxAgeSeconds },
      true,
      Lru.COLD,
    ],
    ['goes to cold when it is too old', { limitBytes: MUCH_ROOM.limitBytes, maxAgeSeconds: 4 }, true, Lru.COLD],
    ['stays at exactly the share and the age', { limitBytes: 400_000 + 60, maxAgeSeconds: 5 }, false, Lru.HOT],
  ])('%s', (_, limits, isMoved, lru) => {
    const cache = newCache();
    cache.set('a', LARGE);
    cache.store.clock.set(105);
    expect(pull(cache, Lru.HOT, limits)).toBe(isMoved);
    expect(lruOf(cache, 'a')).toBe(lru);
  });

  test('goes to warm instead of cold when it is active, and is active no more', () => {
    const cache = newCache();
    cache.set('a', LARGE);
    mark(cache, 'a', ItemMark.ACTIVE);
    expect(pull(cache, Lru.HOT, NO_ROOM)).toBe(true);
    expect(lruOf(cache, 'a')).toBe(Lru.WARM);
    expect(cache.locked('a', (ref) => cache.store.isActive(ref))).toBe(false);
    expect(counterOf(cache, QueueCounter.MOVES_TO_WARM)).toBe(1);
  });

  test('goes round in warm while it is active, then to cold', () => {
    const cache = newCache();
    cache.set('a', LARGE);
    mark(cache, 'a', ItemMark.ACTIVE);
    pull(cache, Lru.HOT, NO_ROOM);
    mark(cache, 'a', ItemMark.ACTIVE);
    pull(cache, Lru.WARM, NO_ROOM);
    expect(lruOf(cache, 'a')).toBe(Lru.WARM);
    expect(counterOf(cache, QueueCounter.MOVES_WITHIN_LRU)).toBe(1);
    pull(cache, Lru.WARM, NO_ROOM);
    expect(lruOf(cache, 'a')).toBe(Lru.COLD);
    expect(counterOf(cache, QueueCounter.MOVES_TO_COLD)).toBe(1);
  });
});

describe('the tail of cold', () => {
  test('goes back to warm when somebody fetched it again', () => {
    const cache = newCache();
    cache.set('a', LARGE);
    pull(cache, Lru.HOT, NO_ROOM);
    mark(cache, 'a', ItemMark.ACTIVE);
    expect(pull(cache, Lru.COLD, NO_ROOM, Eviction.IDLE)).toBe(true);
    expect(lruOf(cache, 'a')).toBe(Lru.WARM);
    expect(counterOf(cache, QueueCounter.EVICTED)).toBe(0);
  });

  test('stays when nobody asks for room', () => {
    const cache = newCache();
    cache.set('a', LARGE);
    pull(cache, Lru.HOT, NO_ROOM);
    expect(pull(cache, Lru.COLD, NO_ROOM)).toBe(false);
    expect(kept(cache, 'a')).toBe('a');
  });
});

describe('the tail of the temporary queue', () => {
  test('is taken when it is dead, and by nothing else but an eviction', () => {
    const cache = newCache({ temporaryTtlSeconds: 60 });
    cache.set('a', LARGE, { exptime: 130 });
    expect(pull(cache, Lru.TEMP, NO_ROOM)).toBe(false);
    cache.store.clock.set(130);
    expect(pull(cache, Lru.TEMP, NO_ROOM)).toBe(true);
    expect(counterOf(cache, QueueCounter.RECLAIMED)).toBe(1);
  });
});

test('a pull at an empty queue does nothing', () => {
  const cache = newCache();
  for (const lru of [Lru.HOT, Lru.WARM, Lru.COLD, Lru.TEMP]) {
    expect(pull(cache, lru, NO_ROOM, Eviction.ANY)).toBe(false);
  }
});

test('items left in hot and warm by a segmented LRU are evicted by a flat one', () => {
  const cache = fullCache();
  cache.store.setTuning(Tuning.SEGMENTED, 0);
  for (const key of 'efgh') expect(cache.set(key, LARGE)).toBe('stored');
  expect(kept(cache, 'abcdefgh')).toHaveLength(4);
});
