import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { base64Length, decodeBase64, encodeBase64 } from './base64.js';
import { bytesOf, textOf } from './testing/story.js';

function encode(bytes: Uint8Array): string {
  const out = new Uint8Array(base64Length(bytes.length));
  expect(encodeBase64(bytes, 0, bytes.length, out, 0)).toBe(out.length);
  return textOf(out);
}

function decode(text: string): string {
  const out = new Uint8Array(text.length + 1);
  return textOf(out.subarray(0, decodeBase64(bytesOf(text), 0, text.length, out, 0)));
}

describe('base64', () => {
  test('is what Buffer makes of it, and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(encode(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decode(encode(bytes))).toBe(textOf(bytes));
      }),
    );
  });

  test('is decoded within one array, behind the source', () => {
    const both = Uint8Array.from([...bytesOf('xYWJjZA==x'), ...new Uint8Array(8)]);
    expect(decodeBase64(both, 1, 9, both, 10)).toBe(4);
    expect(textOf(both.subarray(10, 14))).toBe('abcd');
  });

  test.each([
    ['bytes outside of the alphabet', 'Y*W\xffI=', 'ab'],
    ['what follows padding', 'AA==AAAA', '\0'],
    ['bits that padding leaves over', 'AB==', '\0'],
  ])('passes over %s, as memcached does', (_, text, bytes) => {
    expect(decode(text)).toBe(bytes);
  });

  test.each(['', 'a', 'ab', 'abc', 'A===', '====', 'AAAAA', '****'])('refuses %j', (text) => {
    expect(decode(text)).toBe('');
  });
});
