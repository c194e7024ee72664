import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { termLines, unbroken, wrap } from './output.js';

const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 40 });

describe('wrapping', () => {
  test('loses no word and exceeds no line', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 10, max: 50 }), (list, columns) => {
        const lines = wrap(list.join(' '), columns);
        expect(lines.join(' ')).toBe(list.join(' '));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test('keeps an unbroken phrase on one line', () => {
    expect(wrap(`TCP port ${unbroken('(default: 11211)')}`, 20)).toEqual(['TCP port', '(default: 11211)']);
  });
});

describe('a term and its explanation', () => {
  const layout = { indent: 2, column: 10, columns: 30 };

  test('stand side by side when the term is short', () => {
    expect(termLines('-p', 'the port of the server, any', layout)).toEqual([
      '  -p      the port of the',
      '          server, any',
    ]);
  });

  test('stand below each other when the term is long', () => {
    expect(termLines('--a-long-one', 'explained', layout)).toEqual(['  --a-long-one', '          explained']);
  });
});
