import { describe, expect, test } from '@jest/globals';
import { Miss } from './store.js';
import { CacheDriver, patternedValue } from './testing/cache-driver.js';
import { verify } from './verify.js';

const VALUE = patternedValue(1, 20);

describe('a flush', () => {
  test('kills what was stored before it, and nothing that is stored later in the same second', () => {
    const cache = new CacheDriver();
    cache.set('old', VALUE);
    cache.store.flushAll(cache.store.now());
    cache.set('new', VALUE);
    expect(cache.get('old')).toBeNull();
    expect(cache.store.missReason).toBe(Miss.FLUSHED);
    expect(cache.get('new')).not.toBeNull();
    cache.store.clock.set(200);
    expect(cache.get('new')).not.toBeNull();
  });

  test('touches no item: the dead are there until somebody meets them', () => {
    const cache = new CacheDriver();
    for (let i = 0; i < 50; i++) cache.set(`key${i}`, VALUE);
    cache.store.flushAll(cache.store.now());
    expect(cache.store.statistics.itemCount).toBe(50);
    expect(cache.get('key7')).toBeNull();
    expect(cache.store.statistics.itemCount).toBe(49);
  });

  test('kills an item that was fetched again and again just before', () => {
    const cache = new CacheDriver();
    cache.set('key', VALUE);
    for (let i = 0; i < 3; i++) cache.get('key');
    cache.store.flushAll(cache.store.now());
    expect(cache.get('key')).toBeNull();
  });

  test('asked for at a moment that has passed works now', () => {
    const cache = new CacheDriver();
    cache.set('key', VALUE);
    cache.store.flushAll(cache.store.now() - 50);
    expect(cache.get('key')).toBeNull();
    expect(cache.store.flushTime()).toBe(cache.store.now());
  });

  test('repeated two hundred times in one second never lets an item come back', () => {
    const cache = new CacheDriver();
    for (let round = 0; round < 200; round++) {
      cache.set(`key${round}`, VALUE);
      cache.store.flushAll(cache.store.now());
      if (round % 10 !== 9) continue;
      for (let before = 0; before <= round; before++) {
        const isThere = cache.locked(`key${before}`, (ref) => ref !== 0);
        if (isThere) throw new Error(`key${before} came back after ${round + 1} flushes`);
      }
    }
    cache.set('last', VALUE);
    expect(cache.get('last')).not.toBeNull();
    expect(verify(cache.store)).toEqual([]);
  });

  test('that takes dead items out leaves those of earlier seconds to others', () => {
    const cache = new CacheDriver();
    cache.set('older', VALUE);
    cache.store.clock.set(101);
    for (let round = 0; round < 40; round++) cache.store.flushAll(101);
    expect(cache.store.statistics.itemCount).toBe(1);
    expect(cache.get('older')).toBeNull();
  });

  test('that takes dead items out leaves the living ones', () => {
    const cache = new CacheDriver();
    for (let round = 0; round < 40; round++) {
      cache.set(`key${round}`, VALUE);
      if (round < 39) cache.store.flushAll(cache.store.now());
    }
    expect(cache.get('key39')).not.toBeNull();
    expect(cache.store.statistics.itemCount).toBeLessThan(40);
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('a delayed flush', () => {
  test('does nothing until its second, and then kills what was stored before it', () => {
    const cache = new CacheDriver();
    cache.set('before', VALUE);
    cache.store.flushAll(110);
    cache.set('meanwhile', VALUE);
    cache.store.clock.set(109);
    expect(cache.get('before')).not.toBeNull();
    expect(cache.get('meanwhile')).not.toBeNull();
    cache.store.clock.set(110);
    cache.set('after', VALUE);
    expect(cache.get('before')).toBeNull();
    expect(cache.get('meanwhile')).toBeNull();
    expect(cache.get('after')).not.toBeNull();
  });

  test('works when the clock jumps over its second', () => {
    const cache = new CacheDriver();
    cache.set('key', VALUE);
    cache.store.flushAll(110);
    cache.store.clock.set(500);
    expect(cache.get('key')).toBeNull();
    cache.set('key', VALUE);
    expect(cache.get('key')).not.toBeNull();
  });

  test('does not bring back what an earlier flush killed, nor harm what survived that one', () => {
    const cache = new CacheDriver();
    cache.set('dead', VALUE);
    cache.store.flushAll(100);
    cache.set('alive', VALUE);
    cache.store.clock.set(105);
    cache.store.flushAll(160);
    expect(cache.get('dead')).toBeNull();
    expect(cache.get('alive')).not.toBeNull();
  });

  test('is dropped by a later flush', () => {
    const cache = new CacheDriver();
    cache.store.flushAll(110);
    cache.store.flushAll(100);
    cache.set('key', VALUE);
    cache.store.clock.set(120);
    expect(cache.get('key')).not.toBeNull();
  });

  test('is the flush that is shown, even before it is in force', () => {
    const cache = new CacheDriver();
    expect(cache.store.flushTime()).toBe(0);
    cache.store.flushAll(100);
    expect(cache.store.flushTime()).toBe(100);
    cache.store.flushAll(160);
    expect(cache.store.flushTime()).toBe(160);
    cache.store.clock.set(160);
    expect(cache.store.flushTime()).toBe(160);
  });
});
