import { expect, test } from '@jest/globals';
import { LineSplitter } from './line-splitter.js';

function split(chunks: readonly string[], charsMax = 10) {
  const found: string[] = [];
  let tooLong = 0;
  const lines = new LineSplitter({ charsMax, onLine: (line) => found.push(line), onTooLong: () => tooLong++ });
  for (const chunk of chunks) lines.push(chunk);
  const before = [...found];
  lines.end();
  return { found: before, last: found.slice(before.length), tooLong };
}

test('lines come out whole, however they came in', () => {
  const text = 'one\ntwo\n\nthree\n';
  for (let cut = 0; cut <= text.length; cut++) {
    expect(split([text.slice(0, cut), text.slice(cut)]).found).toEqual(['one', 'two', '', 'three']);
  }
  expect(split([...text]).found).toEqual(['one', 'two', '', 'three']);
});

test('what has no end yet is held, and is the last line at the end of the stream', () => {
  expect(split(['one\ntw', 'o'])).toEqual({ found: ['one'], last: ['two'], tooLong: 0 });
  expect(split(['one\n']).last).toEqual([]);
});

test('a line as long as the bound comes out, a longer one is told once and passed over', () => {
  expect(split(['0123456789\nok\n'])).toMatchObject({ found: ['0123456789', 'ok'], tooLong: 0 });
  expect(split(['0123456789', 'x', 'yyyyyyyyyyyyyyyyyyyyyy', '\nok\n'])).toEqual({
    found: ['ok'],
    last: [],
    tooLong: 1,
  });
  expect(split([`${'x'.repeat(50)}\n${'y'.repeat(50)}\nok\n`])).toMatchObject({ found: ['ok'], tooLong: 2 });
});
