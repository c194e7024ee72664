/**
 * Values between an application and the bytes of an item: strings, bytes and JSON, told apart by the client flags.
 *
 *     flags 0   a string in UTF-8, which is also what nearly every other client writes without flags
 *     flags 2   JSON      flags 4   bytes      flags 8   a number in decimal, read only
 *
 * These are npm memcached's flags, so both read what the other wrote. Other flags mean another client's own encoding:
 * such a value is handed over as bytes. Called by the client when it stores and by reply-results.ts.
 */
import { BadValueError, UnreadableValueError } from './errors.js';

export const ValueFlags = { STRING: 0, JSON: 2, BYTES: 4, NUMBER: 8 } as const;

/** What a reading call may ask for in place of what the flags say. */
export type ReadAs = 'buffer' | 'string';

export interface EncodedValue {
  readonly flags: number;
  readonly bytes: string | Uint8Array;
}

/** Anything but a string or bytes becomes JSON. Throws a BadValueError. */
export function encodeValue(value: unknown): EncodedValue {
  if (typeof value === 'string') return { flags: ValueFlags.STRING, bytes: value };
  if (value instanceof Uint8Array) return { flags: ValueFlags.BYTES, bytes: value };
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new BadValueError('BAD_VALUE', `it cannot be written as JSON: ${(cause as Error).message}`, { cause });
  }
  if (json === undefined) throw new BadValueError('BAD_VALUE', `a value of type ${typeof value} is nothing in JSON`);
  return { flags: ValueFlags.JSON, bytes: json };
}

/** bytes[start..end) is only lent: what is kept of it is copied. Throws an UnreadableValueError. */
export function decodeValue(bytes: Buffer, start: number, end: number, flags: number, as: ReadAs | null): unknown {
  if (as === 'string' || (flags === ValueFlags.STRING && as === null)) return bytes.toString('utf8', start, end);
  if (as === 'buffer' || (flags !== ValueFlags.JSON && flags !== ValueFlags.NUMBER)) return copyOf(bytes, start, end);
  const text = bytes.toString('utf8', start, end);
  return flags === ValueFlags.JSON ? parseJson(text) : parseNumber(text);
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableValueError('its flags say JSON, and it is not', { cause });
  }
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new UnreadableValueError('its flags say number, and it is not');
  return number;
}
