import { describe, expect, test } from '@jest/globals';
import { ClassWord, Control, QueueCounter } from './control.js';
import { StoreCounter } from './counters.js';
import { BODY_OWNER, CHUNKED_FIRST, Kind, LRU_NEXT, PAGE_BYTES } from './layout.js';
import type { StoreOptions } from './options.js';
import { MoverStep, PageMover, Reassign } from './page-mover.js';
import { keyOf } from './testing/bare-item.js';
import { CacheDriver, isSame, patternedValue, viewOf } from './testing/cache-driver.js';
import { verify } from './verify.js';

const KIB = 1024;
/** Class 31, twelve chunks a page. */
const MIDDLE_BYTES = 66_560;
const MIDDLE = 31;
const PER_PAGE = 12;
/** Class 25, 48 chunks a page. */
const OTHER = 25;

class MoverDriver {
  readonly cache: CacheDriver;
  readonly mover: PageMover;

  constructor(options: Partial<StoreOptions> = {}) {
    this.cache = new CacheDriver({ memoryLimitBytes: 4 * PAGE_BYTES, ...options });
    this.mover = new PageMover(this.cache.attach(1).store.core);
  }

  /** Stores `count` items of the middle class. */
  fill(count: number): void {
    for (let i = 0; i < count; i++) expect(this.cache.set(`key${i}`, patternedValue(i, MIDDLE_BYTES))).toBe('stored');
  }

  /** Steps until the move ends; at most so many passes find a busy chunk. Answers how many did. */
  finish(busyMax = 0): number {
    let busy = 0;
    while (this.mover.isRunning) {
      if (this.mover.step(7) === MoverStep.BUSY && ++busy > busyMax) throw new Error('the page is busy');
    }
    return busy;
  }

  /** Steps until a pass ends with something busy. */
  untilBusy(): void {
    for (let step = 0; step < 1000; step++) if (this.mover.step(100) === MoverStep.BUSY) return;
    throw new Error('nothing was busy');
  }

  move(source: number, destination: number): boolean {
    const isBegun = this.mover.start(source, destination);
    this.finish();
    return isBegun;
  }

  pages(id: number): number {
    return this.cache.store.core.slabs.word(id, ClassWord.PAGES);
  }

  counter(counter: StoreCounter): number {
    return this.cache.store.statistics.counter(counter);
  }

  /** Keys of the middle class's hot queue, newest first. */
  order(): string[] {
    const { queues, items } = this.cache.store.core;
    const keys: string[] = [];
    for (let ref = queues.head(MIDDLE); ref !== 0; ref = items.get(ref, LRU_NEXT))
      keys.push(keyOf(this.cache.store.core, ref));
    return keys;
  }

  casOf(key: string): number {
    return this.cache.locked(key, (ref) => this.cache.store.casLow(ref));
  }
}

