import { describe, expect, test } from '@jest/globals';
import { ClassWord, QueueCounter, Tuning } from './control.js';
import { StoreCounter } from './counters.js';
import { CLASS_NUMBER_MASK, Lru, PAGE_BYTES } from './layout.js';
import type { StoreOptions } from './options.js';
import { Reassign } from './page-mover.js';
import { CacheDriver } from './testing/cache-driver.js';
import { MaintenanceDriver } from './testing/maintenance-driver.js';
import { verify } from './verify.js';

const SMALL = new Uint8Array(200);
const MEDIUM = new Uint8Array(66_560);
const MEDIUM_CLASS = 31;
const IDLE_MS = 1000;
/** Enough for any store of these tests to come to rest. */
const MANY_STEPS = 200;

function drive(options: Partial<StoreOptions> = {}): { cache: CacheDriver; driver: MaintenanceDriver } {
  const cache = new CacheDriver({ hashPower: 12, ...options });
  return { cache, driver: new MaintenanceDriver(cache) };
}

/** Keys of one length, so that all items of a class have one size. */
function key(index: number): string {
  return `key${String(index).padStart(5, '0')}`;
}

function fill(cache: CacheDriver, count: number, value: Uint8Array, exptime = 0): void {
  for (let i = 0; i < count; i++) {
    if (cache.set(key(i), value, { exptime }) !== 'stored') throw new Error(`${key(i)} was not stored`);
  }
}

function hitTwice(cache: CacheDriver, count: number): void {
  for (let i = 0; i < count; i++) for (let hit = 0; hit < 2; hit++) cache.get(key(i));
}

function classOf(cache: CacheDriver, key: string): number {
  return cache.locked(key, (ref) => cache.store.core.items.sizeClass(ref));
}

/** Items of the class in hot, warm, cold and temporary. */
function counts(cache: CacheDriver, id: number): [number, number, number, number] {
  return cache.store.statistics.itemsOf(id & CLASS_NUMBER_MASK).count;
}

function pages(cache: CacheDriver, id: number): number {
  return cache.store.core.slabs.word(id, ClassWord.PAGES);
}

describe('the queues of a class', () => {
  test('flow until hot holds its share, and the rest is cold', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    driver.run(MANY_STEPS);
    expect(counts(cache, classOf(cache, key(0)))).toEqual([200, 0, 800, 0]);
    expect(verify(cache.store)).toEqual([]);
  });

  test('flow to warm instead when items are active', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    hitTwice(cache, 300);
    driver.run(MANY_STEPS);
    expect(counts(cache, classOf(cache, key(0)))).toEqual([200, 300, 500, 0]);
  });

  test('hold no more in warm than its share', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    hitTwice(cache, 1000);
    driver.run(MANY_STEPS);
    const [hot, warm, cold] = counts(cache, classOf(cache, key(0)));
    expect([hot, warm, cold]).toEqual([200, 400, 400]);
  });

  test('follow the shares that are set while they run', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    cache.store.setTuning(Tuning.HOT_PERCENT, 50);
    driver.run(MANY_STEPS);
    expect(counts(cache, classOf(cache, key(0)))[Lru.HOT]).toBe(500);
  });

  test('let a hot item go that is old compared with the coldest', () => {
    const { cache, driver } = drive();
    fill(cache, 100, SMALL);
    driver.run(MANY_STEPS);
    const id = classOf(cache, key(0));
    expect(counts(cache, id)[Lru.HOT]).toBe(20);
    cache.store.clock.set(200);
    cache.set('young', SMALL);
    driver.pass(1, MANY_STEPS);
    expect(counts(cache, id)[Lru.HOT]).toBe(1);
  });

  test('are all drained into cold when the LRU is made flat', () => {
    const { cache, driver } = drive();
    fill(cache, 300, SMALL);
    cache.store.setTuning(Tuning.SEGMENTED, 0);
    driver.run(MANY_STEPS);
    expect(counts(cache, classOf(cache, key(0)))).toEqual([0, 0, 300, 0]);
  });

  test('are left alone without a maintainer', () => {
    const { cache, driver } = drive({ maintainer: false });
    fill(cache, 300, SMALL);
    expect(driver.run(MANY_STEPS)).toBe(IDLE_MS);
    expect(counts(cache, classOf(cache, key(0)))).toEqual([300, 0, 0, 0]);
    expect(cache.store.statistics.counter(StoreCounter.MAINTAINER_JUGGLES)).toBe(0);
  });

  test('take only a little at a time while nothing is stored, though all of it is active', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    driver.run(MANY_STEPS);
    hitTwice(cache, 1000);
    const moves = () =>
      cache.store.statistics.queueTotal(QueueCounter.MOVES_TO_WARM) +
      cache.store.statistics.queueTotal(QueueCounter.MOVES_WITHIN_LRU);
    const before = moves();
    driver.run(10);
    expect(moves() - before).toBeLessThan(200);
  });

  test('of chunked values flow though their class owns no page', () => {
    const { cache, driver } = drive({ slabChunkMaxBytes: 1024 });
    const long = 'k'.repeat(249);
    const id = cache.store.statistics.largestClass;
    for (let i = 0; i < 10; i++) cache.set(long + i, new Uint8Array(716));
    expect(counts(cache, id)[Lru.HOT]).toBe(10);
    expect(pages(cache, id)).toBe(0);
    driver.run(MANY_STEPS);
    expect(counts(cache, id)[Lru.COLD]).toBe(8);
  });
});

