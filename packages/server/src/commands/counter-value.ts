/**
 * The arithmetic of incr and decr: unsigned 64-bit numbers as two int32 halves, read from an item's value by the C library's rules.
 *
 * memcached reads the value with strtoull (safe_strtoull in util.c): white space and a sign may stand in front, white space may follow,
 * whatever comes behind that is not looked at. No BigInt, no allocation: one result object a thread.
 */
import { type ParsedNumber, parseUint64 } from '@shoal/protocol';

const MINUS = 45;
const PLUS = 43;
const DIGIT_0 = 48;

/** Reads the number that value[start..end) begins with; the end counts as white space. False: it is none, or above 2^64 - 1. */
export function readCounter(value: Uint8Array, start: number, end: number, out: ParsedNumber): boolean {
  let at = start;
  while (at < end && isWhiteSpace(value[at])) at++;
  const isNegative = at < end && value[at] === MINUS;
  if (isNegative || (at < end && value[at] === PLUS)) at++;
  const digits = at;
  while (at < end && (value[at] - DIGIT_0) >>> 0 <= 9) at++;
  if (at === digits || (at < end && !isWhiteSpace(value[at]) && value[at] !== 0)) return false;
  let first = digits;
  while (first < at - 1 && value[first] === DIGIT_0) first++;
  if (!parseUint64(value, first, at, out)) return false;
  if (!isNegative) return true;
  negate(out);
  // strtoull wraps -1 to 2^64 - 1; safe_strtoull lets a minus pass only where the wrapped number looks positive.
  return out.high >= 0;
}

/** number += delta, modulo 2^64. */
export function addCounter(number: ParsedNumber, low: number, high: number): void {
  const sum = (number.low + low) | 0;
  const carry = sum >>> 0 < number.low >>> 0 ? 1 : 0;
  number.low = sum;
  number.high = (number.high + high + carry) | 0;
}

/** number -= delta, but not below 0. */
export function subtractCounter(number: ParsedNumber, low: number, high: number): void {
  const top = number.high >>> 0;
  const deltaTop = high >>> 0;
  const isBelow = top === deltaTop ? number.low >>> 0 < low >>> 0 : top < deltaTop;
  if (isBelow) {
    number.low = 0;
    number.high = 0;
    return;
  }
  const borrow = number.low >>> 0 < low >>> 0 ? 1 : 0;
  number.low = (number.low - low) | 0;
  number.high = (number.high - high - borrow) | 0;
}

function negate(number: ParsedNumber): void {
  const borrow = number.low === 0 ? 0 : 1;
  number.low = -number.low | 0;
  number.high = (-number.high - borrow) | 0;
}

function isWhiteSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