describe('a page that is moved', () => {
  test('goes to the other class, and its items live on elsewhere with value, CAS and place in the queue', () => {
    const driver = new MoverDriver();
    driver.fill(2 * PER_PAGE + 3);
    for (let i = 0; i < PER_PAGE; i += 2) driver.cache.delete(`key${PER_PAGE + i}`);
    const order = driver.order();
    const uniques = order.map((key) => driver.casOf(key));
    expect(driver.move(MIDDLE, OTHER)).toBe(true);
    expect([driver.pages(MIDDLE), driver.pages(OTHER)]).toEqual([2, 1]);
    expect(driver.order()).toEqual(order);
    expect(order.map((key) => driver.casOf(key))).toEqual(uniques);
    for (const key of order) {
      expect(isSame(driver.cache.get(key), patternedValue(Number(key.slice(3)), MIDDLE_BYTES))).toBe(true);
    }
    expect(driver.counter(StoreCounter.REASSIGN_RESCUES)).toBe(PER_PAGE);
    expect(driver.counter(StoreCounter.SLABS_MOVED)).toBe(1);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('keeps nothing of a class that it left', () => {
    const driver = new MoverDriver();
    driver.fill(2 * PER_PAGE);
    for (let i = 0; i < PER_PAGE; i++) driver.cache.delete(`key${i}`);
    driver.move(MIDDLE, OTHER);
    for (let i = 0; i < 48; i++) expect(driver.cache.set(`other${i}`, patternedValue(i, 20_000))).toBe('stored');
    expect(driver.pages(OTHER)).toBe(1);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('makes readers start over that began with the old copy', () => {
    const driver = new MoverDriver();
    driver.fill(PER_PAGE + 1);
    for (let i = 1; i < PER_PAGE; i++) driver.cache.delete(`key${i}`);
    const { store } = driver.cache.attach(2);
    const key = Uint8Array.from('key0', (letter) => letter.charCodeAt(0));
    const hash = store.hashKey(key, viewOf(key), 0, 4);
    const { reads } = store.bind({ input: key, inputView: viewOf(key), output: key, outputView: viewOf(key) });
    const before = reads.begin(0, 4, hash, 0);
    driver.move(MIDDLE, OTHER);
    expect(reads.end()).toBe(false);
    expect(reads.begin(0, 4, hash, 0)).not.toBe(before);
    expect(reads.end()).toBe(true);
  });

  test('goes to the pool, and from there to the class that needs one first', () => {
    const driver = new MoverDriver();
    driver.fill(2 * PER_PAGE);
    for (let i = 0; i < PER_PAGE; i++) driver.cache.delete(`key${i}`);
    expect(driver.move(MIDDLE, 0)).toBe(true);
    expect(driver.cache.store.statistics.pooledPages).toBe(1);
    expect(verify(driver.cache.store)).toEqual([]);
    expect(driver.mover.start(0, OTHER)).toBe(true);
    expect(driver.mover.isRunning).toBe(false);
    expect([driver.pages(MIDDLE), driver.pages(OTHER), driver.cache.store.statistics.pooledPages]).toEqual([1, 1, 0]);
    expect(driver.mover.start(0, OTHER)).toBe(false);
  });

  test('loses its dead items on the way, which are no evictions', () => {
    const driver = new MoverDriver();
    for (let i = 0; i < PER_PAGE; i++)
      driver.cache.set(`key${i}`, patternedValue(i, MIDDLE_BYTES), { exptime: i < 8 ? 105 : 0 });
    driver.cache.set('more', patternedValue(1, MIDDLE_BYTES));
    driver.cache.store.clock.set(105);
    driver.move(MIDDLE, OTHER);
    expect(driver.cache.store.statistics.itemCount).toBe(5);
    expect(driver.counter(StoreCounter.REASSIGN_RESCUES)).toBe(4);
    expect(driver.cache.store.statistics.queueTotal(QueueCounter.RECLAIMED)).toBe(8);
    expect(driver.cache.store.statistics.queueTotal(QueueCounter.EVICTED)).toBe(0);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('is drained while items come and go', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 8 * PAGE_BYTES });
    driver.fill(3 * PER_PAGE);
    driver.mover.start(MIDDLE, OTHER);
    for (let i = 0; driver.mover.isRunning; i++) {
      driver.mover.step(1);
      driver.cache.delete(`key${(i * 5) % 36}`);
      driver.cache.set(`new${i % 7}`, patternedValue(i, MIDDLE_BYTES));
      if (i > 500) throw new Error('the move does not end');
    }
    expect(driver.pages(OTHER)).toBe(1);
    expect(verify(driver.cache.store)).toEqual([]);
  });
});

describe('pieces of chunked values', () => {
  const options = { slabChunkMaxBytes: 16 * KIB, memoryLimitBytes: 6 * PAGE_BYTES, itemSizeMaxBytes: 2 * PAGE_BYTES };

  test('are moved one by one, and the values stay whole', () => {
    const driver = new MoverDriver(options);
    const { largest } = driver.cache.store.core.slabs.sizes;
    for (let i = 0; i < 20; i++) driver.cache.set(`key${i}`, patternedValue(i, 100 * KIB));
    for (let i = 0; i < 20; i += 2) driver.cache.delete(`key${i}`);
    const pages = driver.pages(largest);
    driver.move(largest, 1);
    expect(driver.pages(largest)).toBe(pages - 1);
    expect(driver.counter(StoreCounter.REASSIGN_CHUNK_RESCUES)).toBeGreaterThan(10);
    for (let i = 1; i < 20; i += 2) {
      expect(isSame(driver.cache.get(`key${i}`), patternedValue(i, 100 * KIB))).toBe(true);
    }
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('know their item when that was moved', () => {
    const driver = new MoverDriver(options);
    driver.cache.set('first', patternedValue(5, 100 * KIB));
    const { slabs } = driver.cache.store.core;
    const header = driver.cache.locked('first', (ref) => slabs.pageClass(slabs.pageOf(ref)));
    for (let i = 0; driver.pages(header) < 2; i++) driver.cache.set(`small${i}`, patternedValue(i, 10));
    driver.mover.start(header, 5);
    driver.finish();
    expect(driver.counter(StoreCounter.REASSIGN_RESCUES)).toBeGreaterThan(1000);
    expect(isSame(driver.cache.get('first'), patternedValue(5, 100 * KIB))).toBe(true);
    expect(verify(driver.cache.store)).toEqual([]);
    driver.cache.delete('first');
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('go with their item when it is dead', () => {
    const driver = new MoverDriver(options);
    const { largest } = driver.cache.store.core.slabs.sizes;
    for (let i = 0; i < 20; i++) driver.cache.set(`key${i}`, patternedValue(i, 100 * KIB), { exptime: 105 });
    driver.cache.store.clock.set(105);
    driver.move(largest, 1);
    expect(driver.counter(StoreCounter.REASSIGN_CHUNK_RESCUES)).toBe(0);
    expect(verify(driver.cache.store)).toEqual([]);
  });
});

describe('when there is no room for an item of the page', () => {
  test('a page is taken for it as long as the limit allows', () => {
    const driver = new MoverDriver();
    driver.fill(2 * PER_PAGE);
    driver.move(MIDDLE, OTHER);
    expect(driver.cache.store.statistics.itemCount).toBe(2 * PER_PAGE);
    expect(driver.pages(MIDDLE)).toBe(2);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('the coldest items of its class go, and only as many as must', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 3 * PAGE_BYTES });
    driver.fill(3 * PER_PAGE);
    driver.move(MIDDLE, OTHER);
    expect(driver.cache.store.statistics.itemCount).toBe(2 * PER_PAGE);
    expect(driver.cache.get('key0')).toBeNull();
    expect(driver.cache.get(`key${3 * PER_PAGE - 1}`)).not.toBeNull();
    expect(driver.cache.store.statistics.queueTotal(QueueCounter.EVICTED)).toBe(PER_PAGE);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('the item itself goes when nothing else can, and the observer hears of it', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 2 * PAGE_BYTES });
    driver.fill(2 * PER_PAGE);
    const { stripes, items, queues, slabs } = driver.cache.store.core;
    const ofSecondPage: number[] = [];
    for (let ref = queues.head(MIDDLE); ref !== 0; ref = items.get(ref, LRU_NEXT))
      if (slabs.pageOf(ref) === 2) ofSecondPage.push(items.hash(ref));
    for (const hash of ofSecondPage) stripes.tryLock(hash);
    const mover = new PageMover(driver.cache.store.core);
    const seen: string[] = [];
    driver.cache.store.evictionObserver = (ref) => seen.push(keyOf(driver.cache.store.core, ref));
    mover.start(MIDDLE, OTHER);
    for (let steps = 0; mover.isRunning && steps < 100; steps++) mover.step(20);
    for (const hash of ofSecondPage) if ((stripes.version(hash) & 1) === 1) stripes.unlock(hash);
    expect(seen).toHaveLength(PER_PAGE);
    expect(driver.counter(StoreCounter.REASSIGN_BUSY_NO_MEMORY)).toBeGreaterThan(0);
    expect(driver.cache.store.statistics.itemCount).toBe(PER_PAGE);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('a chunked value goes as a whole when one of its pieces finds no place', () => {
    const driver = new MoverDriver({ slabChunkMaxBytes: 16 * KIB, memoryLimitBytes: 5 * PAGE_BYTES });
    const { core, statistics } = driver.cache.store;
    const { largest } = core.slabs.sizes;
    for (let i = 0; driver.pages(largest) < 3 || core.slabs.freeChunks(largest) > 1; i++) {
      driver.cache.set(`key${i}`, patternedValue(i, 32 * KIB));
    }
    const before = statistics.itemCount;
    driver.mover.start(largest, 1);
    // There was room for a page when the move began, so it does not evict others; now there is none.
    driver.cache.store.setMemoryLimit(3 * PAGE_BYTES);
    driver.finish();
    expect(driver.counter(StoreCounter.REASSIGN_BUSY_NO_MEMORY)).toBeGreaterThan(0);
    expect(statistics.itemCount).toBeLessThan(before);
    for (let i = 0; i < before; i++) {
      const value = driver.cache.get(`key${i}`);
      expect(value === null || isSame(value, patternedValue(i, 32 * KIB))).toBe(true);
    }
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('the page stays when nothing may be evicted', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 2 * PAGE_BYTES, evictions: false });
    driver.fill(2 * PER_PAGE);
    driver.mover.start(MIDDLE, OTHER);
    driver.finish(200);
    expect(driver.cache.store.statistics.itemCount).toBe(2 * PER_PAGE);
    expect([driver.pages(MIDDLE), driver.pages(OTHER)]).toEqual([2, 0]);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('nobody evicts for a page that turns out to be empty', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 2 * PAGE_BYTES });
    driver.fill(2 * PER_PAGE);
    for (let i = 0; i < PER_PAGE; i++) driver.cache.delete(`key${i}`);
    driver.move(MIDDLE, OTHER);
    expect(driver.cache.store.statistics.itemCount).toBe(PER_PAGE);
    expect(driver.cache.store.statistics.queueTotal(QueueCounter.EVICTED)).toBe(0);
  });
});

describe('a busy page', () => {
  test('waits for an item that is being received, and moves it once it is linked', () => {
    const driver = new MoverDriver();
    const ref = driver.cache.reserve('slow', MIDDLE_BYTES);
    driver.fill(PER_PAGE);
    driver.mover.start(MIDDLE, OTHER);
    for (let busy = 0; busy < 3; busy++) driver.untilBusy();
    expect(driver.counter(StoreCounter.REASSIGN_BUSY_ITEMS)).toBe(3);
    expect(driver.mover.pauseMs).toBeGreaterThan(0);
    const value = patternedValue(9, MIDDLE_BYTES);
    const { store } = driver.cache;
    store.writeValue(ref, 0, value, viewOf(value), 0, value.length);
    const hash = store.core.items.hash(ref);
    store.lock(hash);
    store.linkLocked(ref, hash);
    store.unlock(hash);
    driver.finish();
    expect(isSame(driver.cache.get('slow'), value)).toBe(true);
    expect(driver.pages(OTHER)).toBe(1);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('waits for an item that is given back instead', () => {
    const driver = new MoverDriver();
    const ref = driver.cache.reserve('slow', MIDDLE_BYTES);
    driver.fill(PER_PAGE);
    driver.mover.start(MIDDLE, OTHER);
    driver.untilBusy();
    driver.cache.store.release(ref);
    expect(driver.cache.store.core.items.kind(ref)).toBe(Kind.DRAINED);
    driver.finish();
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('waits for the readers of a chunked value, header and pieces', () => {
    const driver = new MoverDriver({ slabChunkMaxBytes: 16 * KIB, memoryLimitBytes: 6 * PAGE_BYTES });
    const { largest } = driver.cache.store.core.slabs.sizes;
    const value = patternedValue(1, 100 * KIB);
    driver.cache.set('key', value);
    for (let i = 0; i < 20; i++) driver.cache.set(`more${i}`, patternedValue(i, 60 * KIB));
    const [ref, hash] = driver.cache.locked('key', (found, itsHash) => {
      driver.cache.store.pinLocked(found);
      return [found, itsHash];
    });
    driver.mover.start(largest, 1);
    driver.untilBusy();
    driver.cache.delete('key');
    driver.untilBusy();
    const out = new Uint8Array(value.length);
    driver.cache.store.copyValuePart(ref, 0, out.length, out, 0);
    expect(isSame(out, value)).toBe(true);
    driver.cache.store.unpin(ref, hash);
    driver.finish();
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test('is given up after a while, serves on, and the next move takes another page', () => {
    const driver = new MoverDriver();
    const ref = driver.cache.reserve('slow', MIDDLE_BYTES);
    driver.fill(2 * PER_PAGE);
    driver.mover.start(MIDDLE, OTHER);
    expect(driver.finish(200)).toBeGreaterThan(50);
    expect(driver.cache.store.core.views.control[Control.DRAIN_PAGE]).toBe(0);
    expect(driver.pages(MIDDLE)).toBe(3);
    expect(verify(driver.cache.store, 1)).toEqual([]);
    expect(driver.move(MIDDLE, OTHER)).toBe(true);
    expect(driver.pages(OTHER)).toBe(1);
    driver.cache.store.release(ref);
    expect(verify(driver.cache.store)).toEqual([]);
  });
});

describe('what the mover sees of a chunk without a lock', () => {
  test('makes no item of one that is in no bucket', () => {
    const driver = new MoverDriver();
    const ref = driver.cache.reserve('stale', MIDDLE_BYTES);
    driver.fill(PER_PAGE);
    const { items } = driver.cache.store.core;
    items.setKind(ref, Kind.LINKED);
    driver.mover.start(MIDDLE, OTHER);
    driver.untilBusy();
    items.setKind(ref, Kind.RESERVED);
    driver.cache.store.release(ref);
    driver.finish();
    expect(driver.cache.store.statistics.itemCount).toBe(PER_PAGE);
    expect(verify(driver.cache.store)).toEqual([]);
  });

  test.each(['other', 'plain'])('moves no piece on behalf of an owner that does not have it: a %s item', (stranger) => {
    const driver = new MoverDriver({ slabChunkMaxBytes: 16 * KIB, memoryLimitBytes: 6 * PAGE_BYTES });
    const { chunked, items, slabs } = driver.cache.store.core;
    const value = patternedValue(1, 100 * KIB);
    driver.cache.set('key', value);
    driver.cache.set('other', patternedValue(3, 100 * KIB));
    for (let i = 0; i < 20; i++) driver.cache.set(`more${i}`, patternedValue(i, 60 * KIB));
    const owner = driver.cache.locked('key', (ref) => ref);
    const body = chunked.word(owner, CHUNKED_FIRST);
    // A value may look like anything, also like the list of chunks that this piece is in.
    driver.cache.set('plain', new Uint8Array(Int32Array.of(body, 0, 0, 0).buffer));
    items.set(
      body,
      BODY_OWNER,
      driver.cache.locked(stranger, (ref) => ref),
    );
    driver.mover.start(slabs.pageClass(slabs.pageOf(body)), 1);
    driver.untilBusy();
    expect(chunked.word(owner, CHUNKED_FIRST)).toBe(body);
    items.set(
      body,
      BODY_OWNER,
      driver.cache.locked('key', (ref) => ref),
    );
    driver.finish();
    expect(isSame(driver.cache.get('key'), value)).toBe(true);
    expect(isSame(driver.cache.get('other'), patternedValue(3, 100 * KIB))).toBe(true);
    expect(verify(driver.cache.store)).toEqual([]);
  });
});

describe('a class', () => {
  test('keeps its only page, and the page that its fresh chunks come from', () => {
    const driver = new MoverDriver();
    driver.fill(PER_PAGE);
    expect(driver.mover.start(MIDDLE, OTHER)).toBe(false);
    expect(driver.mover.isRunning).toBe(false);
    expect(driver.mover.step(10)).toBe(MoverStep.IDLE);
    driver.fill(PER_PAGE + 1);
    expect(driver.mover.start(MIDDLE, OTHER)).toBe(true);
    expect(driver.cache.store.core.views.control[Control.DRAIN_PAGE]).toBe(1);
  });

  test('that holds all memory with small items leaves room for large ones, page by page', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 8 * PAGE_BYTES });
    for (let i = 0; i < 40_000; i++) driver.cache.set(`small${i}`, new Uint8Array(200));
    driver.fill(PER_PAGE + 2);
    expect(driver.cache.get('key0')).toBeNull();
    const small = driver.cache.locked('small39999', (ref) => driver.cache.store.core.items.sizeClass(ref));
    for (let moves = 0; moves < 4; moves++) expect(driver.move(small, MIDDLE)).toBe(true);
    expect(driver.pages(MIDDLE)).toBe(5);
    driver.fill(5 * PER_PAGE);
    for (let i = 0; i < 5 * PER_PAGE; i++) expect(driver.cache.get(`key${i}`)).not.toBeNull();
    expect(verify(driver.cache.store)).toEqual([]);
  });
});

describe('slabs reassign', () => {
  test.each([
    ['the same class twice', MIDDLE, MIDDLE, Reassign.SAME],
    ['a source that does not exist', 60, MIDDLE, Reassign.BAD_CLASS],
    ['a destination that does not exist', MIDDLE, 40, Reassign.BAD_CLASS],
    ['a destination below the pool', MIDDLE, -1, Reassign.BAD_CLASS],
    ['a source below any', -2, MIDDLE, Reassign.BAD_CLASS],
    ['a source with one page', 2, MIDDLE, Reassign.NO_SPARE],
    ['an empty pool', 0, MIDDLE, Reassign.NO_SPARE],
    ['any source, of which only the destination has two pages', -1, MIDDLE, Reassign.BAD_CLASS],
    ['a class with pages to spare', MIDDLE, OTHER, Reassign.OK],
    ['any source', -1, OTHER, Reassign.OK],
    ['the pool as destination', MIDDLE, 0, Reassign.OK],
  ])('of %s', (_, source, destination, answer) => {
    const driver = new MoverDriver();
    driver.cache.set('small', patternedValue(1, 40));
    driver.fill(2 * PER_PAGE);
    expect(driver.cache.store.reassign(source, destination)).toBe(answer);
  });

  test('is refused while another is waiting or under way', () => {
    const driver = new MoverDriver();
    driver.fill(3 * PER_PAGE);
    expect(driver.cache.store.reassign(MIDDLE, OTHER)).toBe(Reassign.OK);
    expect(driver.cache.store.reassign(MIDDLE, OTHER)).toBe(Reassign.RUNNING);
    driver.mover.takeRequest();
    expect(driver.cache.store.statistics.isMovingPage).toBe(true);
    expect(driver.cache.store.reassign(MIDDLE, OTHER)).toBe(Reassign.RUNNING);
    driver.finish();
    expect(driver.cache.store.statistics.isMovingPage).toBe(false);
    expect(driver.cache.store.reassign(MIDDLE, OTHER)).toBe(Reassign.OK);
  });

  test('from any class does nothing when the last spare page has gone meanwhile', () => {
    const driver = new MoverDriver();
    driver.fill(2 * PER_PAGE);
    expect(driver.cache.store.reassign(-1, OTHER)).toBe(Reassign.OK);
    for (let i = 0; i < PER_PAGE; i++) driver.cache.delete(`key${i}`);
    driver.move(MIDDLE, 5);
    driver.mover.takeRequest();
    expect(driver.mover.isRunning).toBe(false);
    expect(driver.pages(OTHER)).toBe(0);
    expect(driver.cache.store.reassign(-1, OTHER)).toBe(Reassign.BAD_CLASS);
  });

  test('from any class takes them in turn', () => {
    const driver = new MoverDriver({ memoryLimitBytes: 8 * PAGE_BYTES });
    driver.fill(2 * PER_PAGE);
    for (let i = 0; i < 100; i++) driver.cache.set(`other${i}`, patternedValue(i, 20_000));
    expect([driver.pages(OTHER), driver.pages(MIDDLE)]).toEqual([3, 2]);
    for (let turn = 0; turn < 2; turn++) {
      driver.cache.store.reassign(-1, 5);
      driver.mover.takeRequest();
      driver.finish();
    }
    expect(driver.pages(5)).toBe(2);
    expect(driver.counter(StoreCounter.SLABS_MOVED)).toBe(2);
    expect(verify(driver.cache.store)).toEqual([]);
  });
});