describe('dead items', () => {
  test('at the tails are freed a thousand a class and step at most, and soon all', () => {
    const { cache, driver } = drive();
    fill(cache, 3000, SMALL, 110);
    cache.store.setTuning(Tuning.CRAWLER_ENABLED, 0);
    cache.store.clock.set(110);
    const steps = driver.runUntil(() => cache.store.statistics.itemCount === 0, 20);
    expect(steps).toBeGreaterThanOrEqual(3000 / 1000);
    expect(cache.store.statistics.queueTotal(QueueCounter.RECLAIMED)).toBe(3000);
    expect(verify(cache.store)).toEqual([]);
  });

  test('among living ones are freed by one walk of the crawler over the table', () => {
    const { cache, driver } = drive({ hashPower: 14 });
    for (let i = 0; i < 3000; i++) cache.set(key(i), SMALL, { exptime: i % 2 === 0 ? 110 : 0 });
    cache.store.clock.set(110);
    const buckets = 2 ** 14;
    driver.runUntil(() => cache.store.statistics.itemCount === 1500, buckets / 2048 + 20);
    expect(cache.store.statistics.queueTotal(QueueCounter.CRAWLER_RECLAIMED)).toBeGreaterThan(0);
    expect(cache.store.statistics.counter(StoreCounter.CRAWLER_STARTS)).toBe(1);
  });

  test('are not looked for while the crawler is disabled, but for a command', () => {
    const { cache, driver } = drive({ crawler: false });
    for (let i = 0; i < 100; i++) cache.set(key(i), SMALL, { exptime: i % 2 === 0 ? 110 : 0 });
    driver.run(MANY_STEPS);
    cache.store.clock.set(110);
    driver.pass(3);
    expect(cache.store.statistics.counter(StoreCounter.CRAWLER_STARTS)).toBe(0);
    expect(cache.store.crawl(-1, -1)).toBe(true);
    driver.runUntil(() => !cache.store.statistics.isCrawling, 20);
    expect(cache.store.statistics.itemCount).toBe(50);
  });

  test('are crawled for again once their minute has come', () => {
    const { cache, driver } = drive();
    for (let i = 0; i < 100; i++) cache.set(key(i), SMALL, { exptime: i % 2 === 0 ? 330 : 0 });
    driver.pass(600);
    expect(cache.store.statistics.itemCount).toBe(50);
    expect(cache.store.statistics.counter(StoreCounter.CRAWLER_STARTS)).toBeLessThan(10);
  });

  test('of the temporary queue go at their second; the living stay there', () => {
    const { cache, driver } = drive({ temporaryTtlSeconds: 60, crawler: false });
    for (let i = 0; i < 50; i++) cache.set(key(i), SMALL, { exptime: i < 20 ? 110 : 150 });
    driver.run(MANY_STEPS);
    expect(counts(cache, classOf(cache, key(0)))).toEqual([0, 0, 0, 50]);
    cache.store.clock.set(110);
    driver.runUntil(() => cache.store.statistics.itemCount === 30, 10);
    expect(counts(cache, classOf(cache, key(40)))).toEqual([0, 0, 0, 30]);
  });

  test('that a crawl was asked for are not forgotten when the crawler had a plan of its own', () => {
    const { cache, driver } = drive();
    for (let i = 0; i < 30; i++) cache.set(`small${i}`, SMALL, { exptime: i % 3 === 1 ? 105 : 0 });
    driver.pass(3);
    cache.set('medium', MEDIUM);
    const small = classOf(cache, 'small0');
    cache.store.clock.set(107);
    expect(cache.store.crawl(1 << small, 0)).toBe(true);
    driver.runUntil(() => !cache.store.statistics.isCrawling, 50);
    expect(cache.store.statistics.counter(StoreCounter.CRAWLER_STARTS)).toBe(3);
    expect(counts(cache, small).reduce((sum, count) => sum + count)).toBe(20);
  });
});

