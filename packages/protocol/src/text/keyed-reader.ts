/**
 * delete, incr, decr and touch: a name, a key, arguments, and perhaps noreply.
 */

import { Decoded } from '../decoded.js';
import { DELETE_WORDS_MAX, KEY_BYTES_MAX } from '../limits.js';
import { ParsedNumber, parseUint64 } from '../number.js';
import { refuse } from '../refusal.js';
import type { Op, Request } from '../request.js';
import { Status } from '../status.js';
import { readExptime, readWords, setKey } from './line.js';
import { endsInNoreply } from './tokens.js';

const number = new ParsedNumber();

/** touch <key> <exptime> [noreply] */
export function readTouch(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const decoded = readKeyed(op, 3, input, view, start, end, request);
  if (decoded !== Decoded.READY || readExptime(input, request, 2)) return decoded;
  return refuse(request, Status.INVALID_EXPTIME);
}

/** incr, decr <key> <delta> [noreply] */
export function readArithmetic(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const decoded = readKeyed(op, 3, input, view, start, end, request);
  if (decoded !== Decoded.READY) return decoded;
  if (!parseUint64(input, request.tokenStarts[2], request.tokenEnds[2], number)) {
    return refuse(request, Status.INVALID_DELTA);
  }
  request.deltaLow = number.low;
  request.deltaHigh = number.high;
  return Decoded.READY;
}

/** delete <key> [anything] [noreply]. More than DELETE_WORDS_MAX words are ERROR, which 1.6.45 would take. */
export function readDelete(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const decoded = readKeyed(op, 2, input, view, start, end, request);
  if (decoded === Decoded.NEED_MORE || decoded === Decoded.CLOSE) return decoded;
  if (request.tokenCount - 2 <= DELETE_WORDS_MAX) return decoded;
  request.noreply = false;
  return refuse(request, Status.ERROR);
}

/** Name, key and at least `wordsMin - 2` further words; noreply as the last one. */
function readKeyed(
  op: Op,
  wordsMin: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const unfinished = readWords(op, wordsMin, input, view, start, end, request);
  if (unfinished !== Decoded.READY) return unfinished;
  setKey(request, 1);
  request.noreply = endsInNoreply(input, request);
  return request.keyEnd - request.keyStart > KEY_BYTES_MAX ? refuse(request, Status.BAD_FORMAT) : Decoded.READY;
}
