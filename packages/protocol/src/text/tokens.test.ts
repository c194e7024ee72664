import { describe, expect, test } from '@jest/globals';
import { Request } from '../request.js';
import { bytesOf } from '../testing/story.js';
import { skipLine, splitLine, tokenEquals, tokenIsPrefixOf } from './tokens.js';

function split(line: string): { input: Uint8Array; request: Request } {
  const input = bytesOf(line);
  const request = new Request();
  expect(splitLine(input, new DataView(input.buffer), 0, input.length, request)).toBe(true);
  return { input, request };
}

describe('a word of a line', () => {
  const { input, request } = split('stats det settings\r\n');

  test('is compared whole', () => {
    expect(tokenEquals(input, request, 0, bytesOf('stats'))).toBe(true);
    expect(tokenEquals(input, request, 1, bytesOf('detail'))).toBe(false);
    expect(tokenEquals(input, request, 1, bytesOf('de'))).toBe(false);
    expect(tokenEquals(input, request, 1, bytesOf('dex'))).toBe(false);
  });

  test('is recognised by its beginning, as memcached recognises subcommands', () => {
    expect(tokenIsPrefixOf(input, request, 1, bytesOf('detail'))).toBe(true);
    expect(tokenIsPrefixOf(input, request, 1, bytesOf('det'))).toBe(true);
    expect(tokenIsPrefixOf(input, request, 1, bytesOf('de'))).toBe(false);
    expect(tokenIsPrefixOf(input, request, 1, bytesOf('dex!'))).toBe(false);
  });

  test('that is not there equals nothing', () => {
    for (const index of [-1, 3, 22]) {
      expect(tokenEquals(input, request, index, bytesOf(''))).toBe(false);
      expect(tokenIsPrefixOf(input, request, index, bytesOf('x'))).toBe(false);
    }
  });
});

test('the rest of a line is thrown away up to its LF', () => {
  const input = bytesOf('abc\r\nd\n\ne');
  const view = new DataView(input.buffer);
  expect([0, 4, 5, 7, 8].map((at) => skipLine(input, view, at, input.length))).toEqual([5, 5, 7, 8, -1]);
  expect(skipLine(input, view, 0, 4)).toBe(-1);
});
