/**
 * Checks every invariant of a store that is at rest, and says which are broken.
 *
 * Called by tests, after each batch of work, when no other thread touches the arena. Walks all buckets,
 * queues, free lists and pages; each chunk must be exactly one thing. Answers a list of findings, empty
 * for a sound store. Takes no lock.
 */
import { ClassWord, Control, GLOBAL_LOCK_STRIDE, GlobalLock, QueueCounter, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { bytesBeforeData } from './item.js';
import {
  BODY_NEXT,
  BODY_OWNER,
  BODY_USED,
  CHUNKED_FIRST,
  CHUNKED_LAST,
  CLASSES_MAX,
  FREE_NEXT,
  FREE_PREV,
  HASH,
  HASH_NEXT,
  ItemMark,
  Kind,
  LRU_NEXT,
  LRU_PREV,
  PAGE_BYTES,
  QUEUES,
  REF_UNIT_SHIFT,
} from './layout.js';
import { sizeBucket } from './lru.js';
import type { Store } from './store.js';

/** What each chunk turned out to be. */
interface Census {
  readonly core: StoreCore;
  readonly findings: string[];
  readonly linked: Set<number>;
  readonly bodies: Set<number>;
  readonly free: Set<number>;
  readonly queued: Set<number>;
}

/** The broken invariants; empty when the store is sound. `reservedMax`: chunks that connections hold just now. */
export function verify(store: Store, reservedMax = 0): string[] {
  const census: Census = {
    core: store.core,
    findings: [],
    linked: new Set(),
    bodies: new Set(),
    free: new Set(),
    queued: new Set(),
  };
  checkLocks(census);
  checkTable(census);
  checkQueues(census);
  checkFreeLists(census);
  checkPages(census, reservedMax);
  checkPool(census);
  checkSizes(census);
  return census.findings;
}

function expect(census: Census, holds: boolean, finding: string): void {
  if (!holds) census.findings.push(finding);
}

function checkLocks({ core, findings }: Census): void {
  core.views.stripes.forEach((version, stripe) => {
    if ((version & 1) === 1) findings.push(`stripe ${stripe} is locked`);
  });
  for (const id of core.slabs.sizes.ids) {
    if (core.slabs.word(id, ClassWord.LOCK) !== 0) findings.push(`class ${id} is locked`);
  }
  for (const [name, lock] of Object.entries(GlobalLock)) {
    if (core.views.globalLocks[lock * GLOBAL_LOCK_STRIDE] !== 0) findings.push(`the ${name} lock is held`);
  }
}

function checkTable(census: Census): void {
  const { core, linked } = census;
  for (let bucket = 0; bucket < core.table.buckets; bucket++) {
    for (let ref = core.table.head(bucket); ref !== 0; ref = core.items.get(ref, HASH_NEXT)) {
      expect(census, !linked.has(ref), `item ${ref} is twice in the table`);
      if (linked.has(ref)) break;
      linked.add(ref);
      expect(census, core.items.kind(ref) === Kind.LINKED, `item ${ref} of bucket ${bucket} is not marked linked`);
      expect(
        census,
        core.table.bucketOf(core.items.get(ref, HASH)) === bucket,
        `item ${ref} is in bucket ${bucket}, which is not its own`,
      );
      if (core.items.hasMark(ref, ItemMark.CHUNKED)) checkBodies(census, ref);
    }
  }
}

function checkBodies(census: Census, ref: number): void {
  const { core, bodies } = census;
  let bytes = 0;
  let last = 0;
  for (let body = core.chunked.word(ref, CHUNKED_FIRST); body !== 0; body = core.items.get(body, BODY_NEXT)) {
    last = body;
    expect(census, core.items.kind(body) === Kind.BODY, `body chunk ${body} is not marked as one`);
    expect(census, core.items.get(body, BODY_OWNER) === ref, `body chunk ${body} names another owner than ${ref}`);
    expect(census, !bodies.has(body), `body chunk ${body} has two owners`);
    if (bodies.has(body)) break;
    bodies.add(body);
    bytes += core.items.get(body, BODY_USED);
  }
  expect(
    census,
    bytes === core.items.valueBytes(ref),
    `item ${ref} has ${bytes} of ${core.items.valueBytes(ref)} bytes`,
  );
  expect(census, core.chunked.word(ref, CHUNKED_LAST) === last, `item ${ref} does not know its last body chunk`);
  expect(census, core.chunked.pins(ref) === 0, `item ${ref} is still pinned`);
}

function checkQueues(census: Census): void {
  const { core, queued, linked } = census;
  for (let queue = 0; queue < QUEUES; queue++) {
    let count = 0;
    let bytes = 0;
    let previous = 0;
    for (let ref = core.queues.head(queue); ref !== 0; ref = core.items.get(ref, LRU_NEXT)) {
      expect(census, core.items.get(ref, LRU_PREV) === previous, `item ${ref} of queue ${queue} has a wrong neighbour`);
      expect(
        census,
        core.items.queue(ref) === queue,
        `item ${ref} is in queue ${queue}, its tag says ${core.items.queue(ref)}`,
      );
      expect(census, linked.has(ref), `item ${ref} of queue ${queue} is not in the table`);
      if (queued.has(ref)) break;
      queued.add(ref);
      count++;
      bytes += core.items.accountedBytes(ref);
      previous = ref;
    }
    expect(census, core.queues.tail(queue) === previous, `queue ${queue} has a wrong tail`);
    expect(
      census,
      core.queues.count(queue) === count,
      `queue ${queue} counts ${core.queues.count(queue)}, holds ${count}`,
    );
    const counted = core.queues.counter(queue, QueueCounter.BYTES);
    expect(census, counted === bytes, `queue ${queue} counts ${counted} bytes, holds ${bytes}`);
  }
  expect(census, queued.size === linked.size, `${linked.size} items in the table, ${queued.size} in queues`);
}

function checkFreeLists(census: Census): void {
  const { core, free } = census;
  for (const id of core.slabs.sizes.ids) {
    let previous = 0;
    let count = 0;
    for (let ref = core.slabs.word(id, ClassWord.FREE_HEAD); ref !== 0; ref = core.items.get(ref, FREE_NEXT)) {
      expect(
        census,
        core.items.kind(ref) === Kind.FREE,
        `chunk ${ref} of the free list of class ${id} is not marked free`,
      );
      expect(census, core.items.get(ref, FREE_PREV) === previous, `free chunk ${ref} has a wrong neighbour`);
      expect(census, !free.has(ref), `free chunk ${ref} is twice in a list`);
      if (free.has(ref)) break;
      free.add(ref);
      previous = ref;
      count++;
    }
    const counted = core.slabs.word(id, ClassWord.FREE_COUNT);
    expect(census, counted === count, `class ${id} counts ${counted} free chunks, lists ${count}`);
  }
}

function checkPages(census: Census, reservedMax: number): void {
  const { core } = census;
  const pages = new Array<number>(CLASSES_MAX).fill(0);
  const used = [...pages];
  let reserved = 0;
  for (let page = 1; page < core.views.control[Control.PAGES_TOUCHED]; page++) {
    const id = core.slabs.pageClass(page);
    if (id === 0) continue;
    pages[id]++;
    const counted = checkPage(census, page, id);
    used[id] += counted.used;
    reserved += counted.reserved;
  }
  expect(census, reserved <= reservedMax, `${reserved} chunks are reserved, at most ${reservedMax} should be`);
  for (let id = 1; id < pages.length; id++) {
    expect(
      census,
      core.slabs.word(id, ClassWord.PAGES) === pages[id],
      `class ${id} counts ${core.slabs.word(id, ClassWord.PAGES)} pages, owns ${pages[id]}`,
    );
    expect(
      census,
      core.slabs.word(id, ClassWord.USED_COUNT) === used[id],
      `class ${id} counts ${core.slabs.word(id, ClassWord.USED_COUNT)} used chunks, has ${used[id]}`,
    );
  }
  const owned = pages.reduce((sum, count) => sum + count, core.slabs.pooledPages);
  const taken = core.views.tuning[Tuning.TAKEN_BYTES] - core.options.initialTakenBytes;
  expect(census, taken === owned * PAGE_BYTES, `${taken} bytes count as taken, ${owned} pages are owned or pooled`);
}

function checkPage(census: Census, page: number, id: number): { used: number; reserved: number } {
  const { core, bodies, free } = census;
  const { sizes } = core.slabs;
  const freshLeft =
    core.slabs.pageOf(core.slabs.word(id, ClassWord.FRESH_REF)) === page
      ? core.slabs.word(id, ClassWord.FRESH_COUNT)
      : 0;
  const counted = { used: 0, reserved: 0 };
  for (let index = 0; index < sizes.chunksPerPage[id] - freshLeft; index++) {
    const ref = (core.slabs.pageRef(page) + index * (sizes.chunkBytes[id] >> REF_UNIT_SHIFT)) | 0;
    const kind = core.items.kind(ref);
    if (kind === Kind.LINKED) checkLinked(census, ref, id);
    else if (kind === Kind.BODY) expect(census, bodies.has(ref), `chunk ${ref} is marked as a body that no item has`);
    else if (kind === Kind.FREE) expect(census, free.has(ref), `chunk ${ref} is marked free, in no list`);
    else if (kind === Kind.RESERVED) counted.reserved++;
    else
      expect(
        census,
        kind === Kind.DRAINED && page === core.views.control[Control.DRAIN_PAGE],
        `chunk ${ref} is of unknown kind ${kind}`,
      );
    if (kind !== Kind.FREE && kind !== Kind.DRAINED) counted.used++;
  }
  return counted;
}

/** A linked item in a page of class `id`. */
function checkLinked(census: Census, ref: number, id: number): void {
  const { items, slabs } = census.core;
  expect(census, census.linked.has(ref), `chunk ${ref} is marked linked, not in the table`);
  if (items.hasMark(ref, ItemMark.CHUNKED)) return;
  expect(census, items.sizeClass(ref) === id, `item ${ref} of class ${items.sizeClass(ref)} lies in a page of ${id}`);
  const bytes = bytesBeforeData(items.keyBytes(ref), items.clientFlags(ref)) + items.valueBytes(ref);
  expect(census, bytes <= slabs.sizes.chunkBytes[id], `item ${ref} of ${bytes} bytes is larger than its chunk`);
}

/** Pages of the pool, from the bottom of the stack, and released ones, from its top. */
function checkPool({ core, findings }: Census): void {
  const { control, pageStack } = core.views;
  const idle = [
    ...pageStack.subarray(0, control[Control.PAGES_POOLED]),
    ...pageStack.subarray(pageStack.length - control[Control.PAGES_RELEASED]),
  ];
  for (const page of idle) {
    if (core.slabs.pageClass(page) !== 0)
      findings.push(`page ${page} is idle, yet class ${core.slabs.pageClass(page)} owns it`);
  }
  if (new Set(idle).size !== idle.length) findings.push('a page is twice among the idle ones');
}

function checkSizes({ core, findings, linked }: Census): void {
  if (!core.options.trackSizes) return;
  const counted = new Int32Array(core.views.sizes.length);
  for (const ref of linked) counted[sizeBucket(core.items.accountedBytes(ref))]++;
  counted.forEach((count, bucket) => {
    const kept = core.views.sizes[bucket];
    if (kept !== count) findings.push(`bucket ${bucket} of the sizes counts ${kept}, has ${count}`);
  });
}
