/**
 * The VALUE lines of text replies: the most frequent bytes that a server writes.
 *
 * Functions over memory that stays where it is: see spelling.ts. They do not look for room: the caller knows that there is
 * VALUE_LINE_BYTES_MAX.
 */
import { KEY_BYTES_MAX } from '../limits.js';
import { writeDecimal64 } from '../number.js';
import type { ReplyMemory, Spelling } from '../spelling.js';

/** 'VALUE ' + key + ' ' + flags + ' ' + length + ' ' + CAS + CR LF. */
export const VALUE_LINE_BYTES_MAX = 6 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 1 + 20 + 2;

const VALU = 0x554c_4156;
const E_BLANK = 0x2045;
const NAME_BYTES = 6;
const BLANK = 32;

export interface ValueLines {
  /** `VALUE <key> <flags> <bytes>` and its line end at output[at..), of the key input[keyStart..keyEnd); answers the offset behind it. */
  put(at: number, keyStart: number, keyEnd: number, clientFlags: number, valueBytes: number): number;
  /** The same with the CAS value, for gets and gats. */
  putWithCas(
    at: number,
    keyStart: number,
    keyEnd: number,
    clientFlags: number,
    valueBytes: number,
    casLow: number,
    casHigh: number,
  ): number;
}

export function makeValueLines({ output, outputView }: ReplyMemory, spelling: Spelling): ValueLines {
  const { putKey, putNumber, putEnd } = spelling;

  function put(at: number, keyStart: number, keyEnd: number, clientFlags: number, valueBytes: number): number {
    return putEnd(putWords(at, keyStart, keyEnd, clientFlags, valueBytes));
  }

  function putWithCas(
    at: number,
    keyStart: number,
    keyEnd: number,
    clientFlags: number,
    valueBytes: number,
    casLow: number,
    casHigh: number,
  ): number {
    const blank = putWords(at, keyStart, keyEnd, clientFlags, valueBytes);
    output[blank] = BLANK;
    return putEnd(writeDecimal64(output, blank + 1, casLow, casHigh));
  }

  function putWords(start: number, keyStart: number, keyEnd: number, clientFlags: number, valueBytes: number): number {
    outputView.setInt32(start, VALU, true);
    outputView.setInt16(start + 4, E_BLANK, true);
    let at = putKey(start + NAME_BYTES, keyStart, keyEnd);
    output[at] = BLANK;
    at = putNumber(at + 1, clientFlags >>> 0);
    output[at] = BLANK;
    return putNumber(at + 1, valueBytes);
  }

  return { put, putWithCas };
}
