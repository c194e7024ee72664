import { expect, test } from '@jest/globals';
import { createArena } from './arena.js';
import { Store } from './store.js';
import { CacheDriver, patternedValue } from './testing/cache-driver.js';

test('the time is zero until somebody sets it', () => {
  const store = new Store(createArena({ memoryLimitBytes: 2 ** 20 }), 0);
  expect(store.now()).toBe(0);
  expect(store.clock.now()).toBe(0);
});

test('the time that one thread sets is the time of all', () => {
  const cache = new CacheDriver();
  const other = cache.attach(1);
  cache.store.clock.set(12_345);
  expect(other.store.now()).toBe(12_345);
  expect(other.store.clock.now()).toBe(12_345);
});

test('an item carries the second it was stored in', () => {
  const cache = new CacheDriver();
  cache.store.clock.set(777);
  cache.set('key', patternedValue(1, 5));
  expect(cache.locked('key', (ref) => cache.store.lastAccess(ref))).toBe(777);
});
