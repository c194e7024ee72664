import { describe, expect, test } from '@jest/globals';
import { jenkins, murmur3 } from './hash.js';
import { viewOf } from './testing/cache-driver.js';

function hashOf(hash: typeof murmur3, text: string, seed: number): number {
  const bytes = new TextEncoder().encode(`..${text}..`);
  return hash(bytes, viewOf(bytes), 2, 2 + text.length, seed) >>> 0;
}

describe('murmur3', () => {
  test.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ])('gives the published value for %j with seed %i', (text, seed, expected) => {
    expect(hashOf(murmur3, text, seed)).toBe(expected);
  });
});

describe('jenkins', () => {
  test.each([
    ['', 0, 0xdeadbeef],
    ['', 0xdeadbeef, 0xbd5b7dde],
    ['Four score and seven years ago', 0, 0x17770551],
    ['Four score and seven years ago', 1, 0xcd628161],
  ])('gives the value of lookup3 for %j with seed %i', (text, seed, expected) => {
    expect(hashOf(jenkins, text, seed)).toBe(expected);
  });
});