describe('pages', () => {
  test('go back to the pool and out of the count when everything was deleted and the limit fell', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 16 * PAGE_BYTES, slabAutomoveWindow: 3 });
    fill(cache, 16 * 12, MEDIUM);
    expect(cache.store.statistics.takenBytes).toBe(16 * PAGE_BYTES);
    for (let i = 0; i < 16 * 12; i++) cache.delete(key(i));
    expect(cache.store.setMemoryLimit(8 * PAGE_BYTES)).toBe(true);
    driver.pass(14);
    expect(cache.store.statistics.takenBytes).toBe(8 * PAGE_BYTES);
    expect(pages(cache, MEDIUM_CLASS)).toBeLessThan(8);
    expect(verify(cache.store)).toEqual([]);
  });

  test('go to the pool one after another, not one a second, once their class was quiet for a window', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 16 * PAGE_BYTES, slabAutomoveWindow: 3 });
    fill(cache, 16 * 12, MEDIUM);
    for (let i = 0; i < 16 * 12; i++) cache.delete(key(i));
    driver.pass(5, 100);
    expect(cache.store.statistics.pooledPages).toBeGreaterThan(10);
    expect(verify(cache.store)).toEqual([]);
  });

  test('stop going to the pool when the automover is switched off', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 16 * PAGE_BYTES, slabAutomoveWindow: 1 });
    fill(cache, 16 * 12, MEDIUM);
    for (let i = 0; i < 16 * 12; i++) cache.delete(key(i));
    driver.pass(2, 1);
    driver.runUntil(() => cache.store.statistics.pooledPages >= 3, 200);
    cache.store.setTuning(Tuning.AUTOMOVE, 0);
    driver.run(100);
    expect(cache.store.statistics.pooledPages).toBeLessThanOrEqual(4);
    expect(pages(cache, MEDIUM_CLASS)).toBeGreaterThan(10);
  });

  test('stay where they are when the automover is off', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 8 * PAGE_BYTES, slabAutomove: 0 });
    fill(cache, 8 * 12, MEDIUM);
    for (let i = 0; i < 8 * 12; i++) cache.delete(key(i));
    driver.pass(20);
    expect(pages(cache, MEDIUM_CLASS)).toBe(8);
  });

  test('go to a class whose items die young from one whose items are old', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 8 * PAGE_BYTES, slabAutomoveWindow: 3, hotPercent: 1 });
    fill(cache, 7 * 12, MEDIUM);
    driver.run(MANY_STEPS);
    cache.store.clock.set(1000);
    driver.run(1);
    for (let second = 0; second < 8; second++) {
      for (let i = 0; i < 200; i++) cache.set(`young${second}.${i}`, new Uint8Array(20_000));
      driver.pass(1, 50);
    }
    const young = classOf(cache, 'young7.199');
    expect(pages(cache, young)).toBeGreaterThan(1);
    expect(pages(cache, MEDIUM_CLASS)).toBeLessThan(7);
    expect(cache.store.statistics.counter(StoreCounter.SLABS_MOVED)).toBeGreaterThan(0);
    expect(verify(cache.store)).toEqual([]);
  });

  describe('that go to a class whose items die far younger', () => {
    /** A store of old items whose automover has begun to give pages to the class of new, short-lived ones. */
    function shifted() {
      const { cache, driver } = drive({ memoryLimitBytes: 12 * PAGE_BYTES, slabAutomoveWindow: 3, hotPercent: 1 });
      fill(cache, 11 * 12, MEDIUM);
      driver.run(MANY_STEPS);
      cache.store.clock.set(1000);
      let stored = 0;
      const storeYoung = (count: number) => {
        for (let i = 0; i < count; i++) cache.set(`young${stored++}`, new Uint8Array(20_000));
      };
      storeYoung(1);
      const young = classOf(cache, 'young0');
      for (let second = 0; second < 8 && pages(cache, young) === 1; second++) {
        storeYoung(200);
        driver.pass(1, 50);
      }
      return { cache, driver, young, storeYoung };
    }

    test('follow each other within a second, as fast as they are filled', () => {
      const { cache, driver, young, storeYoung } = shifted();
      const before = pages(cache, young);
      for (let page = 0; page < 4; page++) {
        storeYoung(48);
        driver.run(MANY_STEPS);
      }
      expect(pages(cache, young)).toBeGreaterThanOrEqual(before + 3);
      expect(verify(cache.store)).toEqual([]);
    });

    test('stop when nothing fills them', () => {
      const { cache, driver, young } = shifted();
      driver.run(MANY_STEPS);
      const before = pages(cache, young);
      driver.pass(5, 50);
      expect(pages(cache, young)).toBe(before);
    });

    test('leave the other class the pages that any class keeps, and those that the automover is to leave alone', () => {
      const { cache, driver, young, storeYoung } = shifted();
      const fillMore = () => {
        for (let page = 0; page < 14; page++) {
          storeYoung(48);
          driver.run(MANY_STEPS);
        }
      };
      cache.store.setTuning(Tuning.AUTOMOVE, 0);
      driver.run(MANY_STEPS);
      const before = pages(cache, young);
      fillMore();
      expect(pages(cache, young)).toBe(before);
      cache.store.setTuning(Tuning.AUTOMOVE, 1);
      fillMore();
      expect(pages(cache, MEDIUM_CLASS)).toBe(2);
    });
  });

  test('wait for a new window when that is set anew', () => {
    const { cache, driver } = drive({ memoryLimitBytes: 4 * PAGE_BYTES, slabAutomoveWindow: 3 });
    fill(cache, 4 * 12, MEDIUM);
    for (let i = 0; i < 4 * 12; i++) cache.delete(key(i));
    cache.store.setTuning(Tuning.AUTOMOVE, 0);
    driver.pass(5);
    cache.store.setTuning(Tuning.AUTOMOVE, 1);
    cache.store.setTuning(Tuning.AUTOMOVE_WINDOW, 20);
    driver.pass(1);
    expect(pages(cache, MEDIUM_CLASS)).toBe(3);
  });

  test('move when somebody asks', () => {
    const { cache, driver } = drive({ slabAutomove: 0 });
    fill(cache, 36, MEDIUM);
    expect(cache.store.reassign(MEDIUM_CLASS, 25)).toBe(Reassign.OK);
    driver.runUntil(() => pages(cache, 25) === 1, 20);
    expect(cache.store.statistics.itemCount).toBe(36);
    expect(verify(cache.store)).toEqual([]);
  });

  test('that are busy are tried again after pauses, and not for ever', () => {
    const { cache, driver } = drive({ slabAutomove: 0, maintainer: false });
    const ref = cache.reserve('slow', MEDIUM.length);
    fill(cache, 36, MEDIUM);
    cache.store.reassign(MEDIUM_CLASS, 25);
    driver.run(20);
    expect(driver.run(1)).toBeGreaterThan(0);
    const steps = driver.runUntil(() => !cache.store.statistics.isMovingPage, 500);
    expect(steps).toBeGreaterThan(20);
    expect(pages(cache, 25)).toBe(0);
    cache.store.release(ref);
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('a step is bounded, however much there is to do:', () => {
  test('a set splits two buckets at most, and the table grows all the same', () => {
    const { cache } = drive();
    const { table } = cache.store.core;
    const splits: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      const before = table.buckets;
      cache.set(key(i), SMALL);
      splits.push(table.buckets - before);
    }
    expect(Math.max(...splits)).toBe(2);
    expect(table.buckets).toBeGreaterThan(2 ** 12);
  });

  test('a page is moved by 256 chunks a step', () => {
    const { cache, driver } = drive({ slabAutomove: 0, maintainer: false, crawler: false });
    fill(cache, 8000, SMALL);
    const number = classOf(cache, key(0)) & CLASS_NUMBER_MASK;
    expect(cache.store.reassign(number, MEDIUM_CLASS)).toBe(Reassign.OK);
    const rescues: number[] = [];
    while (pages(cache, MEDIUM_CLASS) === 0) {
      const before = cache.store.statistics.counter(StoreCounter.REASSIGN_RESCUES);
      driver.run(1);
      rescues.push(cache.store.statistics.counter(StoreCounter.REASSIGN_RESCUES) - before);
    }
    expect(Math.max(...rescues)).toBe(256);
    expect(cache.store.statistics.itemCount).toBe(8000);
  });

  test('the queues of a class move a little over 500 items', () => {
    const { cache, driver } = drive({ crawler: false });
    fill(cache, 20_000, SMALL);
    const moves: number[] = [];
    for (let step = 0; step < 50; step++) {
      const before = cache.store.statistics.queueTotal(QueueCounter.MOVES_TO_COLD);
      driver.run(1);
      moves.push(cache.store.statistics.queueTotal(QueueCounter.MOVES_TO_COLD) - before);
    }
    expect(Math.max(...moves)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...moves)).toBeLessThan(510);
  });

  test('the crawler looks at 2,048 buckets', () => {
    const { cache, driver } = drive({ hashPower: 14, maintainer: false });
    for (let i = 0; i < 16_000; i++) cache.set(key(i), SMALL, { exptime: 110 });
    cache.store.clock.set(110);
    expect(cache.store.crawl(-1, -1)).toBe(true);
    const freed: number[] = [];
    while (cache.store.statistics.itemCount > 0) {
      const before = cache.store.statistics.itemCount;
      driver.run(1);
      freed.push(before - cache.store.statistics.itemCount);
    }
    // An eighth of the table a step, with about one item a bucket.
    expect(freed.length).toBeGreaterThanOrEqual(8);
    expect(Math.max(...freed)).toBeLessThan(2 * 2048);
  });
});

describe('an idle store', () => {
  test('asks for one step a second before long', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    expect(driver.run(1)).toBeLessThan(10);
    driver.run(MANY_STEPS);
    expect(driver.run(1)).toBe(IDLE_MS);
  });

  test('asks for steps more often again once much is stored', () => {
    const { cache, driver } = drive();
    fill(cache, 1000, SMALL);
    driver.run(MANY_STEPS);
    fill(cache, 20_000, SMALL);
    for (let i = 0; i < 5; i++) driver.run(1);
    expect(driver.run(1)).toBeLessThan(IDLE_MS / 4);
  });

  test('steps over the queues before their time only for what was asked', () => {
    const { cache, driver } = drive();
    driver.run(MANY_STEPS);
    const juggles = cache.store.statistics.counter(StoreCounter.MAINTAINER_JUGGLES);
    for (let i = 0; i < 10; i++) driver.maintenance.step(0);
    expect(cache.store.statistics.counter(StoreCounter.MAINTAINER_JUGGLES)).toBe(juggles);
  });
});
