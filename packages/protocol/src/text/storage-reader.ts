/**
 * set, add, replace, append, prepend and cas: the line that announces a data block.
 *
 * The usual spelling is read in one pass; anything else word by word, in the order of checks of
 * _process_request_storage and process_update_cmd_start in 1.6.45.
 */

import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.js';
import { ParsedNumber, parseInt32, parseUint64, scanInt32, scanUint32 } from '../number.js';
import { refuse } from '../refusal.js';
import { Op, type Request } from '../request.js';
import { Status } from '../status.js';
import { readWords, setKey } from './line.js';
import { endsInNoreply, wordEnd } from './tokens.js';
import { word } from './word.js';

const LF = 10;
const CR = 13;
const BLANK = 32;
const DIGIT_0 = 48;

/** More digits than this, and the careful reader takes over. */
const FAST_DIGITS_MAX = 9;

/** What ends a data block. */
const BLOCK_END_BYTES = 2;

const NORE = word('nore');
const EPLY = word('eply');
const number = new ParsedNumber();

/** set, add, replace, append, prepend: `at` is the blank after the name. The usual spelling, in one pass. */
export function readStorage(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  at: number,
  end: number,
  request: Request,
): Decoded {
  const keyStart = at + 1;
  const keyEnd = wordEnd(input, view, keyStart, end);
  const flagsEnd = digitsEnd(input, keyEnd, end);
  const exptimeEnd = digitsEnd(input, flagsEnd, end);
  const lengthEnd = digitsEnd(input, exptimeEnd, end);
  if (lengthEnd === end || keyEnd === keyStart || keyEnd - keyStart > KEY_BYTES_MAX) {
    return readStorageCarefully(op, input, view, start, end, request);
  }
  let lineEnd = lengthEnd;
  const noreply = input[lengthEnd] === BLANK;
  if (noreply) {
    lineEnd += 8;
    if (lineEnd >= end || view.getInt32(lengthEnd + 1, true) !== NORE || view.getInt32(lengthEnd + 4, true) !== EPLY) {
      return readStorageCarefully(op, input, view, start, end, request);
    }
  }
  const lineFeed = input[lineEnd] === CR ? lineEnd + 1 : lineEnd;
  if (lineFeed >= end || input[lineFeed] !== LF) return readStorageCarefully(op, input, view, start, end, request);
  request.op = op;
  request.keyStart = keyStart;
  request.keyEnd = keyEnd;
  request.noreply = noreply;
  request.lineEnd = lineEnd;
  request.next = lineFeed + 1;
  request.clientFlags = digitsValue(input, keyEnd, flagsEnd);
  request.exptime = digitsValue(input, flagsEnd, exptimeEnd);
  request.valueBytes = digitsValue(input, exptimeEnd, lengthEnd);
  request.swallowBytes = request.valueBytes + BLOCK_END_BYTES;
  return Decoded.READY;
}

/** End of the 1 to 9 digits after the blank at `blank`; `end` if there is no such thing. */
function digitsEnd(input: Uint8Array, blank: number, end: number): number {
  if (blank >= end || input[blank] !== BLANK) return end;
  let i = blank + 1;
  while (i < end && (input[i] - DIGIT_0) >>> 0 <= 9) i++;
  const digits = i - blank - 1;
  return digits === 0 || digits > FAST_DIGITS_MAX ? end : i;
}

/** Value of the digits between the blank at `blank` and `end`. */
function digitsValue(input: Uint8Array, blank: number, end: number): number {
  let value = 0;
  for (let i = blank + 1; i < end; i++) value = (value * 10 + input[i] - DIGIT_0) | 0;
  return value;
}

/** Every storage command, cas included, word by word. A bad length swallows nothing, any other fault the data block. */
export function readStorageCarefully(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const unfinished = readWords(op, 5, input, view, start, end, request);
  if (unfinished !== Decoded.READY) return unfinished;
  const { tokenStarts, tokenEnds } = request;
  if (!parseInt32(input, tokenStarts[4], tokenEnds[4], number) || number.low < 0 || number.low > VALUE_BYTES_MAX) {
    return refuse(request, Status.BAD_FORMAT);
  }
  setKey(request, 1);
  request.valueBytes = number.low;
  request.noreply = endsInNoreply(input, request);
  const isGood =
    request.keyEnd - request.keyStart <= KEY_BYTES_MAX &&
    readFlagsAndExptime(input, request) &&
    (op !== Op.CAS || readCas(input, request));
  const decoded = isGood ? Decoded.READY : refuse(request, Status.BAD_FORMAT);
  request.swallowBytes = request.valueBytes + BLOCK_END_BYTES;
  return decoded;
}

function readFlagsAndExptime(input: Uint8Array, request: Request): boolean {
  const { tokenStarts, lineEnd } = request;
  if (!scanUint32(input, tokenStarts[2], lineEnd, number)) return false;
  request.clientFlags = number.low;
  if (!scanInt32(input, tokenStarts[3], lineEnd, number)) return false;
  request.exptime = number.low;
  return true;
}

function readCas(input: Uint8Array, request: Request): boolean {
  if (request.tokenCount < 6) return false;
  if (!parseUint64(input, request.tokenStarts[5], request.tokenEnds[5], number)) return false;
  request.casLow = number.low;
  request.casHigh = number.high;
  return true;
}
