import { describe, expect, test } from '@jest/globals';
import { createArena } from './arena.js';
import { Control, QueueCounter, Tuning } from './control.js';
import { StoreCounter } from './counters.js';
import { ItemMark, LRU_SHIFT, Lru } from './layout.js';
import type { StoreOptions } from './options.js';
import { ANTICIPATED_MAX } from './reads.js';
import { Miss } from './store.js';
import { keyBytes } from './testing/bare-item.js';
import { CacheDriver, isSame, patternedValue, viewOf } from './testing/cache-driver.js';
import { verify } from './verify.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('values', () => {
  test.each([0, 1, 2, 3, 4, 5, 99, 511, 512, 513, 8000, 500 * KIB, 524_200, 524_288, 900 * KIB, MIB - 100])(
    'of %i bytes come back as they were stored',
    (bytes) => {
      const cache = new CacheDriver();
      expect(cache.set('key', patternedValue(5, bytes), { flags: 7 })).toBe('stored');
      expect(isSame(cache.get('key'), patternedValue(5, bytes))).toBe(true);
      expect(verify(cache.store)).toEqual([]);
    },
  );

  test.each([1, 2, 3, 4, 5, 31, 249, 250])('are found under a key of %i bytes and under no other', (bytes) => {
    const cache = new CacheDriver();
    const key = 'k'.repeat(bytes);
    cache.set(key, patternedValue(1, 10));
    expect(isSame(cache.get(key), patternedValue(1, 10))).toBe(true);
    expect(cache.get(`${key.slice(1)}x`)).toBeNull();
    expect(cache.get(key.slice(1))).toBeNull();
  });

  test('above the item size limit are refused and leave nothing behind', () => {
    const cache = new CacheDriver();
    expect(cache.set('key', patternedValue(1, MIB))).toBe('too large');
    expect(verify(cache.store)).toEqual([]);
    expect(cache.store.statistics.itemCount).toBe(0);
  });

  test('of many megabytes lie in many chunks, across small chunk sizes too', () => {
    const cache = new CacheDriver({
      memoryLimitBytes: 64 * MIB,
      itemSizeMaxBytes: 16 * MIB,
      slabChunkMaxBytes: 16 * KIB,
    });
    expect(cache.set('key', patternedValue(9, 10 * MIB))).toBe('stored');
    expect(isSame(cache.get('key'), patternedValue(9, 10 * MIB))).toBe(true);
    expect(cache.append('key', patternedValue(3, 100 * KIB))).toBe(true);
    expect(cache.get('key')?.length).toBe(10 * MIB + 100 * KIB);
    expect(verify(cache.store)).toEqual([]);
  });

  test('are replaced, and the memory of the old one is used again', () => {
    const cache = new CacheDriver();
    for (let round = 0; round < 1000; round++) cache.set('key', patternedValue(round, 100));
    expect(isSame(cache.get('key'), patternedValue(999, 100))).toBe(true);
    expect(cache.store.statistics.slabsOf(4).usedChunks).toBe(1);
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('a store that is given views of its own to copy through', () => {
  test('copies long blocks through them, and short ones beside them', () => {
    const arena = createArena({ memoryLimitBytes: 2 * MIB });
    const elsewhere = arena.segments.map((segment) => new Uint8Array(segment.byteLength));
    const cache = new CacheDriver({}, arena, 0, (segment) => elsewhere[arena.segments.indexOf(segment)]);
    const [long, short] = [patternedValue(1, 5000), new Uint8Array(500).fill(0xaa)];
    cache.set('long', long);
    cache.set('short', short);
    expect(isSame(cache.get('long'), long)).toBe(true);
    expect(isSame(cache.get('short'), short)).toBe(true);
    const isElsewhere = (value: Uint8Array) =>
      elsewhere.some((bytes) => Buffer.from(bytes.buffer).includes(Buffer.from(value)));
    expect(isElsewhere(long)).toBe(true);
    expect(isElsewhere(short)).toBe(false);
  });
});

describe('lookups that are anticipated', () => {
  test('find what they would have found, present or not, up to the last chunk of the arena', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB });
    const keys = Array.from({ length: 40_000 }, (_, index) => `key-${index}`);
    for (const key of keys) cache.set(key, patternedValue(1, 10));
    const { store } = cache;
    const hashes = new Int32Array(ANTICIPATED_MAX);
    let found = 0;
    for (let from = 0; from + hashes.length <= keys.length; from += hashes.length) {
      for (let i = 0; i < hashes.length; i++) {
        const bytes = keyBytes(keys[from + i]);
        hashes[i] = store.hashKey(bytes, viewOf(bytes), 0, bytes.length);
      }
      cache.reads.anticipate(hashes, hashes.length);
      for (let i = 0; i < hashes.length; i++) found += Number(cache.get(keys[from + i]) !== null);
    }
    expect(found).toBe(store.statistics.itemCount);
    expect(verify(store)).toEqual([]);
  });
});

