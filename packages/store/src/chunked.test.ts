import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BODY_NEXT, CHUNKED_FIRST, CHUNKED_WRITTEN, PAGE_BYTES } from './layout.js';
import { CacheDriver, isSame, patternedValue, viewOf } from './testing/cache-driver.js';
import { verify } from './verify.js';

const KIB = 1024;

/** Chunks of 16 KiB at most, so that values need not be large to be chunked. */
function newCache(options = {}): CacheDriver {
  return new CacheDriver({ memoryLimitBytes: 8 * PAGE_BYTES, slabChunkMaxBytes: 16 * KIB, ...options });
}

function bodiesOf(cache: CacheDriver, ref: number): number[] {
  const { chunked, items } = cache.store.core;
  const bodies: number[] = [];
  for (let body = chunked.word(ref, CHUNKED_FIRST); body !== 0; body = items.get(body, BODY_NEXT)) bodies.push(body);
  return bodies;
}

function usedChunks(cache: CacheDriver): number {
  const { statistics } = cache.store;
  let used = 0;
  for (let id = 1; id <= statistics.largestClass; id++) used += statistics.slabsOf(id).usedChunks;
  return used;
}

describe('a chunked value', () => {
  test('can be written in pieces of any size and read from anywhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16 * KIB, max: 80 * KIB }),
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(80 * KIB), fc.nat(40_000)), { minLength: 1, maxLength: 8 }),
        (bytes, pieces, reads) => {
          const cache = newCache();
          const value = patternedValue(bytes, bytes);
          const ref = cache.reserve('key', bytes);
          for (let at = 0, turn = 0; at < bytes; turn++) {
            const piece = Math.min(pieces[turn % pieces.length], bytes - at);
            expect(cache.store.writeValue(ref, at, value, viewOf(value), at, piece)).toBe(true);
            at += piece;
          }
          for (const [offset, count] of reads) {
            const from = Math.min(offset, bytes);
            const part = new Uint8Array(Math.min(count, bytes - from));
            cache.store.copyValuePart(ref, from, part.length, part, 0);
            expect(isSame(part, value.subarray(from, from + part.length))).toBe(true);
          }
          cache.store.release(ref);
          expect(verify(cache.store)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('takes chunks only as its bytes arrive', () => {
    const cache = newCache();
    const ref = cache.reserve('key', 100 * KIB);
    expect(usedChunks(cache)).toBe(1);
    cache.store.writeValue(ref, 0, patternedValue(1, 10), viewOf(patternedValue(1, 10)), 0, 10);
    expect(usedChunks(cache)).toBe(2);
    expect(cache.store.core.chunked.word(ref, CHUNKED_WRITTEN)).toBe(10);
  });

  test('ends in a chunk no larger than what was left of it', () => {
    const cache = newCache();
    cache.set('key', patternedValue(1, 16_352 + 100));
    const [first, last] = cache.locked('key', (ref) => bodiesOf(cache, ref));
    const { slabs } = cache.store.core;
    expect(slabs.pageClass(slabs.pageOf(first))).toBe(slabs.sizes.largest);
    expect(slabs.sizes.chunkBytes[slabs.pageClass(slabs.pageOf(last))]).toBeLessThan(200);
  });

  test('fits one body chunk when only its header makes it too large', () => {
    const cache = newCache();
    const value = patternedValue(3, 16 * KIB - 60);
    cache.set('key', value);
    expect(cache.locked('key', (ref) => [cache.store.isChunked(ref), bodiesOf(cache, ref).length])).toEqual([true, 1]);
    expect(isSame(cache.get('key'), value)).toBe(true);
  });

  test('gives all its chunks back when it is released half written', () => {
    const cache = newCache();
    const ref = cache.reserve('key', 100 * KIB);
    const half = patternedValue(1, 50 * KIB);
    cache.store.writeValue(ref, 0, half, viewOf(half), 0, half.length);
    cache.store.release(ref);
    expect(usedChunks(cache)).toBe(0);
    expect(verify(cache.store)).toEqual([]);
  });

  test('is refused midway when no chunk can be had, and leaves nothing behind', () => {
    const cache = newCache({ memoryLimitBytes: PAGE_BYTES, itemSizeMaxBytes: 4 * PAGE_BYTES, evictions: false });
    expect(cache.set('key', patternedValue(1, 3 * PAGE_BYTES))).toBe('no memory');
    expect(usedChunks(cache)).toBe(0);
    expect(verify(cache.store)).toEqual([]);
  });

  test('ends where it ends: nothing can be read behind it, and nothing hangs', () => {
    const cache = newCache();
    const value = patternedValue(1, 40 * KIB);
    cache.set('key', value);
    cache.locked('key', (ref) => {
      const out = new Uint8Array(1);
      cache.store.copyValuePart(ref, value.length, 0, out, 0);
      cache.store.copyValuePart(ref, value.length - 1, 1, out, 0);
      expect(out[0]).toBe(value[value.length - 1]);
    });
  });
});

describe('a longer value made of an old one', () => {
  test.each([
    ['a plain value that stays plain', 1000, 2000],
    ['a plain value that becomes chunked', 15 * KIB, 20 * KIB],
    ['a chunked value', 40 * KIB, 5],
    ['a chunked value that grows by many chunks', 20 * KIB, 100 * KIB],
    ['an empty value', 0, 17 * KIB],
  ])('begins with %s', (_, oldBytes, moreBytes) => {
    const cache = newCache();
    const [old, more] = [patternedValue(1, oldBytes), patternedValue(2, moreBytes)];
    cache.set('key', old);
    expect(cache.append('key', more)).toBe(true);
    expect(isSame(cache.get('key'), Buffer.concat([old, more]))).toBe(true);
    expect(verify(cache.store)).toEqual([]);
  });
});

describe('a reader of a chunked value', () => {
  test('never goes on where it stood in an item that has been replaced meanwhile', () => {
    const cache = newCache();
    const other = cache.attach(1);
    const value = patternedValue(1, 16 * KIB - 60);
    cache.set('key', value);
    const [ref, hash] = cache.locked('key', (found, itsHash) => {
      cache.store.pinLocked(found);
      return [found, itsHash];
    });
    expect(isSame(other.get('key'), value)).toBe(true);
    cache.delete('key');
    cache.store.unpin(ref, hash);
    const filler = cache.reserve('filler', 16 * KIB - 200);
    const next = patternedValue(2, 16 * KIB - 60);
    cache.set('key', next);
    expect(cache.locked('key', (found) => found)).toBe(ref);
    expect(isSame(other.get('key'), next)).toBe(true);
    cache.store.release(filler);
  });

  test('reads a pinned value to its end while others replace it', () => {
    const cache = newCache();
    const value = patternedValue(1, 100 * KIB);
    cache.set('key', value);
    const [ref, hash] = cache.locked('key', (found, itsHash) => {
      cache.store.pinLocked(found);
      return [found, itsHash];
    });
    const out = new Uint8Array(value.length);
    for (let at = 0; at < out.length; at += 1000) {
      cache.store.copyValuePart(ref, at, Math.min(1000, out.length - at), out, at);
      if (at % 20_000 === 0) cache.set('key', patternedValue(at, 100 * KIB));
    }
    expect(isSame(out, value)).toBe(true);
    cache.store.unpin(ref, hash);
    expect(verify(cache.store)).toEqual([]);
  });

  test('that is one of two keeps the value for the other', () => {
    const cache = newCache();
    const value = patternedValue(1, 50 * KIB);
    cache.set('key', value);
    const [ref, hash] = cache.locked('key', (found, itsHash) => {
      cache.store.pinLocked(found);
      cache.store.pinLocked(found);
      return [found, itsHash];
    });
    cache.delete('key');
    cache.store.unpin(ref, hash);
    for (let i = 0; i < 20; i++) cache.set(`other${i}`, patternedValue(i, 50 * KIB));
    const out = new Uint8Array(value.length);
    cache.store.copyValuePart(ref, 0, out.length, out, 0);
    expect(isSame(out, value)).toBe(true);
    cache.store.unpin(ref, hash);
    expect(verify(cache.store)).toEqual([]);
  });

  test('that ends while its item is linked leaves the item where it is', () => {
    const cache = newCache();
    cache.set('key', patternedValue(1, 50 * KIB));
    const [ref, hash] = cache.locked('key', (found, itsHash) => {
      cache.store.pinLocked(found);
      return [found, itsHash];
    });
    cache.store.unpin(ref, hash);
    expect(cache.get('key')).not.toBeNull();
    expect(verify(cache.store)).toEqual([]);
  });
});
