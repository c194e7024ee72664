/**
 * What the readers of text and meta lines share: refusing, and splitting a whole line into words.
 */

import { Decoded } from '../decoded.js';
import { ParsedNumber, parseInt32 } from '../number.js';
import { refuse } from '../refusal.js';
import type { Op, Request } from '../request.js';
import { Status } from '../status.js';
import { splitLine } from './tokens.js';
import { readUnfinishedLine } from './unfinished-line.js';

const number = new ParsedNumber();

/** Splits a whole line into words; fewer than `wordsMin` are a bad format. */
export function readWords(
  op: Op,
  wordsMin: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  if (!splitLine(input, view, start, end, request)) return readUnfinishedLine(input, view, start, end, request);
  request.op = op;
  request.noreply = false;
  return request.tokenCount < wordsMin ? refuse(request, Status.BAD_FORMAT) : Decoded.READY;
}

/** Word `index` of the line is the key. */
export function setKey(request: Request, index: number): void {
  request.keyStart = request.tokenStarts[index];
  request.keyEnd = request.tokenEnds[index];
}

/** Word `index` of the line is the exptime: false if it is no int32. */
export function readExptime(input: Uint8Array, request: Request, index: number): boolean {
  if (!parseInt32(input, request.tokenStarts[index], request.tokenEnds[index], number)) return false;
  request.exptime = number.low;
  return true;
}
