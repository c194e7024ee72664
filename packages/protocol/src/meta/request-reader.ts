/**
 * Meta requests: mg, ms, md, ma and me (mn has no arguments worth reading; rare-reader.ts knows it).
 *
 *     mg|md|ma <key> <flags>*      ms <key> <length> <flags>* + data block      me <key> [b]
 *
 * One pass over the line, in which the errors are only noted; which one is answered is decided at the end of the line, in
 * the order in which 1.6.45 would have found them: tokenizer, key, number of flags, flags, mode, opaque.
 */

import { decodeBase64 } from '../base64.js';
import { Decoded } from '../decoded.js';
import {
  INPUT_SCRATCH_BYTES,
  KEY_BYTES_MAX,
  META_TOKENS_MAX,
  OPAQUE_TOKEN_BYTES_MAX,
  TOKENS_MAX,
  VALUE_BYTES_MAX,
} from '../limits.js';
import { ParsedNumber, parseInt32 } from '../number.js';
import { refuse } from '../refusal.js';
import { Dialect, MetaFlag, MetaMode, Op, type Request } from '../request.js';
import { Status } from '../status.js';
import { readWords, setKey } from '../text/line.js';
import { findLineFeed, setLine, skipBlanks, wordEnd } from '../text/tokens.js';
import { readUnfinishedLine } from '../text/unfinished-line.js';
import { canBeginFlag, clearArguments, readFlag, readUsualFlags } from './flags.js';

const CR = 13;
const BLANK = 32;
const LETTER_B = 98;

/** What ends a data block. */
const BLOCK_END_BYTES = 2;

/** `MetaMode` by the byte behind M, -1 where there is none; byte 0 counts as no mode given. */
const SET_MODES = modes({
  '\0': MetaMode.SET,
  S: MetaMode.SET,
  E: MetaMode.ADD,
  A: MetaMode.APPEND,
  P: MetaMode.PREPEND,
  R: MetaMode.REPLACE,
});
const ARITHMETIC_MODES = modes({
  '\0': MetaMode.INCR,
  I: MetaMode.INCR,
  '+': MetaMode.INCR,
  D: MetaMode.DECR,
  '-': MetaMode.DECR,
});
const number = new ParsedNumber();

function modes(letters: Readonly<Record<string, number>>): Int8Array {
  const table = new Int8Array(256).fill(-1);
  for (const letter of Object.keys(letters)) table[letter.charCodeAt(0)] = letters[letter];
  return table;
}

/** mg, ms, md, ma: the name and a blank are at `start`. */
export function readMeta(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const keyStart = skipBlanks(input, start + 3, end);
  const keyEnd = wordEnd(input, view, keyStart, end);
  if (keyEnd === end) return readUnfinishedLine(input, view, start, end, request);
  request.dialect = Dialect.META;
  request.op = op;
  request.noreply = false;
  request.keyStart = keyStart;
  request.keyEnd = keyEnd;
  clearArguments(request);
  if (keyEnd === keyStart) return refuseLine(input, view, start, end, request);
  if (op !== Op.META_SET) return readFlags(input, view, start, keyEnd, end, request);
  const lengthStart = skipBlanks(input, keyEnd, end);
  const lengthEnd = wordEnd(input, view, lengthStart, end);
  if (!parseInt32(input, lengthStart, lengthEnd, number) || number.low < 0 || number.low > VALUE_BYTES_MAX) {
    return refuseLine(input, view, start, end, request);
  }
  request.valueBytes = number.low;
  return readFlags(input, view, start, lengthEnd, end, request);
}

/** A bad format for which nothing is thrown away, once the line is whole. */
function refuseLine(input: Uint8Array, view: DataView, start: number, end: number, request: Request): Decoded {
  const lineFeed = findLineFeed(input, view, start, end);
  if (lineFeed < 0) return readUnfinishedLine(input, view, start, end, request);
  setLine(input, start, lineFeed, request);
  return refuse(request, Status.BAD_FORMAT);
}

