/**
 * set, add, replace, append, prepend and cas: the line that announces a data block.
 *
 * The usual spelling is read in one pass; anything else word by word, in the order of checks of
 * _process_request_storage and process_update_cmd_start in 1.6.45.
 */

import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.js';
import { ParsedNumber, parseInt32, parseUint64, scanFewDigits, scanInt32, scanUint32 } from '../number.js';
import { refuse } from '../refusal.js';
import { Op, type Request } from '../request.js';
import { Status } from '../status.js';
import { readWords, setKey } from './line.js';
import { endsInNoreply, wordEnd } from './tokens.js';
import { word } from './word.js';

const LF = 10;
const CR = 13;
const BLANK = 32;

/** What ends a data block. */
const BLOCK_END_BYTES = 2;

/** ' noreply' */
const BLANK_NOREPLY_BYTES = 8;
const NORE = word('nore');
const EPLY = word('eply');
const number = new ParsedNumber();

/** Any storage command: `at` is the blank after the name. The usual spelling, in one pass. */
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
  const flagsEnd = readDigits(input, keyEnd, end);
  const clientFlags = number.low;
  const exptimeEnd = readDigits(input, flagsEnd, end);
  const exptime = number.low;
  const lengthEnd = readDigits(input, exptimeEnd, end);
  const valueBytes = number.low;
  const wordsEnd = op === Op.CAS ? readCasWord(input, view, lengthEnd, end, request) : lengthEnd;
  const isUsual = wordsEnd < end && keyEnd > keyStart && keyEnd - keyStart <= KEY_BYTES_MAX;
  if (!isUsual || !readLineEnd(input, view, wordsEnd, end, request)) {
    return readStorageCarefully(op, input, view, start, end, request);
  }
  request.op = op;
  request.keyStart = keyStart;
  request.keyEnd = keyEnd;
  request.clientFlags = clientFlags;
  request.exptime = exptime;
  request.valueBytes = valueBytes;
  request.swallowBytes = valueBytes + BLOCK_END_BYTES;
  return Decoded.READY;
}

/** The end of the line, or noreply and then the end: false for anything else. */
function readLineEnd(input: Uint8Array, view: DataView, at: number, end: number, request: Request): boolean {
  let lineEnd = at;
  const noreply = input[at] === BLANK;
  if (noreply) {
    lineEnd += BLANK_NOREPLY_BYTES;
    if (lineEnd >= end || view.getInt32(at + 1, true) !== NORE || view.getInt32(at + 4, true) !== EPLY) return false;
  }
  const lineFeed = input[lineEnd] === CR ? lineEnd + 1 : lineEnd;
  if (lineFeed >= end || input[lineFeed] !== LF) return false;
  request.noreply = noreply;
  request.lineEnd = lineEnd;
  request.next = lineFeed + 1;
  return true;
}

/** Reads the CAS value behind the blank at `blank`; returns its end, `end` if there is none. */
function readCasWord(input: Uint8Array, view: DataView, blank: number, end: number, request: Request): number {
  if (blank === end || input[blank] !== BLANK) return end;
  const wordsEnd = wordEnd(input, view, blank + 1, end);
  if (!parseUint64(input, blank + 1, wordsEnd, number)) return end;
  request.casLow = number.low;
  request.casHigh = number.high;
  return wordsEnd;
}

/** Reads the 1 to 9 digits behind the blank at `blank` into `number.low`; returns their end, `end` if there are none. */
function readDigits(input: Uint8Array, blank: number, end: number): number {
  return blank < end && input[blank] === BLANK ? scanFewDigits(input, blank + 1, end, number) : end;
}

/** The same, word by word. A bad length swallows nothing, any other fault the data block. */
function readStorageCarefully(
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
