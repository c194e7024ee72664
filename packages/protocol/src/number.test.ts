import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  decimalLength64,
  ParsedNumber,
  parseInt32,
  parseUint32,
  parseUint64,
  scanInt32,
  scanUint32,
  writeDecimal,
  writeDecimal64,
} from './number.js';
import { bytesOf, decimal, textOf } from './testing/story.js';

const UINT64_MAX = (1n << 64n) - 1n;
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: UINT64_MAX }),
  fc.bigInt({ min: 0n, max: 1n << 33n }),
  fc.bigInt({ min: UINT64_MAX - 1000n, max: UINT64_MAX }),
  fc.tuple(fc.bigInt({ min: 0n, max: 18_446_744_072n }), fc.integer({ min: -2, max: 2 })).map(([billions, more]) => {
    return BigInt.asUintN(64, billions * 1_000_000_000n + BigInt(more));
  }),
  fc.nat({ max: 19 }).map((n) => 10n ** BigInt(n)),
  fc.nat({ max: 63 }).map((n) => (1n << BigInt(n)) - 1n),
);

type Parser = (input: Uint8Array, start: number, end: number, out: ParsedNumber) => boolean;

function parse(parser: Parser, text: string): ParsedNumber | undefined {
  const out = new ParsedNumber();
  return parser(bytesOf(`9${text}9`), 1, text.length + 1, out) ? out : undefined;
}

function parseText(parser: Parser, text: string): string | undefined {
  const number = parse(parser, text);
  return number && decimal(number.low, number.high);
}

function halves(value: bigint): readonly [number, number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

describe('the strict numbers of the tokenizer', () => {
  test('hold every uint64 that has at most 22 digits', () => {
    fc.assert(
      fc.property(uint64, fc.nat({ max: 4 }), (value, zeros) => {
        const text = '0'.repeat(zeros) + value.toString();
        expect(parseText(parseUint64, text)).toBe(text.length > 22 ? undefined : value.toString());
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    '18446744073709551616',
    '99999999999999999999',
    '-1',
    '+1',
    ' 1',
    '1 ',
    '1x',
    '0x1',
    '\x001',
    '1234567890x',
    'x1234567890',
    '12345678901234567x',
  ])('refuse %j as uint64', (text) => {
    expect(parse(parseUint64, text)).toBeUndefined();
  });

  test.each([
    ['0', 0],
    ['4294967295', -1],
    ['00000000001', 1],
    ['2147483648', -0x8000_0000],
  ])('read %s as the uint32 with the bits of %d', (text, bits) => {
    expect(parse(parseUint32, text)?.low).toBe(bits);
  });

  test.each(['', '4294967296', '000000000001', '-1', '12345678901', '1.0'])('refuse %j as uint32', (text) => {
    expect(parse(parseUint32, text)).toBeUndefined();
  });

  test.each([
    ['-', 0],
    ['-0', 0],
    ['-2147483648', -2147483648],
    ['2147483647', 2147483647],
    ['-0000000001', -1],
  ])('read %s as the int32 %d', (text, value) => {
    expect(parse(parseInt32, text)?.low).toBe(value);
  });

  test.each(['', '2147483648', '-2147483649', '--1', '+1', '-00000000001', '1-'])('refuse %j as int32', (text) => {
    expect(parse(parseInt32, text)).toBeUndefined();
  });
});

describe('the numbers of the C library', () => {
  /** strtoul and strtol on 64-bit Linux, then the checks of util.c. */
  function oracle(text: string, signed: boolean): number | undefined {
    const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)(?=[ \t\n\v\f\r\0]|$)/.exec(text);
    if (match === null) return undefined;
    const magnitude = BigInt(match[2]);
    const value = match[1] === '-' ? -magnitude : magnitude;
    if (signed) return BigInt.asIntN(64, value) === value ? Number(BigInt.asIntN(32, value)) : undefined;
    if (magnitude > UINT64_MAX) return undefined;
    if (match[1] === '-' && BigInt.asIntN(64, value) < 0n) return undefined;
    return Number(BigInt.asIntN(32, value));
  }

  const words = fc
    .tuple(
      fc.constantFrom('', '', ' ', '\t', '\v\f'),
      fc.constantFrom('', '', '-', '+', '--'),
      fc.oneof(
        uint64.map(String),
        fc.constantFrom('', '9223372036854775807', '9223372036854775808', '18446744073709551616'),
      ),
      fc.constantFrom('', '', ' 7', '\t7', '\0x', 'x', '.'),
    )
    .map((parts) => parts.join(''));

  test('follow strtoul and strtol, truncated to 32 bits', () => {
    fc.assert(
      fc.property(words, (text) => {
        expect([text, parse(scanUint32, text)?.low]).toEqual([text, oracle(text, false)]);
        expect([text, parse(scanInt32, text)?.low]).toEqual([text, oracle(text, true)]);
      }),
      { numRuns: 2000 },
    );
  });

  test('let a minus pass that a wrap around 2^64 hides', () => {
    expect(parse(scanUint32, '-18446744073709551615')?.low).toBe(1);
    expect(parse(scanUint32, '-1')).toBeUndefined();
    expect(parse(scanInt32, '-9223372036854775808')?.low).toBe(0);
    expect(parse(scanInt32, '-9223372036854775809')).toBeUndefined();
  });
});

describe('decimals', () => {
  test('are written as BigInt writes them', () => {
    fc.assert(
      fc.property(uint64, (value) => {
        const bytes = new Uint8Array(32).fill(120);
        const [low, high] = halves(value);
        const end = writeDecimal64(bytes, 3, low, high);
        expect(textOf(bytes)).toBe(`xxx${value}`.padEnd(32, 'x'));
        expect(end).toBe(3 + value.toString().length);
        expect(decimalLength64(low, high)).toBe(value.toString().length);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([0, 9, 10, 99, 100, 2147483647, 2147483648, 4294967295, 999999999999, Number.MAX_SAFE_INTEGER])(
    'of %d are written as JavaScript writes them',
    (value) => {
      const bytes = new Uint8Array(20);
      expect(textOf(bytes.subarray(0, writeDecimal(bytes, 0, value)))).toBe(String(value));
    },
  );
});
