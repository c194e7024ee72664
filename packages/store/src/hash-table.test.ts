import { describe, expect, test } from '@jest/globals';
import { Control, GlobalLock } from './control.js';
import type { StoreCore } from './core.js';
import { HASH_NEXT } from './layout.js';
import { bareItem, keyBytes } from './testing/bare-item.js';
import { CacheDriver, viewOf } from './testing/cache-driver.js';

const START = 4096;

function newCore(): StoreCore {
  return new CacheDriver({ hashPower: 12, memoryLimitBytes: 16 * 2 ** 20 }).store.core;
}

/** Looks up as somebody who holds the stripe does. */
function find(core: StoreCore, key: string, hash: number, version = core.stripes.version(hash)): number {
  const bytes = keyBytes(key);
  return core.table.find(bytes, viewOf(bytes), 0, bytes.length, hash, version);
}

function insert(core: StoreCore, key: string, hash: number): number {
  const ref = bareItem(core, { key, hash });
  core.table.insertLocked(ref, hash);
  return ref;
}

/** A number that looks like a hash and follows from `seed`. */
function mixed(seed: number): number {
  const half = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  return half ^ (half >>> 13);
}

describe('a chain', () => {
  test('finds an item by key and hash, and nothing by one of them', () => {
    const core = newCore();
    const ref = insert(core, 'key', 5);
    expect(find(core, 'key', 5)).toBe(ref);
    expect(find(core, 'kex', 5)).toBe(0);
    expect(find(core, 'key', 5 + START)).toBe(0);
  });

  test('tells items of one hash apart, and loses none when one of them leaves', () => {
    const core = newCore();
    const refs = ['a', 'b', 'c', 'd'].map((key) => insert(core, key, 7));
    core.table.removeLocked(refs[1], 7);
    core.table.removeLocked(refs[3], 7);
    expect(['a', 'b', 'c', 'd'].map((key) => find(core, key, 7))).toEqual([refs[0], 0, refs[2], 0]);
  });

  test('puts a successor where the item was', () => {
    const core = newCore();
    const refs = ['a', 'b', 'c'].map((key) => insert(core, key, 7));
    for (const [index, key] of ['a', 'b', 'c'].entries()) {
      const successor = bareItem(core, { key, hash: 7 });
      core.table.replaceLocked(refs[index], successor, 7);
      expect(find(core, key, 7)).toBe(successor);
    }
    expect(['a', 'b', 'c'].every((key) => find(core, key, 7) !== 0)).toBe(true);
  });

  test('of two hundred items is walked to its end', () => {
    const core = newCore();
    const refs = Array.from({ length: 200 }, (_, i) => insert(core, `key${i}`, 9));
    expect(refs.map((_, i) => find(core, `key${i}`, 9))).toEqual(refs);
    expect(find(core, 'other', 9)).toBe(0);
  });

  test('says whether it holds an item', () => {
    const core = newCore();
    const [linked, unlinked] = [insert(core, 'a', 3), bareItem(core, { key: 'b', hash: 3 })];
    expect(core.table.containsLocked(linked, 3)).toBe(true);
    expect(core.table.containsLocked(unlinked, 3)).toBe(false);
    expect(core.table.containsLocked(linked, 4)).toBe(false);
    expect(core.table.containsLocked(0, 3)).toBe(false);
  });

  test('refuses to let go of an item that it does not hold', () => {
    const core = newCore();
    insert(core, 'a', 3);
    const stranger = bareItem(core, { key: 'b', hash: 3 });
    expect(() => core.table.removeLocked(stranger, 3)).toThrow('it is not in its bucket');
  });
});

