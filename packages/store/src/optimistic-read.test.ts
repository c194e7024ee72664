import { beforeEach, describe, expect, test } from '@jest/globals';
import { ItemMark, Kind, PAGE_BYTES, TAG, VALUE_BYTES } from './layout.js';
import type { Reads } from './reads.js';
import { Miss, Store } from './store.js';
import { keyBytes } from './testing/bare-item.js';
import { CacheDriver, isSame, patternedValue, viewOf } from './testing/cache-driver.js';
import { verify } from './verify.js';

const KEY = 'the-key!';
const key = keyBytes(KEY);
const OLD = patternedValue(1, 100);
const NEW = patternedValue(2, 100);
const output = new Uint8Array(PAGE_BYTES);

/** A view of the key that lets a writer in between two loads of a reader, once. */
class InterruptedView extends DataView<ArrayBuffer> {
  interrupt: (() => void) | null = null;

  override getInt32(at: number, isLittle?: boolean): number {
    const { interrupt } = this;
    this.interrupt = null;
    interrupt?.();
    return super.getInt32(at, isLittle);
  }
}

let writer: CacheDriver;
let reader: Store;
let reads: Reads;
let hash: number;
let view: InterruptedView;

beforeEach(() => {
  writer = new CacheDriver({ memoryLimitBytes: 2 ** 21, slabChunkMaxBytes: 16 * 1024 });
  writer.set(KEY, OLD);
  reader = new Store(writer.arena, 1);
  hash = reader.hashKey(key, viewOf(key), 0, key.length);
  view = new InterruptedView(key.buffer as ArrayBuffer);
  openReads();
});

/** After each exchange of the reader. */
function openReads(): void {
  reads = reader.bind({ input: key, inputView: view, output, outputView: viewOf(output) }).reads;
}

function begin(bump = 0): number {
  return reads.begin(0, key.length, hash, bump);
}

/** Copies as a command does, into exactly the room that was announced. */
function copy(): Uint8Array {
  return output.slice(0, reads.copyValue(0));
}

/** The whole of a read, as a command does it; answers the value and the tries it took. */
function read(bump = 0): { value: Uint8Array | null; tries: number } {
  for (let tries = 1; ; tries++) {
    const ref = begin(bump);
    const value = ref === 0 ? null : copy();
    if (reads.end()) return { value, tries };
  }
}

describe('a read is whole', () => {
  test('when nobody wrote', () => {
    const { value, tries } = read();
    expect(isSame(value, OLD)).toBe(true);
    expect(tries).toBe(1);
  });

  test('when somebody wrote to another stripe', () => {
    begin();
    const value = copy();
    for (let i = 0; i < 100; i++) {
      const other = `other${i}`;
      const bytes = keyBytes(other);
      const otherHash = reader.hashKey(bytes, viewOf(bytes), 0, bytes.length);
      if (((otherHash ^ hash) & 4095) !== 0) writer.set(other, NEW);
    }
    expect(reads.end()).toBe(true);
    expect(isSame(value, OLD)).toBe(true);
  });

  test('when it holds the stripe, which nobody else can take then', () => {
    begin(1);
    expect(reads.found.isLocked).toBe(true);
    expect(writer.store.core.stripes.tryLock(hash)).toBe(false);
    expect(reads.end()).toBe(true);
    expect(reads.found.isLocked).toBe(false);
    expect(writer.store.core.stripes.tryLock(hash)).toBe(true);
  });

  test.each([true, false])('on machines that order loads weakly: %p', (isWeaklyOrdered) => {
    writer = new CacheDriver({ isWeaklyOrdered });
    writer.set(KEY, OLD);
    reader = new Store(writer.arena, 1);
    openReads();
    begin();
    expect(isSame(copy(), OLD)).toBe(true);
    expect(reads.end()).toBe(true);
    begin();
    writer.set(KEY, NEW);
    copy();
    expect(reads.end()).toBe(false);
  });
});

describe('a read is refused, and harmless until then,', () => {
  test.each<[string, () => void]>([
    ['when the item was written over where it lies', () => void writer.set(KEY, NEW)],
    ['when it was replaced by a longer one', () => void writer.set(KEY, patternedValue(3, 5000))],
    ['when it was deleted', () => void writer.delete(KEY)],
    [
      'when its chunk was taken by a longer value',
      () => {
        writer.delete(KEY);
        writer.set('another!', patternedValue(3, 115));
      },
    ],
    [
      'when its chunk became a piece of a chunked value, whose bytes look like a length',
      () => {
        writer.delete(KEY);
        writer.set('chunked!', new Uint8Array(16_352 + 100).fill(0x7f));
      },
    ],
    [
      'when its chunk became the header of a chunked value',
      () => {
        const { core } = writer.store;
        const ref = writer.locked(KEY, (found) => found);
        writer.delete(KEY);
        core.items.set(ref, TAG, Kind.LINKED | ItemMark.CHUNKED | (250 << 8) | ItemMark.CLIENT_FLAGS);
        core.items.set(ref, VALUE_BYTES, -1);
      },
    ],
    ['when its bucket was split', () => void writer.store.core.stripes.unlock(lockedStripe())],
    ['when it expired and was taken out', () => void expireAndFetch()],
  ])('%s', (_, write) => {
    const ref = begin();
    write();
    expect(copy()).toHaveLength(OLD.length);
    expect(reads.found.casLow).toBeDefined();
    reader.copyKey(ref, new Uint8Array(256), viewOf(new Uint8Array(256)), 0);
    expect(reads.end()).toBe(false);
  });

  function lockedStripe(): number {
    writer.store.core.stripes.lock(hash);
    return hash;
  }

  function expireAndFetch(): void {
    writer.locked(KEY, (ref) => writer.store.setExptimeLocked(ref, 101));
    writer.store.clock.set(101);
    expect(writer.get(KEY)).toBeNull();
  }
});