describe('an item', () => {
  test('expires at its second, and tells why it is gone', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 5), { exptime: 110 });
    cache.store.clock.set(109);
    expect(cache.get('key')).not.toBeNull();
    cache.store.clock.set(110);
    expect(cache.get('key')).toBeNull();
    expect(cache.store.missReason).toBe(Miss.EXPIRED);
    expect(cache.store.statistics.itemCount).toBe(0);
    expect(cache.get('key')).toBeNull();
    expect(cache.store.missReason).toBe(Miss.ABSENT);
  });

  test('stored before a flush is gone, one stored in the same second after it stays', () => {
    const cache = new CacheDriver();
    cache.set('old', patternedValue(1, 5));
    cache.store.flushAll(cache.store.now());
    cache.set('new', patternedValue(2, 5));
    expect(cache.get('old')).toBeNull();
    expect(cache.store.missReason).toBe(Miss.FLUSHED);
    expect(isSame(cache.get('new'), patternedValue(2, 5))).toBe(true);
    cache.store.clock.set(200);
    expect(isSame(cache.get('new'), patternedValue(2, 5))).toBe(true);
  });

  test('lives on until a delayed flush comes into force', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 5));
    cache.store.flushAll(105);
    expect(cache.get('key')).not.toBeNull();
    cache.store.clock.set(105);
    expect(cache.get('key')).toBeNull();
  });

  test('gets a new and higher CAS unique each time it is stored', () => {
    const cache = new CacheDriver();
    const casOf = () => cache.locked('key', (ref) => cache.store.casLow(ref));
    cache.set('key', patternedValue(1, 5));
    const first = casOf();
    cache.set('key', patternedValue(2, 5));
    expect(casOf()).toBeGreaterThan(first);
  });

  test('has no CAS unique when CAS is off', () => {
    const cache = new CacheDriver({ casEnabled: false });
    cache.set('key', patternedValue(1, 300));
    expect(cache.locked('key', (ref) => cache.store.casLow(ref))).toBe(0);
    expect(isSame(cache.get('key'), patternedValue(1, 300))).toBe(true);
  });

  test('is fetched after one hit and active after two', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 5));
    const marks = () => cache.locked('key', (ref) => [cache.store.isFetched(ref), cache.store.isActive(ref)]);
    expect(marks()).toEqual([false, false]);
    cache.get('key', 0);
    expect(marks()).toEqual([false, false]);
    cache.get('key');
    expect(marks()).toEqual([true, false]);
    cache.get('key');
    expect(marks()).toEqual([true, true]);
  });

  test('that is pinned keeps its value when it is deleted, until the pin ends', () => {
    const cache = new CacheDriver();
    const value = patternedValue(1, 700 * KIB);
    cache.set('key', value);
    const [ref, hash] = cache.locked('key', (found, itsHash) => {
      cache.store.pinLocked(found);
      return [found, itsHash];
    });
    expect(cache.delete('key')).toBe(true);
    cache.set('other', patternedValue(2, 700 * KIB));
    const out = new Uint8Array(value.length);
    for (let at = 0; at < out.length; at += 100_000) {
      cache.store.copyValuePart(ref, at, Math.min(100_000, out.length - at), out, at);
    }
    expect(isSame(out, value)).toBe(true);
    expect(verify(cache.store, 3)).not.toEqual([]);
    cache.store.unpin(ref, hash);
    expect(verify(cache.store)).toEqual([]);
  });

  test('keeps marks that commands set', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 5));
    cache.locked('key', (ref) => cache.store.setMarkLocked(ref, ItemMark.STALE));
    expect(cache.locked('key', (ref) => cache.store.hasMark(ref, ItemMark.STALE))).toBe(true);
    cache.locked('key', (ref) => cache.store.clearMarkLocked(ref, ItemMark.STALE));
    expect(cache.locked('key', (ref) => cache.store.hasMark(ref, ItemMark.STALE))).toBe(false);
  });
});

