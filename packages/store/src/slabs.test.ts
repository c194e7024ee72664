import { describe, expect, test } from '@jest/globals';
import { ClassWord, Control } from './control.js';
import type { StoreCore } from './core.js';
import { Kind, LOWER_HALF, PAGE_BYTES } from './layout.js';
import { CacheDriver } from './testing/cache-driver.js';

const SMALL = 1;
/** A class with two chunks a page, the largest by default. */
const LARGE = 39;

function newCore(pages: number, options = {}): StoreCore {
  return new CacheDriver({ memoryLimitBytes: pages * PAGE_BYTES, ...options }).store.core;
}

function pagesOf(core: StoreCore, id: number): number {
  return core.slabs.word(id, ClassWord.PAGES);
}

/** Takes chunks of a class until there are no more. */
function takeAll(core: StoreCore, id: number): number[] {
  const taken: number[] = [];
  for (let ref = core.slabs.takeChunk(id); ref !== 0; ref = core.slabs.takeChunk(id)) taken.push(ref);
  return taken;
}

/** Empties a page of the class, whose chunks all were taken, as the mover does, and pools it. */
function poolPageOf(core: StoreCore, id: number, chunks: readonly number[]): number {
  const page = core.slabs.pageOf(chunks[0]);
  for (const ref of chunks) if (core.slabs.pageOf(ref) === page) core.slabs.giveChunk(id, ref);
  for (const ref of chunks) if (core.slabs.pageOf(ref) === page) core.slabs.drainFree(id, ref);
  core.slabs.detachPage(page, id);
  core.slabs.poolPage(page);
  return page;
}

describe('a chunk', () => {
  test('comes from a page that was never touched, one behind the other', () => {
    const core = newCore(4);
    const [first, second, third] = [1, 2, 3].map(() => core.slabs.takeChunk(SMALL));
    expect(core.slabs.pageOf(first)).toBe(1);
    expect(second - first).toBe(core.slabs.sizes.chunkBytes[SMALL] / 8);
    expect(third - second).toBe(second - first);
    expect(core.items.kind(first)).toBe(Kind.RESERVED);
    expect(core.items.kind(third + (third - second))).toBe(0);
  });

  test('that was given back is the next to be taken', () => {
    const core = newCore(4);
    const chunks = [1, 2, 3].map(() => core.slabs.takeChunk(SMALL));
    core.slabs.giveChunk(SMALL, chunks[0]);
    core.slabs.giveChunk(SMALL, chunks[2]);
    expect(core.slabs.word(SMALL, ClassWord.FREE_COUNT)).toBe(2);
    expect(core.slabs.takeChunk(SMALL)).toBe(chunks[2]);
    expect(core.slabs.takeChunk(SMALL)).toBe(chunks[0]);
    expect(core.slabs.word(SMALL, ClassWord.USED_COUNT)).toBe(3);
  });

  test('leaves the free list from its head, middle or end when its page is drained', () => {
    const core = newCore(4);
    const chunks = [1, 2, 3, 4, 5].map(() => core.slabs.takeChunk(SMALL));
    for (const ref of chunks) core.slabs.giveChunk(SMALL, ref);
    for (const index of [2, 4, 0]) {
      core.slabs.drainFree(SMALL, chunks[index]);
      expect(core.items.kind(chunks[index])).toBe(Kind.DRAINED);
    }
    expect(core.slabs.word(SMALL, ClassWord.FREE_COUNT)).toBe(2);
    expect([core.slabs.takeChunk(SMALL), core.slabs.takeChunk(SMALL)]).toEqual([chunks[3], chunks[1]]);
  });

  test('of the page being drained stays out of the free list, until the drain is undone', () => {
    const core = newCore(4);
    const ref = core.slabs.takeChunk(SMALL);
    core.views.control[Control.DRAIN_PAGE] = core.slabs.pageOf(ref);
    core.slabs.giveChunk(SMALL, ref);
    expect(core.items.kind(ref)).toBe(Kind.DRAINED);
    expect(core.slabs.word(SMALL, ClassWord.FREE_COUNT)).toBe(0);
    core.slabs.undrain(SMALL, ref);
    expect(core.slabs.takeChunk(SMALL)).toBe(ref);
  });

  test('never used counts as free', () => {
    const core = newCore(4);
    const perPage = core.slabs.sizes.chunksPerPage[SMALL];
    const ref = core.slabs.takeChunk(SMALL);
    expect(core.slabs.freeChunks(SMALL)).toBe(perPage - 1);
    core.slabs.giveChunk(SMALL, ref);
    expect(core.slabs.freeChunks(SMALL)).toBe(perPage);
  });
});

