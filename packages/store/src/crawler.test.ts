import { describe, expect, test } from '@jest/globals';
import { QueueCounter, Tuning } from './control.js';
import { StoreCounter } from './counters.js';
import { Crawler } from './crawler.js';
import { CLASSES_MAX } from './layout.js';
import { CacheDriver } from './testing/cache-driver.js';
import { verify } from './verify.js';

const SMALL = new Uint8Array(25);
const MEDIUM = new Uint8Array(1000);
const SMALL_CLASS = 1;

function classes(...ids: number[]): boolean[] {
  return Array.from({ length: CLASSES_MAX }, (_, id) => ids.includes(id));
}

/** A store with thirty small and thirty medium items, of which ten each are dead. */
function halfDead(): { cache: CacheDriver; crawler: Crawler; medium: number } {
  const cache = new CacheDriver({ hashPower: 12 });
  for (let i = 0; i < 30; i++) {
    const exptime = [110, 100 + 130, 0][i % 3];
    cache.set(`small${i}`, SMALL, { exptime });
    cache.set(`medium${i}`, MEDIUM, { exptime });
  }
  cache.store.clock.set(110);
  const medium = cache.locked('medium1', (ref) => cache.store.core.items.sizeClass(ref));
  return { cache, crawler: new Crawler(cache.attach(1).store.core), medium };
}

/** Walks to the end; answers the steps it took. */
function finish(crawler: Crawler, buckets: number): number {
  let steps = 1;
  while (crawler.step(buckets)) steps++;
  return steps;
}

function checked(cache: CacheDriver): number {
  return cache.store.statistics.queueTotal(QueueCounter.CRAWLER_ITEMS_CHECKED);
}

describe('a walk', () => {
  test('frees the dead items of the classes asked for, and no others', () => {
    const { cache, crawler } = halfDead();
    crawler.start(classes(SMALL_CLASS));
    finish(crawler, 1000);
    expect(cache.store.statistics.itemCount).toBe(50);
    expect(cache.store.statistics.itemsOf(SMALL_CLASS).crawlerReclaimed).toBe(10);
    expect(cache.store.statistics.itemsOf(SMALL_CLASS).expiredUnfetched).toBe(10);
    expect(checked(cache)).toBe(30);
    expect(verify(cache.store)).toEqual([]);
  });

  test('serves several classes at once', () => {
    const { cache, crawler, medium } = halfDead();
    crawler.start(classes(SMALL_CLASS, medium));
    finish(crawler, 1000);
    expect(cache.store.statistics.itemCount).toBe(40);
    expect(cache.store.statistics.counter(StoreCounter.CRAWLER_STARTS)).toBe(2);
  });

  test('frees what was flushed', () => {
    const { cache, crawler, medium } = halfDead();
    cache.store.flushAll(110);
    cache.set('new', SMALL);
    crawler.start(classes(SMALL_CLASS, medium));
    finish(crawler, 1000);
    expect(cache.store.statistics.itemCount).toBe(1);
  });

  test('takes steps of so many buckets', () => {
    const { crawler } = halfDead();
    crawler.start(classes(SMALL_CLASS));
    expect(finish(crawler, 1000)).toBe(5);
    expect(crawler.isRunning).toBe(false);
  });

  test('looks at no more items of a class than the tuning allows', () => {
    const { cache, crawler, medium } = halfDead();
    cache.store.setTuning(Tuning.CRAWLER_ITEMS_MAX, 7);
    crawler.start(classes(SMALL_CLASS, medium));
    finish(crawler, 4096);
    expect(checked(cache)).toBe(14);
  });

  test('misses no item of a bucket that is split under it', () => {
    const { cache, crawler, medium } = halfDead();
    crawler.start(classes(SMALL_CLASS, medium));
    while (crawler.step(100)) for (let split = 0; split < 50; split++) cache.store.core.table.trySplit();
    expect(cache.store.core.table.buckets).toBeGreaterThan(4096);
    expect(cache.store.statistics.itemCount).toBe(40);
    expect(verify(cache.store)).toEqual([]);
  });

  test('tells when the items it saw will expire', () => {
    const { crawler } = halfDead();
    crawler.start(classes(SMALL_CLASS));
    finish(crawler, 4096);
    const { seen, withoutExpiry, reclaimed, lifetimes } = crawler.findings[SMALL_CLASS];
    expect([seen, withoutExpiry, reclaimed]).toEqual([30, 10, 10]);
    expect(lifetimes.map((count, minute) => [minute, count]).filter(([, count]) => count > 0)).toEqual([[2, 10]]);
  });
});

describe('a request to crawl', () => {
  test('waits until maintenance takes it, and is refused while another waits or is served', () => {
    const { cache, crawler } = halfDead();
    expect(cache.store.statistics.isCrawling).toBe(false);
    expect(cache.store.crawl(1 << SMALL_CLASS, 0)).toBe(true);
    expect(cache.store.crawl(1 << SMALL_CLASS, 0)).toBe(false);
    expect(cache.store.statistics.isCrawling).toBe(true);
    crawler.takeRequest();
    expect(cache.store.crawl(1 << SMALL_CLASS, 0)).toBe(false);
    finish(crawler, 4096);
    expect(cache.store.statistics.isCrawling).toBe(false);
    expect(cache.store.statistics.itemCount).toBe(50);
    expect(cache.store.crawl(-1, -1)).toBe(true);
    crawler.takeRequest();
    finish(crawler, 4096);
    expect(cache.store.statistics.itemCount).toBe(40);
  });

  test('names classes above 31 in its second half', () => {
    const cache = new CacheDriver();
    const large = new Uint8Array(300_000);
    cache.set('dead', large, { exptime: 101 });
    const id = cache.locked('dead', (ref) => cache.store.core.items.sizeClass(ref));
    cache.store.clock.set(101);
    const crawler = new Crawler(cache.attach(1).store.core);
    cache.store.crawl(1 << (id - 32), 0);
    crawler.takeRequest();
    finish(crawler, 100_000);
    expect(cache.store.statistics.itemCount).toBe(1);
    cache.store.crawl(0, 1 << (id - 32));
    crawler.takeRequest();
    finish(crawler, 100_000);
    expect(cache.store.statistics.itemCount).toBe(0);
  });

  test('is not lost when a walk begins for another reason before it is taken', () => {
    const { cache, crawler, medium } = halfDead();
    cache.store.crawl(1 << medium, 0);
    crawler.start(classes(SMALL_CLASS));
    crawler.takeRequest();
    finish(crawler, 4096);
    expect(cache.store.statistics.itemCount).toBe(40);
    expect(cache.store.statistics.isCrawling).toBe(false);
  });

  test('that nobody made starts nothing', () => {
    const { crawler } = halfDead();
    crawler.takeRequest();
    expect(crawler.isRunning).toBe(false);
  });
});
