import { describe, expect, test } from '@jest/globals';
import { QueueCounter } from './control.js';
import type { StoreCore } from './core.js';
import { LOWER_HALF, LRU_NEXT, LRU_PREV, LRU_SHIFT, Lru } from './layout.js';
import { sizeBucket } from './lru.js';
import { bareItem, keyOf } from './testing/bare-item.js';
import { CacheDriver } from './testing/cache-driver.js';

/** The class of an item as small as these: the lower half of class 1. */
const CLASS = 1 | LOWER_HALF;
const HOT = CLASS | (Lru.HOT << LRU_SHIFT);
const WARM = CLASS | (Lru.WARM << LRU_SHIFT);
const COLD = CLASS | (Lru.COLD << LRU_SHIFT);

/** A store with the items a, b, c in the hot queue of their class, c the newest. */
function threeItems(): { core: StoreCore; a: number; b: number; c: number } {
  const { core } = new CacheDriver().store;
  const [a, b, c] = ['a', 'b', 'c'].map((key) => bareItem(core, { key }));
  for (const ref of [a, b, c]) core.queues.link(ref);
  return { core, a, b, c };
}

/** Keys of a queue from head to tail, after checking that it reads the same from tail to head. */
function keysOf(core: StoreCore, queue: number): string {
  const down: number[] = [];
  for (let ref = core.queues.head(queue); ref !== 0; ref = core.items.get(ref, LRU_NEXT)) down.push(ref);
  const up: number[] = [];
  for (let ref = core.queues.tail(queue); ref !== 0; ref = core.items.get(ref, LRU_PREV)) up.push(ref);
  expect(up.reverse()).toEqual(down);
  expect(core.queues.count(queue)).toBe(down.length);
  return down.map((ref) => keyOf(core, ref)).join('');
}

describe('a queue', () => {
  test('has the newest item at its head and the oldest at its tail', () => {
    const { core } = threeItems();
    expect(keysOf(core, HOT)).toBe('cba');
  });

  test.each([
    ['head', 2, 'ba'],
    ['middle', 1, 'ca'],
    ['tail', 0, 'cb'],
  ])('closes the gap when the item at its %s leaves', (_, index, left) => {
    const { core, a, b, c } = threeItems();
    core.queues.unlink([a, b, c][index]);
    expect(keysOf(core, HOT)).toBe(left);
  });

  test('is empty when its only item has left', () => {
    const { core, a, b, c } = threeItems();
    for (const ref of [b, a, c]) core.queues.unlink(ref);
    expect(keysOf(core, HOT)).toBe('');
    expect(core.queues.counter(HOT, QueueCounter.BYTES)).toBe(0);
  });

  test('knows its items and their accounted bytes', () => {
    const { core } = threeItems();
    expect(core.queues.count(HOT)).toBe(3);
    expect(core.queues.counter(HOT, QueueCounter.BYTES)).toBe(3 * (48 + 8 + 1 + 1 + 10 + 2));
  });
});

describe('an item', () => {
  test('moves to the head of another queue of its class, and its tag with it', () => {
    const { core, a, b } = threeItems();
    core.queues.moveTo(b, COLD);
    core.queues.moveTo(a, COLD);
    expect(keysOf(core, HOT)).toBe('c');
    expect(keysOf(core, COLD)).toBe('ab');
    expect(core.items.queue(a)).toBe(COLD);
    expect(core.queues.counter(HOT, QueueCounter.BYTES)).toBe(70);
    expect(core.queues.counter(COLD, QueueCounter.BYTES)).toBe(140);
  });

  test('moves to the head of its own queue', () => {
    const { core, a } = threeItems();
    core.queues.moveTo(a, HOT);
    expect(keysOf(core, HOT)).toBe('acb');
  });
});

describe('a copy takes the place of an item', () => {
  test.each([
    ['head', 2, 'Xba'],
    ['middle', 1, 'cXa'],
    ['tail', 0, 'cbX'],
  ])('at the %s of its queue', (_, index, order) => {
    const { core, a, b, c } = threeItems();
    const moved = bareItem(core, { key: 'X' });
    core.queues.substitute([a, b, c][index], moved);
    expect(keysOf(core, HOT)).toBe(order);
  });

  test('between the neighbours it has now, not those it had when the copy was made', () => {
    const { core, a, b, c } = threeItems();
    const moved = bareItem(core, { key: 'X' });
    core.items.set(moved, LRU_PREV, core.items.get(b, LRU_PREV));
    core.items.set(moved, LRU_NEXT, core.items.get(b, LRU_NEXT));
    core.queues.unlink(a);
    core.queues.unlink(c);
    core.queues.link(bareItem(core, { key: 'd' }));
    core.queues.substitute(b, moved);
    expect(keysOf(core, HOT)).toBe('dX');
  });
});

describe('the numbers of a class', () => {
  test('are those of its four queues together', () => {
    const { core, a, b } = threeItems();
    core.queues.moveTo(a, WARM);
    core.queues.moveTo(b, COLD);
    expect(core.queues.countOfClass(CLASS)).toBe(3);
    expect(core.queues.countOfClass(CLASS + 1)).toBe(0);
    core.queues.add(WARM, QueueCounter.EVICTED, 2);
    core.queues.add(COLD, QueueCounter.EVICTED, 3);
    expect(core.queues.classCounter(CLASS, QueueCounter.EVICTED)).toBe(5);
  });

  test('start anew at a reset, but for the bytes, which are no counter', () => {
    const { core } = threeItems();
    core.queues.add(HOT, QueueCounter.RECLAIMED, 7);
    core.queues.add(HOT, QueueCounter.DIRECT_RECLAIMS, 7);
    core.queues.resetCounters(CLASS);
    expect(core.queues.classCounter(CLASS, QueueCounter.RECLAIMED)).toBe(0);
    expect(core.queues.classCounter(CLASS, QueueCounter.DIRECT_RECLAIMS)).toBe(0);
    expect(core.queues.classCounter(CLASS, QueueCounter.BYTES)).toBe(210);
  });
});

describe('the histogram of sizes', () => {
  test.each([
    [1, 1],
    [32, 1],
    [33, 2],
    [2 ** 20, 32_768],
    [2 ** 20 + 1, 32_768],
    [2 ** 30, 32_768],
  ])('counts an item of %i bytes in bucket %i', (bytes, bucket) => {
    expect(sizeBucket(bytes)).toBe(bucket);
  });

  test('follows items that come and go when sizes are tracked', () => {
    const { core } = new CacheDriver({ trackSizes: true }).store;
    const ref = bareItem(core, { valueBytes: 100 });
    core.queues.link(ref);
    expect(core.views.sizes[sizeBucket(core.items.accountedBytes(ref))]).toBe(1);
    core.queues.moveTo(ref, core.items.queue(ref) | (Lru.COLD << LRU_SHIFT));
    core.queues.unlink(ref);
    expect(core.views.sizes.some((count) => count !== 0)).toBe(false);
  });
});