describe('a class', () => {
  test('grows by a page whenever it is out of chunks, up to the limit', () => {
    const core = newCore(3);
    expect(takeAll(core, LARGE)).toHaveLength(6);
    expect(pagesOf(core, LARGE)).toBe(3);
    expect(core.slabs.takenBytes).toBe(3 * PAGE_BYTES);
    expect(core.slabs.isLimitReached).toBe(true);
  });

  test('gets its first page even above the limit, and no second one', () => {
    const core = newCore(2);
    takeAll(core, LARGE);
    expect(takeAll(core, LARGE - 1)).toHaveLength(core.slabs.sizes.chunksPerPage[LARGE - 1]);
    expect(takeAll(core, LARGE - 2)).toHaveLength(core.slabs.sizes.chunksPerPage[LARGE - 2]);
    expect(pagesOf(core, LARGE - 1)).toBe(1);
    expect(core.slabs.takenBytes).toBe(4 * PAGE_BYTES);
  });

  test('takes the items of its lower half into the upper one, if that has no page when half of the memory is taken', () => {
    const { slabs } = newCore(4);
    const [open, late] = [1 | LOWER_HALF, 2 | LOWER_HALF];
    const classesFor = (id: number) => [
      slabs.classFor(slabs.sizes.limits[id]),
      slabs.classForMemory(slabs.sizes.chunkBytes[id]),
    ];
    slabs.takeChunk(open);
    expect([classesFor(open), classesFor(late)]).toEqual([
      [open, open],
      [late, late],
    ]);
    slabs.takeChunk(LARGE);
    expect([classesFor(open), classesFor(late)]).toEqual([
      [open, open],
      [2, 2],
    ]);
    slabs.setLimit(5 * PAGE_BYTES);
    expect(classesFor(late)).toEqual([late, late]);
  });

  test('counts what the server says is taken already', () => {
    const core = newCore(4, { initialTakenBytes: 2 * PAGE_BYTES + 5 });
    expect(takeAll(core, LARGE)).toHaveLength(2);
    expect(core.slabs.takenBytes).toBe(3 * PAGE_BYTES + 5);
  });

  test('gets no page when the arena has no more memory', () => {
    const core = newCore(400, { reserveBytes: PAGE_BYTES });
    expect(takeAll(core, LARGE)).toHaveLength(2 * (core.views.pageCapacity - 1));
    expect(core.slabs.takeChunk(SMALL)).toBe(0);
    expect(core.slabs.takenBytes).toBe((core.views.pageCapacity - 1) * PAGE_BYTES);
  });
});

describe('a page that is adopted', () => {
  test('becomes the newest, and what was fresh until then becomes free', () => {
    const core = newCore(4);
    core.slabs.takeChunk(SMALL);
    const perPage = core.slabs.sizes.chunksPerPage[SMALL];
    const page = poolPageOf(core, LARGE, takeAll(core, LARGE));
    expect(core.slabs.takePooledPage()).toBe(page);
    core.slabs.adoptPage(page, SMALL);
    expect(core.slabs.pageClass(page)).toBe(SMALL);
    expect(pagesOf(core, SMALL)).toBe(2);
    expect(core.slabs.word(SMALL, ClassWord.FREE_COUNT)).toBe(perPage - 1);
    expect(core.slabs.word(SMALL, ClassWord.FRESH_COUNT)).toBe(perPage);
    expect(takeAll(core, SMALL)).toHaveLength(2 * perPage - 1);
  });
});

describe('the page to be moved', () => {
  test('is each in turn, never the one that fresh chunks come from', () => {
    const core = newCore(4);
    for (let i = 0; i < 7; i++) core.slabs.takeChunk(LARGE);
    const seen = [];
    for (let page = 0; seen.length < 6; seen.push(page)) page = core.slabs.spareablePage(LARGE, page);
    expect(seen).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('is none when the class has only fresh chunks', () => {
    const core = newCore(4);
    core.slabs.takeChunk(SMALL);
    expect(core.slabs.spareablePage(SMALL, 0)).toBe(0);
    expect(core.slabs.spareablePage(LARGE, 0)).toBe(0);
  });
});

describe('the pool', () => {
  test('hands its pages to any class before new memory is taken, and they stay counted', () => {
    const core = newCore(3);
    const chunks = takeAll(core, LARGE);
    const page = poolPageOf(core, LARGE, chunks);
    expect(core.slabs.pooledPages).toBe(1);
    expect(core.slabs.takenBytes).toBe(3 * PAGE_BYTES);
    const ref = core.slabs.takeChunk(SMALL);
    expect(core.slabs.pageOf(ref)).toBe(page);
    expect(core.slabs.pooledPages).toBe(0);
    expect(core.slabs.takenBytes).toBe(3 * PAGE_BYTES);
  });

  test('gives nothing when it is empty', () => {
    expect(newCore(3).slabs.takePooledPage()).toBe(0);
  });

  test('gives its pages back when the limit has fallen below what is taken, and they are the first to be taken again', () => {
    const core = newCore(4);
    const chunks = takeAll(core, LARGE);
    const pages = [poolPageOf(core, LARGE, chunks.slice(0)), poolPageOf(core, LARGE, chunks.slice(2))];
    expect(core.slabs.pooledPages).toBe(2);
    expect(core.slabs.setLimit(3 * PAGE_BYTES)).toBe(true);
    expect([core.slabs.pooledPages, core.slabs.takenBytes / PAGE_BYTES]).toEqual([1, 3]);
    core.slabs.setLimit(2 * PAGE_BYTES);
    expect([core.slabs.pooledPages, core.slabs.takenBytes / PAGE_BYTES]).toEqual([0, 2]);
    core.slabs.setLimit(8 * PAGE_BYTES);
    const taken = takeAll(core, LARGE).map((ref) => core.slabs.pageOf(ref));
    expect(new Set(taken.slice(0, 4))).toEqual(new Set(pages));
    expect(core.slabs.takenBytes).toBe(8 * PAGE_BYTES);
  });

  test('gives a page back at once when it comes while more is taken than the limit allows', () => {
    const core = newCore(4);
    const chunks = takeAll(core, LARGE);
    core.slabs.setLimit(2 * PAGE_BYTES);
    poolPageOf(core, LARGE, chunks);
    expect(core.slabs.pooledPages).toBe(0);
    expect(core.slabs.takenBytes).toBe(3 * PAGE_BYTES);
  });
});

describe('the limit', () => {
  test('can be raised as far as the arena has room', () => {
    const core = newCore(2);
    const capacity = core.views.pageCapacity;
    expect(core.slabs.setLimit(capacity * PAGE_BYTES)).toBe(false);
    expect(core.slabs.setLimit((capacity - 1) * PAGE_BYTES)).toBe(true);
    expect(core.slabs.isLimitReached).toBe(false);
  });
});