describe('an item that is read without the stripe', () => {
  test.each([0, 1])('is dead at its second, not a moment later, with bump %i', (bump) => {
    writer.locked(KEY, (ref) => writer.store.setExptimeLocked(ref, 110));
    for (let hit = 0; hit < 3; hit++) read(bump);
    writer.store.clock.set(109);
    expect(isSame(read(bump).value, OLD)).toBe(true);
    writer.store.clock.set(110);
    expect(read(bump).value).toBeNull();
    expect(reader.missReason).toBe(Miss.EXPIRED);
  });

  test.each([0, 1])('is dead after a flush, in the same second too, with bump %i', (bump) => {
    for (let hit = 0; hit < 3; hit++) read(bump);
    writer.store.flushAll(writer.store.now());
    expect(read(bump).value).toBeNull();
    expect(reader.missReason).toBe(Miss.FLUSHED);
  });
});

describe('a writer that comes while the key is compared', () => {
  test('is noticed, and its value read', () => {
    view.interrupt = () => void writer.set(KEY, patternedValue(7, 3000));
    expect(isSame(read().value, patternedValue(7, 3000))).toBe(true);
  });

  test('and deletes the item leaves a miss', () => {
    view.interrupt = () => void writer.delete(KEY);
    expect(read().value).toBeNull();
    expect(reader.missReason).toBe(Miss.ABSENT);
  });

  test('cannot make an item look absent that is there', () => {
    view.interrupt = () => {
      writer.delete(KEY);
      writer.set('another!', NEW);
      writer.set(KEY, NEW);
    };
    expect(isSame(read().value, NEW)).toBe(true);
  });

  test('cannot pass a length that is none', () => {
    view.interrupt = () => {
      const ref = writer.locked(KEY, (found) => found);
      writer.delete(KEY);
      writer.set('chunked!', new Uint8Array(16_352 + 100).fill(0x7f));
      writer.store.core.items.set(ref, VALUE_BYTES, 0x7f7f7f7f);
    };
    expect(begin()).toBe(0);
  });

  test('is noticed when the read is about to take the stripe', () => {
    view.interrupt = () => void writer.set(KEY, patternedValue(7, 3000));
    expect(isSame(read(1).value, patternedValue(7, 3000))).toBe(true);
    expect(writer.locked(KEY, (ref) => reader.isFetched(ref))).toBe(true);
    expect(verify(writer.store)).toEqual([]);
  });

  test('may be the table that splits', () => {
    view.interrupt = () => {
      for (let i = 0; i < 70_000; i++) writer.store.core.table.trySplit();
    };
    expect(isSame(read().value, OLD)).toBe(true);
  });
});

describe('a read takes the stripe', () => {
  const isLocked = (bump: number) => {
    begin(bump);
    const { isLocked } = reads.found;
    reads.end();
    return isLocked;
  };

  test('for the first two hits, to mark the item, and never again', () => {
    expect([isLocked(1), isLocked(1), isLocked(1), isLocked(1)]).toEqual([true, true, false, false]);
  });

  test('never when it does not count as a hit', () => {
    expect([isLocked(0), isLocked(0)]).toEqual([false, false]);
  });

  test('for a chunked value', () => {
    writer.set(KEY, new Uint8Array(20_000));
    expect([isLocked(0), isLocked(0)]).toEqual([true, true]);
  });

  test('once a minute in a flat LRU', () => {
    writer = new CacheDriver({ segmented: false });
    writer.set(KEY, OLD);
    reader = new Store(writer.arena, 1);
    openReads();
    expect([isLocked(1), isLocked(1)]).toEqual([true, false]);
    writer.store.clock.set(160);
    expect(isLocked(1)).toBe(false);
    writer.store.clock.set(161);
    expect([isLocked(1), isLocked(1)]).toEqual([true, false]);
  });

  test('to take out an item that is dead, and lets it go at once', () => {
    writer.store.flushAll(writer.store.now());
    expect(begin()).toBe(0);
    expect(reader.missReason).toBe(Miss.FLUSHED);
    expect(reads.found.isLocked).toBe(false);
    expect(reads.end()).toBe(true);
    expect(writer.store.statistics.itemCount).toBe(0);
    expect(verify(writer.store)).toEqual([]);
  });
});
