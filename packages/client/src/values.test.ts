/** Values and the flags that tell them apart. */
import { describe, expect, test } from '@jest/globals';
import { decodeValue, encodeValue, type ReadAs, ValueFlags } from './values.js';

function decoded(value: string | Buffer, flags: number, as: ReadAs | null = null): unknown {
  const bytes = Buffer.from(value as string);
  return decodeValue(Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]), 1, 1 + bytes.length, flags, as);
}

describe('values', () => {
  test.each([
    ['text'],
    [''],
    ['ünï'],
    [5],
    [null],
    [true],
    [[1, 'two']],
    [{ deep: { x: 1 } }],
    [Buffer.from([0, 255])],
  ])('come back as they went: %j', (value) => {
    const { flags, bytes } = encodeValue(value);
    expect(decoded(bytes as string, flags)).toEqual(value);
  });

  test('are told apart by flags that npm memcached uses too', () => {
    expect(encodeValue('x').flags).toBe(0);
    expect(encodeValue({}).flags).toBe(2);
    expect(encodeValue(Buffer.from('x')).flags).toBe(4);
    expect(decoded('42', ValueFlags.NUMBER)).toBe(42);
  });

  test('of foreign flags come as bytes', () => {
    expect(decoded('x', 16)).toEqual(Buffer.from('x'));
  });

  test('come as the caller wants them', () => {
    expect(decoded('{"a":1}', ValueFlags.JSON, 'string')).toBe('{"a":1}');
    expect(decoded('text', ValueFlags.STRING, 'buffer')).toEqual(Buffer.from('text'));
    expect(decoded('x', 16, 'string')).toBe('x');
  });

  test('that JSON cannot say are refused', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const value of [undefined, () => 1, Symbol('x'), circle, 5n]) {
      expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: 'BAD_VALUE' }));
    }
  });

  test('that are not what their flags say are an error', () => {
    expect(() => decoded('{', ValueFlags.JSON)).toThrow(expect.objectContaining({ code: 'UNREADABLE_VALUE' }));
    expect(() => decoded('', ValueFlags.NUMBER)).toThrow(expect.objectContaining({ code: 'UNREADABLE_VALUE' }));
  });
});