describe('a value stored over one of the same length', () => {
  const refOf = (cache: CacheDriver) => cache.locked('key', (ref) => ref);

  test('takes its place in memory, with new flags, expiry and CAS, and as good as new', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 50), { flags: 7, exptime: 500 });
    const [before, cas] = [refOf(cache), cache.locked('key', (ref) => cache.store.casLow(ref))];
    cache.get('key');
    cache.locked('key', (ref) => cache.store.setMarkLocked(ref, ItemMark.STALE | ItemMark.WIN_SENT));
    cache.store.clock.set(130);
    cache.set('key', patternedValue(2, 50), { flags: 9, exptime: 900 });
    expect(refOf(cache)).toBe(before);
    cache.locked('key', (ref) => {
      const { store } = cache;
      expect([store.clientFlags(ref), store.exptime(ref), store.lastAccess(ref)]).toEqual([9, 900, 130]);
      expect([store.keyBytes(ref), store.valueBytes(ref)]).toEqual([3, 50]);
      expect(store.casLow(ref)).toBeGreaterThan(cas);
      expect([store.hasMark(ref, ItemMark.STALE), store.hasMark(ref, ItemMark.WIN_SENT)]).toEqual([false, false]);
      expect([store.isFetched(ref), store.isActive(ref)]).toEqual([false, true]);
    });
    expect(isSame(cache.get('key'), patternedValue(2, 50))).toBe(true);
    expect(cache.store.statistics.counter(StoreCounter.TOTAL_ITEMS)).toBe(2);
    expect(verify(cache.store)).toEqual([]);
  });

  test.each<[string, Partial<StoreOptions>, object, object]>([
    ['with flags where there were none', {}, {}, { flags: 1 }],
    ['without flags where there were some', {}, { flags: 1 }, {}],
    ['with a lifetime for the temporary queue', { temporaryTtlSeconds: 60 }, {}, { exptime: 130 }],
    ['with one too long for the temporary queue', { temporaryTtlSeconds: 60 }, { exptime: 130 }, { exptime: 900 }],
    ['while nothing may be evicted', { evictions: false }, {}, {}],
    ['in a flat LRU', { segmented: false }, {}, {}],
  ])('is a new item %s', (_, options, first, second) => {
    const cache = new CacheDriver(options);
    cache.set('key', patternedValue(1, 50), first);
    const before = refOf(cache);
    cache.set('key', patternedValue(2, 50), second);
    expect(refOf(cache)).not.toBe(before);
    expect(isSame(cache.get('key'), patternedValue(2, 50))).toBe(true);
    expect(verify(cache.store)).toEqual([]);
  });

  test('is a new item when the old one is dead', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 50), { exptime: 110 });
    cache.store.clock.set(110);
    cache.set('key', patternedValue(2, 50));
    expect(cache.locked('key', (ref) => cache.store.isActive(ref))).toBe(false);
  });
});

describe('a value that is changed where it lies', () => {
  test('is padded with blanks to its old length, and nothing behind it changes', () => {
    const cache = new CacheDriver();
    const text = (letters: string) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    cache.set('key', text('12345'));
    cache.set('kez', text('next!'));
    const number = text('99');
    cache.locked('key', (ref) => cache.store.overwriteValueLocked(ref, number, viewOf(number), 0, 2));
    expect(isSame(cache.get('key'), text('99   '))).toBe(true);
    expect(isSame(cache.get('kez'), text('next!'))).toBe(true);
  });
});

