/**
 * Keys and numbers of replies, written over memory that stays where it is.
 *
 * Made once a thread, so that V8 takes input and output for constants, which cuts what it costs to write them by two thirds; used by
 * value-lines.ts and meta-lines.ts. Nothing here looks for room: the caller knows that there is enough.
 */
import { writeDecimal } from './number.js';

const DIGIT_0 = 48;
const CR_LF = 0x0a0d;

/** Where keys are read from and replies written to. */
export interface ReplyMemory {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

/** Each writes to output[at..) and answers the offset behind what it wrote. */
export interface Spelling {
  /** The key input[keyStart..keyEnd). */
  putKey(at: number, keyStart: number, keyEnd: number): number;
  /** A whole number of 0..2^53. Those of up to three digits, which most are, are spelled in place. */
  putNumber(at: number, value: number): number;
  /** CR LF. */
  putEnd(at: number): number;
}

export function makeSpelling({ input, inputView, output, outputView }: ReplyMemory): Spelling {
  /** Four words at a time, all loaded before one is stored: after a store to a DataView V8 looks at everything anew. */
  function putKey(at: number, keyStart: number, keyEnd: number): number {
    let to = at;
    let from = keyStart;
    for (; from + 16 <= keyEnd; from += 16, to += 16) {
      const first = inputView.getInt32(from, true);
      const second = inputView.getInt32(from + 4, true);
      const third = inputView.getInt32(from + 8, true);
      const fourth = inputView.getInt32(from + 12, true);
      outputView.setInt32(to, first, true);
      outputView.setInt32(to + 4, second, true);
      outputView.setInt32(to + 8, third, true);
      outputView.setInt32(to + 12, fourth, true);
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

  function putEnd(at: number): number {
    outputView.setUint16(at, CR_LF, true);
    return at + 2;
  }

  return { putKey, putNumber, putEnd };
}
