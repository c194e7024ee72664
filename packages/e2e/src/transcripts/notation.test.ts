import { describe, expect, test } from '@jest/globals';
import { matchSegments, show } from './matcher.js';
import { type Captures, parseNotation, renderSegments } from './notation.js';

const sent = (text: string, captures: Captures = new Map()) =>
  renderSegments(parseNotation(text), captures).toString('latin1');

function heard(expected: string, answer: string, captures: Captures = new Map(), closed = false) {
  return matchSegments(parseNotation(expected), Buffer.from(answer, 'latin1'), 0, captures, closed);
}

describe('what a transcript sends', () => {
  test('escapes are bytes', () => {
    expect(sent('a\\r\\n\\t\\0\\x7f\\xff\\\\\\{b}')).toBe('a\r\n\t\0\x7f\xff\\{b}');
  });

  test('a repetition is written out, with the escapes inside it', () => {
    expect(sent('<{ab*3}{\\x20*2}>')).toBe('<ababab  >');
  });

  test('a captured number can be used as it is, or counted on', () => {
    expect(sent('cas {c} {c+1} {c-2}', new Map([['c', 10n]]))).toBe('cas 10 11 8');
  });

  test('a number that was never captured is an error with its name', () => {
    expect(() => sent('{c}')).toThrow('{c}');
  });

  test('an unknown escape and an unknown placeholder are errors', () => {
    expect(() => parseNotation('\\q')).toThrow('\\q');
    expect(() => parseNotation('{1+1}')).toThrow('{1+1}');
  });
});

describe('what a transcript expects', () => {
  test('equal bytes match, and the first difference is named', () => {
    expect(heard('STORED\\r\\n', 'STORED\r\n')).toEqual({ outcome: 'matched', end: 8 });
    expect(heard('STORED', 'STOLEN')).toEqual({ outcome: 'differs', at: 3, wanted: 'RED' });
    expect(heard('STORED', 'STO')).toEqual({ outcome: 'more' });
  });

  test('a number is taken whole, so it waits for what follows', () => {
    expect(heard('{int}x', '12')).toEqual({ outcome: 'more' });
    expect(heard('{int}x', '12x')).toEqual({ outcome: 'matched', end: 3 });
    expect(heard('{int}', '12', new Map(), true)).toEqual({ outcome: 'matched', end: 2 });
    expect(heard('{int}', 'x')).toMatchObject({ outcome: 'differs' });
  });

  test('a range holds both its ends and nothing outside', () => {
    for (const inside of ['28', '30']) expect(heard('t{28..30};', `t${inside};`).outcome).toBe('matched');
    for (const outside of ['27', '31', '-29']) expect(heard('t{28..30};', `t${outside};`).outcome).toBe('differs');
  });

  test('a capture is remembered, and a greater one must be greater', () => {
    const captures: Captures = new Map();
    expect(heard('{a=int} ', '7 ', captures).outcome).toBe('matched');
    expect(captures.get('a')).toBe(7n);
    expect(heard('{b>a} ', '7 ', captures).outcome).toBe('differs');
    expect(heard('{b>a} ', '8 ', captures).outcome).toBe('matched');
    expect(heard('{b} ', '8 ', captures).outcome).toBe('matched');
  });

  test('words end at a blank, lines at their end', () => {
    expect(heard('a {word} b', 'a x.y/z b')).toMatchObject({ outcome: 'matched' });
    expect(heard('a {line}\\r\\n', 'a x y z\r\n')).toMatchObject({ outcome: 'matched' });
    expect(heard('a {word} b', 'a  b')).toMatchObject({ outcome: 'differs' });
  });

  test('{lines} skips whole lines, as many as it takes, also none', () => {
    const stats = 'STAT a 1\r\nSTAT b 2\r\nEND\r\n';
    expect(heard('{lines}STAT b 2\\r\\n', stats)).toEqual({ outcome: 'matched', end: 20 });
    expect(heard('{lines}STAT a {int}\\r\\n', stats)).toEqual({ outcome: 'matched', end: 10 });
    expect(heard('{lines}STAT c', 'STAT a 1\r\nSTA')).toEqual({ outcome: 'more' });
    expect(heard('{lines}STAT c', 'STAT a 1\r\n', new Map(), true).outcome).not.toBe('matched');
  });

  test('what is shown of an answer is what a transcript would say', () => {
    expect(show(Buffer.from('END\r\n\0\xff', 'latin1'))).toBe('END\\r\\n\\x00\\xff');
    expect(show(Buffer.alloc(500, 'x'), 4)).toBe('xxxx… (500 bytes)');
  });
});
