/**
 * Numbers as the wire spells them, read and written without BigInt and without allocation.
 *
 * 64-bit values are two int32 halves (low, high). memcached reads numbers by two different rules, and both matter:
 * `parse*` is the strict one of its tokenizer (digits only, at most 11 or 22 characters: mcmc.c), `scan*` is the C
 * library's (leading white space, a sign, ends at white space: safe_strtoul and safe_strtol in util.c), which only the
 * client flags and exptime of the text storage commands still go through.
 */

const DIGIT_0 = 48;
const MINUS = 45;
const PLUS = 43;
const TWO_32 = 4294967296;
/** With a high half below this, a 64-bit number is an exact double. */
const SAFE_HIGH = 0x20_0000;

/** Longest 32-bit number the tokenizer accepts, sign and leading zeros included (mcmc.c). */
const INT32_CHARACTERS_MAX = 11;
/** The same for 64 bits. */
const INT64_CHARACTERS_MAX = 22;
/** This many digits always fit an int32. */
const INT32_DIGITS = 9;
/** And this many a double. */
const DOUBLE_DIGITS = 15;

/** Where a number is put: `low` alone for 32 bits (as int32), both for 64. Reuse one. */
export class ParsedNumber {
  low = 0;
  high = 0;
}

/** Strict uint32 of input[start..end): false if empty, too long, above 2^32-1, or not all digits. */
export function parseUint32(input: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  if (end - start > INT32_CHARACTERS_MAX || end <= start) return false;
  return parseDigits(input, start, end, out) && out.high === 0;
}

/** Strict int32 of input[start..end): as parseUint32 with an optional leading minus; "-" alone is 0 (mcmc_tokto32). */
export function parseInt32(input: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  if (end - start > INT32_CHARACTERS_MAX || end <= start) return false;
  const negative = input[start] === MINUS;
  if (!negative && end - start <= INT32_DIGITS) return parseDigits(input, start, end, out);
  if (!parseDigits(input, negative ? start + 1 : start, end, out) || out.high !== 0) return false;
  const magnitude = out.low >>> 0;
  if (magnitude > (negative ? 0x8000_0000 : 0x7fff_ffff)) return false;
  if (negative) out.low = -magnitude | 0;
  return true;
}

/** Strict uint64 of input[start..end): false if empty, above 22 characters, above 2^64-1, or not all digits. */
export function parseUint64(input: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  if (end - start > INT64_CHARACTERS_MAX || end <= start) return false;
  return parseDigits(input, start, end, out);
}

/**
 * uint32 by the C library's rules, from `start` on, never reading at or past `limit` (where a line ends, which counts
 * as white space). As on 64-bit Linux: the low 32 bits of a 64-bit result, and a minus that only a wrap hides passes.
 */
export function scanUint32(input: Uint8Array, start: number, limit: number, out: ParsedNumber): boolean {
  const from = skipWhiteSpace(input, start, limit);
  const negative = from < limit && input[from] === MINUS;
  if (!scanMagnitude(input, from, limit, out)) return false;
  if (!negative) return true;
  negate(out);
  return out.high >= 0;
}

/** int32 by the C library's rules: the low 32 bits of an int64, false when outside of int64. See scanUint32. */
export function scanInt32(input: Uint8Array, start: number, limit: number, out: ParsedNumber): boolean {
  const from = skipWhiteSpace(input, start, limit);
  const negative = from < limit && input[from] === MINUS;
  if (!scanMagnitude(input, from, limit, out)) return false;
  if (!negative) return out.high >= 0;
  if (out.high < 0 && !(out.high === -0x8000_0000 && out.low === 0)) return false;
  negate(out);
  return true;
}

/**
 * The 1 to 9 digits from `at` on, into out.low; returns their end, or `end` if there are none or more. For the usual spelling of a number:
 * whoever gets `end` reads with more care.
 */
export function scanFewDigits(input: Uint8Array, at: number, end: number, out: ParsedNumber): number {
  let value = 0;
  let i = at;
  for (; i < end; i++) {
    const digit = input[i] - DIGIT_0;
    if (digit >>> 0 > 9) break;
    value = (value * 10 + digit) | 0;
  }
  if (i === at || i > at + INT32_DIGITS) return end;
  out.low = value;
  return i;
}

/** Writes a whole number of 0..2^53 at `at`; returns the offset after it. */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  if (value <= 0x7fff_ffff) return writeInt31(bytes, at, value | 0);
  const billions = Math.floor(value / 1e9);
  const rest = value - billions * 1e9;
  return writeNineDigits(bytes, writeInt31(bytes, at, billions), rest | 0);
}