/** The flags from `from` to the end of the line. */
function readFlags(
  input: Uint8Array,
  view: DataView,
  start: number,
  from: number,
  end: number,
  request: Request,
): Decoded {
  const hasLongKey = request.keyEnd - request.keyStart > KEY_BYTES_MAX;
  let isBadWord = false;
  let final: number = hasLongKey ? Status.BAD_FORMAT : Status.NONE;
  let at = readUsualFlags(input, from, end, request);
  let wordCount = request.flagCount + (request.op === Op.META_SET ? 3 : 2);
  request.restStart = from;
  request.status = Status.NONE;
  request.mode = 0;
  while (at < end && input[at] === BLANK) {
    at = skipBlanks(input, at, end);
    const flagEnd = wordEnd(input, view, at, end);
    if (flagEnd === end) return readUnfinishedLine(input, view, start, end, request);
    if (flagEnd === at) break;
    if (++wordCount <= TOKENS_MAX) {
      if (!canBeginFlag(input[at])) isBadWord = true;
      else if (final === Status.NONE) final = readFlag(input, at, flagEnd, request);
    }
    at = flagEnd;
  }
  if (at === end) return readUnfinishedLine(input, view, start, end, request);
  request.lineEnd = at;
  request.next = input[at] === CR ? at + 2 : at + 1;
  if (isBadWord) return refuse(request, Status.BAD_FORMAT);
  if (!hasLongKey && wordCount > META_TOKENS_MAX) final = Status.TOO_MANY_FLAGS;
  return conclude(final === Status.NONE ? request.status : final, request);
}

/** The flags are read, `status` is what they brought. */
function conclude(status: number, request: Request): Decoded {
  const { op } = request;
  let answer = status;
  if (op === Op.META_ARITHMETIC) {
    if (answer !== Status.NONE) answer = Status.INVALID_OR_DUPLICATE_FLAG;
    else answer = resolveMode(ARITHMETIC_MODES, Status.INVALID_ARITHMETIC_MODE, request);
  } else if (op === Op.META_SET && answer === Status.NONE) {
    answer = resolveMode(SET_MODES, Status.INVALID_SET_MODE, request);
  }
  const hasOpaque = (request.metaFlags & MetaFlag.OPAQUE) !== 0;
  if (answer === Status.NONE && hasOpaque && request.opaqueEnd - request.opaqueStart > OPAQUE_TOKEN_BYTES_MAX) {
    answer = Status.OPAQUE_TOO_LONG;
  }
  let decoded: Decoded = Decoded.READY;
  if (answer !== Status.NONE) decoded = refuse(request, answer);
  else request.noreply = (request.metaFlags & MetaFlag.QUIET) !== 0;
  if (op === Op.META_SET) request.swallowBytes = request.valueBytes + BLOCK_END_BYTES;
  return decoded;
}

/** Turns the byte behind M into a `MetaMode`. */
function resolveMode(table: Int8Array, refusal: number, request: Request): number {
  const mode = table[request.mode];
  if (mode < 0) return refusal;
  request.mode = mode;
  return Status.NONE;
}

/** me <key> [b <anything>]: 1.6.45 takes b for base64 only if a further word follows. */
export function readMetaDebug(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const unfinished = readWords(Op.META_DEBUG, 2, input, view, start, end, request);
  if (unfinished !== Decoded.READY) return unfinished;
  request.dialect = Dialect.META;
  const { tokenStarts, tokenEnds } = request;
  for (let i = 2; i < request.tokenCount; i++) {
    if (!canBeginFlag(input[tokenStarts[i]])) return refuse(request, Status.BAD_FORMAT);
  }
  setKey(request, 1);
  request.keyIsBinary = false;
  if (request.keyEnd - request.keyStart > KEY_BYTES_MAX) return refuse(request, Status.BAD_FORMAT);
  if (request.tokenCount >= 4 && tokenEnds[2] - tokenStarts[2] === 1 && input[tokenStarts[2]] === LETTER_B) {
    return readDebugKey(input, request);
  }
  return Decoded.READY;
}

function readDebugKey(input: Uint8Array, request: Request): Decoded {
  const scratch = input.length - INPUT_SCRATCH_BYTES;
  const length = decodeBase64(input, request.keyStart, request.keyEnd, input, scratch);
  if (length === 0) return refuse(request, Status.BAD_FORMAT);
  request.keyStart = scratch;
  request.keyEnd = scratch + length;
  request.keyIsBinary = true;
  return Decoded.READY;
}