describe('an item that is used without a fetch', () => {
  test('counts as used now', () => {
    const cache = new CacheDriver();
    cache.set('key', patternedValue(1, 50));
    cache.store.clock.set(110);
    cache.locked('key', (ref) => cache.store.refreshLocked(ref));
    expect(cache.locked('key', (ref) => [cache.store.lastAccess(ref), cache.store.isFetched(ref)])).toEqual([
      110,
      false,
    ]);
  });

  test('moves to the head of a flat LRU once a minute', () => {
    const cache = new CacheDriver({ segmented: false });
    for (const key of ['key', 'other']) cache.set(key, patternedValue(1, 50));
    const ref = cache.locked('key', (found) => found);
    const head = () => cache.store.core.queues.head(cache.store.core.items.sizeClass(ref) | (Lru.COLD << LRU_SHIFT));
    cache.store.clock.set(160);
    cache.locked('key', (found) => cache.store.refreshLocked(found));
    expect(head()).not.toBe(ref);
    cache.store.clock.set(161);
    cache.locked('key', (found) => cache.store.refreshLocked(found));
    expect(head()).toBe(ref);
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('CAS uniques', () => {
  test('go on rising when their low half is full', () => {
    const { store } = new CacheDriver();
    store.core.views.control[Control.CAS_LOW] = -2;
    const uniques = Array.from({ length: 3 }, () => {
      store.nextCas();
      return [store.casOutHigh, store.casOutLow];
    });
    expect(uniques).toEqual([
      [0, -1],
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('a full store', () => {
  const fill = (cache: CacheDriver, count: number, bytes: number) => {
    let stored = 0;
    for (let i = 0; i < count; i++) stored += Number(cache.set(`key${i}`, patternedValue(i, bytes)) === 'stored');
    expect(stored).toBe(count);
  };

  test('evicts the oldest and never refuses', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB });
    fill(cache, 20_000, 300);
    expect(cache.get('key0')).toBeNull();
    expect(isSame(cache.get('key19999'), patternedValue(19_999, 300))).toBe(true);
    expect(cache.store.statistics.queueTotal(QueueCounter.EVICTED)).toBeGreaterThan(10_000);
    expect(verify(cache.store)).toEqual([]);
  });

  test('keeps what is fetched again and again through a flood', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB });
    cache.set('canary', patternedValue(1, 300));
    for (let i = 0; i < 20_000; i++) {
      cache.set(`key${i}`, patternedValue(i, 300));
      if (i % 100 === 0) expect(cache.get('canary')).not.toBeNull();
    }
  });

  test('refuses instead of evicting when evictions are off', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB, evictions: false });
    let stored = 0;
    while (stored < 1000 && cache.set(`key${stored}`, patternedValue(stored, 8000)) === 'stored') stored++;
    expect(stored).toBeGreaterThanOrEqual(236);
    for (let i = 0; i < stored; i++) expect(isSame(cache.get(`key${i}`), patternedValue(i, 8000))).toBe(true);
    expect(cache.store.statistics.queueTotal(QueueCounter.OUT_OF_MEMORY)).toBe(1);
  });

  test('finds room for a small item when all its class holds is pieces of large values', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 4 * MIB, itemSizeMaxBytes: 2 * MIB });
    for (let i = 0; i < 40; i++) expect(cache.set(`large${i}`, patternedValue(i, 530_000 + i * 3000))).toBe('stored');
    for (let i = 0; i < 40; i++) expect(cache.set(`small${i}`, patternedValue(i, (i * 997) % 8000))).toBe('stored');
    expect(verify(cache.store)).toEqual([]);
  });

  test('finds room when everything in the class is active', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB });
    fill(cache, 4000, 300);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 4000; i++) cache.get(`key${i}`);
    let stored = 0;
    for (let i = 0; i < 4000; i++) stored += Number(cache.set(`more${i}`, patternedValue(i, 300)) === 'stored');
    expect(stored).toBe(4000);
  });

  test('puts short-lived items into the temporary queue when there is one', () => {
    const cache = new CacheDriver({ temporaryTtlSeconds: 61 });
    cache.set('short', patternedValue(1, 5), { exptime: 150 });
    cache.set('long', patternedValue(1, 5), { exptime: 900 });
    expect(cache.locked('short', (ref) => cache.store.lruOf(ref))).toBe(Lru.TEMP);
    expect(cache.locked('long', (ref) => cache.store.lruOf(ref))).toBe(Lru.HOT);
  });

  test('is flat when the LRU is not segmented', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB, segmented: false, maintainer: false });
    fill(cache, 10_000, 300);
    expect(cache.locked('key9999', (ref) => cache.store.lruOf(ref))).toBe(Lru.COLD);
    expect(verify(cache.store)).toEqual([]);
  });

  test('takes more memory when the limit is raised, within the reserve', () => {
    const cache = new CacheDriver({ memoryLimitBytes: 2 * MIB });
    fill(cache, 10_000, 300);
    const before = cache.store.statistics.itemCount;
    expect(cache.store.setMemoryLimit(8 * MIB)).toBe(true);
    fill(cache, 10_000, 300);
    expect(cache.store.statistics.itemCount).toBeGreaterThan(before);
    expect(cache.store.tuning(Tuning.MEMORY_LIMIT_BYTES)).toBe(8 * MIB);
    expect(cache.store.setMemoryLimit(2 ** 50)).toBe(false);
  });
});

describe('the table', () => {
  test('grows while items are stored, and finds all of them', () => {
    const cache = new CacheDriver({ hashPower: 12, memoryLimitBytes: 256 * MIB });
    for (let i = 0; i < 50_000; i++) cache.set(`key${i}`, patternedValue(i, 3));
    expect(cache.store.statistics.hashPower).toBeGreaterThanOrEqual(14);
    let found = 0;
    for (let i = 0; i < 50_000; i++) found += Number(cache.get(`key${i}`) !== null);
    expect(found).toBe(50_000);
    expect(verify(cache.store)).toEqual([]);
  });

  test('shows every item once to a scan', () => {
    const cache = new CacheDriver();
    for (let i = 0; i < 5000; i++) cache.set(`key${i}`, patternedValue(i, 3));
    const seen = new Set<number>();
    for (let bucket = 0; bucket !== -1; ) bucket = cache.store.scan(bucket, 100, (ref) => seen.add(ref));
    expect(seen.size).toBe(5000);
  });

  test('is scanned in steps of so many buckets, though they are empty', () => {
    const cache = new CacheDriver({ hashPower: 18 });
    cache.set('key', patternedValue(1, 3));
    let visited = 0;
    const stops = [];
    for (let bucket = 0; bucket !== -1; stops.push(bucket)) {
      bucket = cache.store.scan(bucket, 100, () => visited++);
    }
    expect(stops).toEqual([2 ** 16, 2 ** 17, 3 * 2 ** 16, -1]);
    expect(visited).toBe(1);
  });
});
