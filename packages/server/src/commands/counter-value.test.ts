import { describe, expect, test } from '@jest/globals';
import { ParsedNumber } from '@shoal/protocol';
import fc from 'fast-check';
import { addCounter, readCounter, subtractCounter } from './counter-value.js';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

function numberOf(value: bigint): ParsedNumber {
  const number = new ParsedNumber();
  number.low = Number(BigInt.asIntN(32, value));
  number.high = Number(BigInt.asIntN(32, value >> 32n));
  return number;
}

function bigOf(number: ParsedNumber): bigint {
  return (BigInt(number.high >>> 0) << 32n) | BigInt(number.low >>> 0);
}

function read(text: string): bigint | null {
  const number = new ParsedNumber();
  const padded = Buffer.from(`xx${text}yy`, 'latin1');
  return readCounter(padded, 2, 2 + text.length, number) ? bigOf(number) : null;
}

describe('reading a counter', () => {
  test('every unsigned 64-bit number is read', () => {
    fc.assert(fc.property(uint64, (value) => expect(read(value.toString())).toBe(value)));
  });

  test.each([
    ['12', 12n],
    [' \t\n\v\f\r12', 12n],
    ['12 ', 12n],
    ['12 apples', 12n],
    ['12\0', 12n],
    ['+12', 12n],
    ['0000000000000000000000000000012', 12n],
    ['0', 0n],
    ['000', 0n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['-18446744073709551615', 1n],
    ['-0', 0n],
  ])('%j is a number', (text, value) => {
    expect(read(text)).toBe(value);
  });

  test.each(['', ' ', '+', '-', 'x', '12x', '- 5', '-5', '--5', '18446744073709551616', '99999999999999999999999'])(
    '%j is none',
    (text) => {
      expect(read(text)).toBeNull();
    },
  );
});

describe('counting', () => {
  test('addition wraps at 64 bits', () => {
    fc.assert(
      fc.property(uint64, uint64, (a, b) => {
        const sum = numberOf(a);
        addCounter(sum, numberOf(b).low, numberOf(b).high);
        expect(bigOf(sum)).toBe(BigInt.asUintN(64, a + b));
      }),
    );
  });

  test('subtraction stops at 0', () => {
    fc.assert(
      fc.property(uint64, uint64, (a, b) => {
        const rest = numberOf(a);
        subtractCounter(rest, numberOf(b).low, numberOf(b).high);
        expect(bigOf(rest)).toBe(a > b ? a - b : 0n);
      }),
    );
  });
});
