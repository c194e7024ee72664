/**
 * The VALUE lines of text replies: the most frequent bytes that a server writes.
 *
 * Functions over memory that stays where it is: made once a thread, so that V8 takes input and output for constants and what is
 * written costs a third. They do not look for room: the caller knows that there is VALUE_LINE_BYTES_MAX. Numbers of up to three digits,
 * which most are, are spelled in place.
 */
import { KEY_BYTES_MAX } from '../limits.js';
import { writeDecimal, writeDecimal64 } from '../number.js';

/** 'VALUE ' + key + ' ' + flags + ' ' + length + ' ' + CAS + CR LF. */
export const VALUE_LINE_BYTES_MAX = 6 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 1 + 20 + 2;

const VALU = 0x554c_4156;
const E_BLANK = 0x2045;
const NAME_BYTES = 6;
const BLANK = 32;
const CR_LF = 0x0a0d;
const DIGIT_0 = 48;

/** Where keys are read from and lines written to. */
export interface ValueLineMemory {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

export interface ValueLines {
  /** The line end behind a value; answers the offset behind it. */
  putEnd(at: number): number;
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

export function makeValueLines({ input, inputView, output, outputView }: ValueLineMemory): ValueLines {
  function putEnd(at: number): number {
    outputView.setUint16(at, CR_LF, true);
    return at + 2;
  }

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

  /** Two words at a time, both loaded before they are stored: after a store to a DataView V8 looks at everything anew. */
  function putKey(at: number, keyStart: number, keyEnd: number): number {
    let to = at;
    let from = keyStart;
    for (; from + 8 <= keyEnd; from += 8, to += 8) {
      const first = inputView.getInt32(from, true);
      const second = inputView.getInt32(from + 4, true);
      outputView.setInt32(to, first, true);
      outputView.setInt32(to + 4, second, true);
    }
    for (; from + 4 <= keyEnd; from += 4, to += 4) outputView.setInt32(to, inputView.getInt32(from, true), true);
    while (from < keyEnd) output[to++] = input[from++];
    return to;
  }

  function putNumber(at: number, value: number): number {
    if (value > 999) return writeDecimal(output, at, value);
    const number = value | 0;
    const hundreds = (number / 100) | 0;
    const tens = (number / 10) | 0;
    let to = at;
    if (number > 99) output[to++] = DIGIT_0 + hundreds;
    if (number > 9) output[to++] = DIGIT_0 + tens - hundreds * 10;
    output[to] = DIGIT_0 + number - tens * 10;
    return to + 1;
  }

  return { putEnd, put, putWithCas };
}
