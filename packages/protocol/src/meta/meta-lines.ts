/**
 * The line of a meta get that asks for what is cheap to tell: value, length, client flags, CAS value, key.
 *
 * `VA <length> <flags>*` or `HD <flags>*` and the line end, the flags in the order in which they were asked for. Functions over memory that
 * stays where it is: see spelling.ts. They do not look for room: the caller knows that there is META_LINE_BYTES_MAX. Everything else is in
 * response-writer.ts.
 */
import { writeDecimal64 } from '../number.js';
import { MetaFlag, type Request } from '../request.js';
import type { ReplyMemory, Spelling } from '../spelling.js';

/** The flags that may have been given; of them q and u return nothing. */
export const PLAIN_GET_FLAGS =
  MetaFlag.RETURN_VALUE |
  MetaFlag.RETURN_SIZE |
  MetaFlag.RETURN_CLIENT_FLAGS |
  MetaFlag.RETURN_CAS |
  MetaFlag.RETURN_KEY |
  MetaFlag.QUIET |
  MetaFlag.NO_BUMP;

const VA = 0x4156;
const HD = 0x4448;
const BLANK = 32;
const LETTER_C = 99;
const LETTER_F = 102;
const LETTER_K = 107;
const LETTER_S = 115;

/** What the line tells of an item whose key did not come as base64. */
export interface PlainItem {
  readonly clientFlags: number;
  readonly valueBytes: number;
  readonly casLow: number;
  readonly casHigh: number;
}

export interface MetaLines {
  /** The line for a request that has no other flags than PLAIN_GET_FLAGS; answers the offset behind it. */
  put(at: number, request: Request, item: PlainItem): number;
}

export function makeMetaLines({ output, outputView }: ReplyMemory, spelling: Spelling): MetaLines {
  const { putKey, putNumber, putEnd } = spelling;

  function put(at: number, request: Request, item: PlainItem): number {
    const { flagLetters, flagCount, keyStart, keyEnd, metaFlags } = request;
    const { clientFlags, valueBytes } = item;
    let to = putCode(at, metaFlags, valueBytes);
    for (let i = 0; i < flagCount; i++) {
      const letter = flagLetters[i];
      if (letter === LETTER_F) to = putNumber(putLetter(to, letter), clientFlags);
      else if (letter === LETTER_K) to = putKey(putLetter(to, letter), keyStart, keyEnd);
      else if (letter === LETTER_S) to = putNumber(putLetter(to, letter), valueBytes);
      else if (letter === LETTER_C) to = writeDecimal64(output, putLetter(to, letter), item.casLow, item.casHigh);
    }
    return putEnd(to);
  }

  function putCode(at: number, metaFlags: number, valueBytes: number): number {
    const showsValue = (metaFlags & MetaFlag.RETURN_VALUE) !== 0;
    outputView.setUint16(at, showsValue ? VA : HD, true);
    if (!showsValue) return at + 2;
    output[at + 2] = BLANK;
    return putNumber(at + 3, valueBytes);
  }

  function putLetter(at: number, letter: number): number {
    output[at] = BLANK;
    output[at + 1] = letter;
    return at + 2;
  }

  return { put };
}
