import { describe, expect, test } from '@jest/globals';
import { ClassWord, Control, GLOBAL_LOCK_STRIDE, GlobalLock, QueueCounter, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import {
  BODY_NEXT,
  BODY_OWNER,
  CHUNKED_FIRST,
  CHUNKED_LAST,
  CHUNKED_PINS,
  FREE_NEXT,
  FREE_PREV,
  HASH,
  HASH_NEXT,
  Kind,
  LRU_NEXT,
  LRU_PREV,
  PAGE_BYTES,
  TAG,
  VALUE_BYTES,
} from './layout.js';
import { CacheDriver } from './testing/cache-driver.js';
import { verify } from './verify.js';

const SMALL = 2;

interface Parts {
  cache: CacheDriver;
  core: StoreCore;
  /** Linked items of one class, b between its neighbours in the queue. */
  a: number;
  b: number;
  c: number;
  /** Free chunks of the same class, the second behind the first in the list. */
  free: number;
  nextFree: number;
  chunked: number;
  otherChunked: number;
  body: number;
}

/** A sound store with a bit of everything in it. */
function soundStore(): Parts {
  const cache = new CacheDriver({ memoryLimitBytes: 8 * PAGE_BYTES, slabChunkMaxBytes: 16 * 1024, trackSizes: true });
  const { core } = cache.store;
  const ref = (key: string) => cache.locked(key, (found) => found);
  for (const key of ['x', 'y', 'z', 'a', 'b', 'c']) cache.set(key, new Uint8Array(50));
  const [free, nextFree] = [ref('y'), ref('x')];
  for (const key of ['x', 'y']) cache.delete(key);
  cache.set('chunked', new Uint8Array(40_000));
  cache.set('other', new Uint8Array(40_000));
  const chunked = ref('chunked');
  const body = core.chunked.word(chunked, CHUNKED_FIRST);
  expect(verify(cache.store)).toEqual([]);
  return {
    cache,
    core,
    a: ref('a'),
    b: ref('b'),
    c: ref('c'),
    free,
    nextFree,
    chunked,
    otherChunked: ref('other'),
    body,
  };
}

function setClassWord(core: StoreCore, id: number, word: number, change: number): void {
  core.views.classes[id * 16 + word] += change;
}

function queueRow(core: StoreCore, ref: number): number {
  return core.items.queue(ref) * 4;
}

describe('verify finds', () => {
  test.each<[string, RegExp, (parts: Parts) => void]>([
    ['a stripe that was never unlocked', /^stripe 5 is locked$/, ({ core }) => core.stripes.lock(5)],
    ['a class lock that was never unlocked', /^class 9 is locked$/, ({ core }) => core.classLocks.lock(9)],
    [
      'a global lock that was never unlocked',
      /^the SPLIT lock is held$/,
      ({ core }) => {
        core.views.globalLocks[GlobalLock.SPLIT * GLOBAL_LOCK_STRIDE] = 1;
      },
    ],
    ['a ring in a bucket', /is twice in the table/, ({ core, a }) => core.items.set(a, HASH_NEXT, a)],
    [
      'an item in a bucket that its hash does not name',
      /which is not its own/,
      ({ core, a }) => core.items.set(a, HASH, core.items.hash(a) ^ 1),
    ],
    [
      'a bucket with an item that is not linked',
      /is not marked linked/,
      ({ core, a }) => core.items.setKind(a, Kind.RESERVED),
    ],
    [
      'an item that is in a queue, not in the table',
      /is not in the table/,
      ({ core, a }) => core.table.removeLocked(a, core.items.hash(a)),
    ],
    [
      'an item that is in the table, not in a queue',
      /^6 items in the table, 5 in queues$/,
      ({ core, b }) => core.queues.unlink(b),
    ],
    ['a neighbour that points elsewhere', /has a wrong neighbour/, ({ core, b, a }) => core.items.set(b, LRU_PREV, a)],
    ['a queue that ends too early', /has a wrong tail/, ({ core, b }) => core.items.set(b, LRU_NEXT, 0)],
    [
      'an item whose tag names another queue',
      /its tag says/,
      ({ core, a }) => core.items.setQueue(a, core.items.queue(a) | 0x80),
    ],
    [
      'a queue that miscounts its items',
      /^queue 2 counts 5, holds 4$/,
      ({ core, a }) => {
        core.views.queues[queueRow(core, a) + 2]++;
      },
    ],
    [
      'a queue that miscounts its bytes',
      /bytes, holds/,
      ({ core, a }) => core.queues.add(core.items.queue(a), QueueCounter.BYTES, 8),
    ],
    [
      'a body chunk of another kind',
      /is not marked as one/,
      ({ core, body }) => core.items.setKind(body, Kind.RESERVED),
    ],
    [
      'a body chunk that names another owner',
      /names another owner/,
      ({ core, body, a }) => core.items.set(body, BODY_OWNER, a),
    ],
    [
      'a body chunk of two owners',
      /has two owners/,
      ({ core, otherChunked, body }) => core.chunked.setWord(otherChunked, CHUNKED_FIRST, body),
    ],
    ['a body chunk in a ring', /has two owners/, ({ core, body }) => core.items.set(body, BODY_NEXT, body)],
    [
      'a body chunk that nobody has',
      /marked as a body that no item has/,
      ({ core, body }) => core.items.set(body, BODY_NEXT, 0),
    ],
    [
      'a chunked value that has lost sight of its end',
      /does not know its last body chunk/,
      ({ core, chunked, body }) => core.chunked.setWord(chunked, CHUNKED_LAST, body),
    ],
    [
      'a chunked value that is not complete',
      /has 40000 of 40001 bytes/,
      ({ core, chunked }) => core.items.set(chunked, VALUE_BYTES, 40_001),
    ],
    [
      'a pin that was never ended',
      /is still pinned/,
      ({ core, chunked }) => core.chunked.setWord(chunked, CHUNKED_PINS, 1),
    ],
    [
      'a free list with a chunk in use',
      /of the free list of class 2 is not marked free/,
      ({ core, free }) => core.items.setKind(free, Kind.RESERVED),
    ],
    [
      'a free chunk with a wrong neighbour',
      /free chunk .* has a wrong neighbour/,
      ({ core, nextFree }) => core.items.set(nextFree, FREE_PREV, 0),
    ],
    [
      'a free list that is a ring',
      /is twice in a list/,
      ({ core, nextFree, free }) => core.items.set(nextFree, FREE_NEXT, free),
    ],
    ['a free chunk in no list', /is marked free, in no list/, ({ core, free }) => core.items.set(free, FREE_NEXT, 0)],
    [
      'a class that miscounts its free chunks',
      /^class 2 counts 3 free chunks, lists 2$/,
      ({ core }) => setClassWord(core, SMALL, ClassWord.FREE_COUNT, 1),
    ],
    [
      'a class that miscounts its used chunks',
      /^class 2 counts 5 used chunks, has 4$/,
      ({ core }) => setClassWord(core, SMALL, ClassWord.USED_COUNT, 1),
    ],
    [
      'a class that miscounts its pages',
      /^class 2 counts 2 pages, owns 1$/,
      ({ core }) => setClassWord(core, SMALL, ClassWord.PAGES, 1),
    ],
    [
      'bytes that count as taken by nobody',
      /bytes count as taken/,
      ({ core }) => {
        core.views.tuning[Tuning.TAKEN_BYTES] += PAGE_BYTES;
      },
    ],
    [
      'a chunk that was reserved and forgotten',
      /^1 chunks are reserved, at most 0 should be$/,
      ({ cache }) => {
        cache.reserve('lost', 40);
      },
    ],
    [
      'a linked item that is in no bucket',
      /is marked linked, not in the table/,
      ({ core, a }) => core.table.removeLocked(a, core.items.hash(a)),
    ],
    [
      'a chunk of a page that is not being drained, yet marked so',
      /is of unknown kind/,
      ({ core, free }) => core.items.setKind(free, Kind.DRAINED),
    ],
    ['a chunk of no kind', /is of unknown kind 0/, ({ core, free }) => core.items.set(free, TAG, SMALL)],
    [
      'an item of a class in a page of another',
      /of class 3 lies in a page of 2/,
      ({ core, a }) => core.items.set(a, TAG, core.items.get(a, TAG) ^ (2 ^ 3)),
    ],
    [
      'an item that is larger than its chunk',
      /is larger than its chunk/,
      ({ core, a }) => core.items.set(a, VALUE_BYTES, 500),
    ],
    [
      'a page that is pooled and owned',
      /is idle, yet class \d+ owns it/,
      ({ core }) => {
        core.views.pageStack[0] = 1;
        core.views.control[Control.PAGES_POOLED] = 1;
      },
    ],
    [
      'a page that is pooled and released',
      /twice among the idle/,
      ({ core }) => {
        core.views.pageStack[0] = 100;
        core.views.pageStack[core.views.pageStack.length - 1] = 100;
        core.views.control[Control.PAGES_POOLED] = 1;
        core.views.control[Control.PAGES_RELEASED] = 1;
      },
    ],
    [
      'a size that was not counted',
      /^bucket 4 of the sizes counts 3, has 4$/,
      ({ core }) => {
        core.views.sizes[4]--;
      },
    ],
  ])('%s', (_, finding, breakIt) => {
    const parts = soundStore();
    breakIt(parts);
    const findings = verify(parts.cache.store);
    expect(findings.filter((found) => finding.test(found))).not.toEqual([]);
  });

  test('nothing wrong with chunks that connections hold, as many as it is told of', () => {
    const { cache } = soundStore();
    const refs = [cache.reserve('one', 40), cache.reserve('two', 40)];
    expect(verify(cache.store, 2)).toEqual([]);
    expect(verify(cache.store, 1)).toHaveLength(1);
    for (const ref of refs) cache.store.release(ref);
    expect(verify(cache.store)).toEqual([]);
  });
});