/** Writes an unsigned 64-bit number at `at`; returns the offset after it. */
export function writeDecimal64(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high >>> 0 < SAFE_HIGH) return writeDecimal(bytes, at, (high >>> 0) * TWO_32 + (low >>> 0));
  const billions = dividedByBillion(low, high);
  // The remainder is below 2^30, so 32-bit arithmetic modulo 2^32 yields it exactly.
  const rest = (low - Math.imul(billions, 1e9)) | 0;
  return writeNineDigits(bytes, writeDecimal(bytes, at, billions), rest);
}

/** Number of digits that writeDecimal64 writes. */
export function decimalLength64(low: number, high: number): number {
  const isSafe = high >>> 0 < SAFE_HIGH;
  let length = isSafe ? 1 : 10;
  let rest = isSafe ? (high >>> 0) * TWO_32 + (low >>> 0) : dividedByBillion(low, high);
  for (; rest >= 10; rest = Math.floor(rest / 10)) length++;
  return length;
}

/** floor(n / 10^9) by long division in 16-bit limbs: every step stays below 2^46, so the doubles are exact. */
function dividedByBillion(low: number, high: number): number {
  const top = high >>> 0;
  const upper = Math.floor(top / 1e9);
  let rest = (top - upper * 1e9) * 65536 + (low >>> 16);
  const middle = Math.floor(rest / 1e9);
  rest = (rest - middle * 1e9) * 65536 + (low & 0xffff);
  return upper * TWO_32 + middle * 65536 + Math.floor(rest / 1e9);
}

/** All of input[start..end) must be digits; at most 2^64-1. An empty range is 0. */
function parseDigits(input: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  if (end - start > INT32_DIGITS) return parseLongDigits(input, start, end, out);
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = input[i] - DIGIT_0;
    if (digit >>> 0 > 9) return false;
    value = (value * 10 + digit) | 0;
  }
  out.low = value;
  out.high = 0;
  return true;
}

/** Ten digits and more: in doubles, exact up to 15 digits, and beyond that digit by digit with a carry. */
function parseLongDigits(input: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  const exactEnd = Math.min(end, start + DOUBLE_DIGITS);
  let low = 0;
  for (let i = start; i < exactEnd; i++) {
    const digit = input[i] - DIGIT_0;
    if (digit >>> 0 > 9) return false;
    low = low * 10 + digit;
  }
  let high = Math.floor(low / TWO_32);
  low -= high * TWO_32;
  for (let i = exactEnd; i < end; i++) {
    const digit = input[i] - DIGIT_0;
    if (digit >>> 0 > 9) return false;
    low = low * 10 + digit;
    const carry = Math.floor(low / TWO_32);
    low -= carry * TWO_32;
    high = high * 10 + carry;
    if (high >= TWO_32) return false;
  }
  out.low = low | 0;
  out.high = high | 0;
  return true;
}

/** An optional sign, digits, and then white space, a zero byte or the limit. */
function scanMagnitude(input: Uint8Array, from: number, limit: number, out: ParsedNumber): boolean {
  const signed = from < limit && (input[from] === MINUS || input[from] === PLUS);
  const first = signed ? from + 1 : from;
  let i = first;
  while (i < limit && (input[i] - DIGIT_0) >>> 0 <= 9) i++;
  if (i === first) return false;
  if (i < limit && !isWhiteSpace(input[i]) && input[i] !== 0) return false;
  return parseDigits(input, first, i, out);
}

function skipWhiteSpace(input: Uint8Array, start: number, limit: number): number {
  let i = start;
  while (i < limit && isWhiteSpace(input[i])) i++;
  return i;
}

function isWhiteSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Two's complement of a 64-bit number. */
function negate(number: ParsedNumber): void {
  const borrow = number.low === 0 ? 0 : 1;
  number.low = -number.low | 0;
  number.high = (-number.high - borrow) | 0;
}

function writeInt31(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 1000) return writeManyDigits(bytes, at, value);
  if (value >= 100) return writeThreeDigits(bytes, at, value);
  if (value >= 10) return writeTwoDigits(bytes, at, value);
  bytes[at] = DIGIT_0 + value;
  return at + 1;
}

function writeThreeDigits(bytes: Uint8Array, at: number, value: number): number {
  const hundreds = (value / 100) | 0;
  bytes[at] = DIGIT_0 + hundreds;
  return writeTwoDigits(bytes, at + 1, value - hundreds * 100);
}

function writeTwoDigits(bytes: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  bytes[at] = DIGIT_0 + tens;
  bytes[at + 1] = DIGIT_0 + value - tens * 10;
  return at + 2;
}

function writeManyDigits(bytes: Uint8Array, at: number, value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length++;
  const end = at + length;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = DIGIT_0 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function writeNineDigits(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  for (let i = at + 8; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = DIGIT_0 + rest - tenth * 10;
    rest = tenth;
  }
  return at + 9;
}
