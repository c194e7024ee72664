import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { md5FirstWord, md5Words } from './md5.js';

/** Long enough for every shape of the last block, twice over. */
const LENGTHS = Array.from({ length: 260 }, (_, length) => length);

function expectedWords(bytes: Uint8Array): number[] {
  const digest = createHash('md5').update(bytes).digest();
  return [0, 4, 8, 12].map((at) => digest.readUInt32LE(at));
}

describe('md5', () => {
  test('agrees with node:crypto on random bytes of every length a key can have', () => {
    const words = new Uint32Array(4);
    for (const length of LENGTHS) {
      const bytes = randomBytes(length);
      md5Words(bytes, words);
      expect({ hex: bytes.toString('hex'), words: [...words] }).toEqual({
        hex: bytes.toString('hex'),
        words: expectedWords(bytes),
      });
    }
  });

  test('takes a range out of the middle of a buffer', () => {
    const bytes = randomBytes(1000);
    for (const length of LENGTHS) {
      const start = length % 7;
      const [first] = expectedWords(bytes.subarray(start, start + length));
      expect(md5FirstWord(bytes, start, start + length)).toBe(first);
    }
  });

  test('forgets the digest before: a long input leaves nothing behind for a short one', () => {
    const long = randomBytes(250);
    const short = Buffer.from('a');
    const [first] = expectedWords(short);
    md5FirstWord(long, 0, long.length);
    expect(md5FirstWord(short, 0, 1)).toBe(first);
    expect(md5FirstWord(short, 0, 1)).toBe(first);
  });
});