describe('a chain torn by a writer ends the search of a reader whose version has passed', () => {
  test('when it has become a ring', () => {
    const core = newCore();
    const version = core.stripes.version(7);
    const refs = ['a', 'b', 'c'].map((key) => insert(core, key, 7));
    core.items.set(refs[0], HASH_NEXT, refs[2]);
    core.stripes.lock(7);
    core.stripes.unlock(7);
    expect(find(core, 'other', 7, version)).toBe(0);
  });

  test('when it is a ring and the stripe is at rest again', () => {
    const core = newCore();
    const ref = insert(core, 'a', 7);
    core.items.set(ref, HASH_NEXT, ref);
    const version = core.stripes.version(7);
    core.stripes.lock(7);
    core.stripes.unlock(7);
    core.stripes.lock(7);
    core.stripes.unlock(7);
    expect(find(core, 'other', 7, version)).toBe(0);
  });

  test.each([
    ['an unused page', 30 << 17],
    ['the middle of a value', (1 << 17) + 5],
    ['a segment that does not exist', 0x7fffffff],
    ['the last unit that a reference can name', -1],
  ])('when it leads to %s', (_, anywhere) => {
    const core = newCore();
    const ref = insert(core, 'a', 7);
    core.items.set(ref, HASH_NEXT, anywhere);
    expect(find(core, 'other', 7)).toBe(0);
  });
});

describe('a split', () => {
  test('makes one bucket more at a time, and every item is found after each', () => {
    const core = newCore();
    const hashes = Array.from({ length: 300 }, (_, i) => mixed(i + 1));
    const refs = hashes.map((hash, i) => insert(core, `key${i}`, hash));
    for (let buckets = START + 1; buckets <= 3 * START; buckets++) {
      expect(core.table.trySplit()).toBe(true);
      if (core.table.buckets !== buckets) throw new Error(`${core.table.buckets} buckets instead of ${buckets}`);
      if (buckets % 512 > 1) continue;
      expect(hashes.map((hash, i) => find(core, `key${i}`, hash))).toEqual(refs);
    }
  });

  test('leaves every hash in the bucket or its lower half, never beyond the last', () => {
    const core = newCore();
    for (let splits = 0; splits < 2 * START; splits++) {
      const buckets = core.table.buckets;
      for (const hash of [0, -1, buckets, buckets - 1, mixed(splits)]) {
        const bucket = core.table.bucketOf(hash);
        const isItsOwn = bucket >= 0 && bucket < buckets && ((hash ^ bucket) & (START - 1)) === 0;
        if (!isItsOwn) throw new Error(`hash ${hash} is in bucket ${bucket} of ${buckets}`);
      }
      core.table.trySplit();
    }
  });

  test('moves exactly the items of the upper half', () => {
    const core = newCore();
    const low = insert(core, 'low', 0);
    const high = insert(core, 'high', START);
    const other = insert(core, 'other', 2 * START);
    core.table.trySplit();
    expect(core.table.head(START)).toBe(high);
    expect(core.items.get(high, HASH_NEXT)).toBe(0);
    expect([find(core, 'low', 0), find(core, 'other', 2 * START)]).toEqual([low, other]);
  });

  test('makes a new version of its stripe, so that a reader under way starts over', () => {
    const core = newCore();
    const before = core.stripes.version(0);
    core.table.trySplit();
    expect(core.stripes.version(0)).not.toBe(before);
    expect(core.stripes.version(1)).toBe(0);
  });

  test('is put off while the stripe is held or another split is under way', () => {
    const core = newCore();
    core.stripes.lock(0);
    expect(core.table.trySplit()).toBe(false);
    core.stripes.unlock(0);
    core.globals.lock(GlobalLock.SPLIT);
    expect(core.table.trySplit()).toBe(false);
    core.globals.unlock(GlobalLock.SPLIT);
    expect(core.table.buckets).toBe(START);
    expect(core.table.trySplit()).toBe(true);
  });

  test('is refused when the table is as large as its memory', () => {
    const core = newCore();
    core.views.control[Control.BUCKETS] = core.table.bucketsMax - 1;
    expect(core.table.trySplit()).toBe(true);
    expect(core.table.trySplit()).toBe(false);
    expect(core.table.buckets).toBe(core.table.bucketsMax);
    expect(core.table.isCrowded(2 ** 30)).toBe(false);
  });
});

test('a table is crowded above one and a half items a bucket', () => {
  const core = newCore();
  expect(core.table.isCrowded(1.5 * START)).toBe(false);
  expect(core.table.isCrowded(1.5 * START + 1)).toBe(true);
});
