import { describe, expect, test } from '@jest/globals';
import { PATTERNS, type PatternName, requestStream, roomFor, shuffledKeys } from './request-stream.js';

const MEMORY_MIB = 1;
const REQUESTS = 50_000;

function keysOf(pattern: PatternName, seed = 1): Int32Array {
  const stream = requestStream({ pattern, seed, memoryMiB: MEMORY_MIB });
  return Int32Array.from({ length: REQUESTS }, () => stream.next());
}

describe.each(PATTERNS)('the pattern %s', (pattern) => {
  test('asks for the same keys with the same seed, and for others with another', () => {
    expect(keysOf(pattern)).toEqual(keysOf(pattern));
    expect(keysOf(pattern)).not.toEqual(keysOf(pattern, 2));
  });

  test('asks for keys that there are, several times as many as fit', () => {
    const { keyCount, valueBytes } = requestStream({ pattern, seed: 1, memoryMiB: MEMORY_MIB });
    expect(keysOf(pattern).every((key) => key >= 0 && key < keyCount)).toBe(true);
    expect(keyCount).toBeGreaterThan(2 * roomFor(MEMORY_MIB, 100) * (100 / 400));
    expect(valueBytes(5)).toBe(valueBytes(5));
  });
});

test('scans ask for keys in a row, each once, for about a fifth of the requests', () => {
  const { mainKeys } = requestStream({ pattern: 'zipf-1.0-scans', seed: 1, memoryMiB: MEMORY_MIB });
  const scanned = keysOf('zipf-1.0-scans').filter((key) => key >= mainKeys);
  expect(scanned.length / REQUESTS).toBeGreaterThan(0.1);
  expect(scanned.length / REQUESTS).toBeLessThan(0.3);
  expect(scanned.subarray(0, 1000)).toEqual(Int32Array.from({ length: 1000 }, (_, index) => mainKeys + index));
});

test('a shifting working set leaves its most wanted key for another', () => {
  const keys = keysOf('shifting');
  const mostWanted = (part: Int32Array): number => {
    const counts = new Map<number, number>();
    for (const key of part) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
  };
  expect(mostWanted(keys.subarray(0, 3000))).toBe(0);
  expect(mostWanted(keys.subarray(-3000))).not.toBe(0);
});

test('mixed sizes lie between 10 and 2,000 bytes, as many below 140 as above', () => {
  const { valueBytes, keyCount } = requestStream({ pattern: 'mixed-sizes', seed: 1, memoryMiB: MEMORY_MIB });
  const sizes = Int32Array.from({ length: keyCount }, (_, key) => valueBytes(key)).sort();
  expect(sizes[0]).toBe(10);
  expect(sizes[keyCount - 1]).toBeLessThan(2000);
  expect(sizes[keyCount >> 1] / 141).toBeCloseTo(1, 1);
});

test('shuffled keys are all there, in an order that the seed decides', () => {
  const keys = shuffledKeys(1000, 3);
  expect(keys).toEqual(shuffledKeys(1000, 3));
  expect(keys).not.toEqual(shuffledKeys(1000, 4));
  expect(keys.slice().sort()).toEqual(Int32Array.from({ length: 1000 }, (_, key) => key));
});
