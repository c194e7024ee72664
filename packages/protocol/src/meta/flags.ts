/**
 * The flags of meta commands: letters, arguments, and which error wins.
 *
 * Every command knows every flag; those without meaning for it are read and ignored (`_meta_flag_preparse` in 1.6.45).
 * Called by the meta reader with the words of the line; allocates nothing.
 */

import { decodeBase64 } from '../base64.js';
import { INPUT_SCRATCH_BYTES } from '../limits.js';
import { ParsedNumber, parseInt32, parseUint32, parseUint64, scanFewDigits } from '../number.js';
import { MetaFlag, type Request } from '../request.js';
import { Status } from '../status.js';

const LF = 10;
const CR = 13;
const BLANK = 32;
const LETTER_F = 70;
const LETTER_T = 84;
const number = new ParsedNumber();

/** `MetaFlag` bit of each letter, 0 for letters that are no flag. */
const FLAG_BITS: Int32Array = new Int32Array(128);
const FLAGS: Readonly<Record<string, number>> = {
  b: MetaFlag.BASE64,
  c: MetaFlag.RETURN_CAS,
  f: MetaFlag.RETURN_CLIENT_FLAGS,
  h: MetaFlag.RETURN_HIT,
  k: MetaFlag.RETURN_KEY,
  l: MetaFlag.RETURN_LAST_ACCESS,
  q: MetaFlag.QUIET,
  s: MetaFlag.RETURN_SIZE,
  t: MetaFlag.RETURN_TTL,
  u: MetaFlag.NO_BUMP,
  v: MetaFlag.RETURN_VALUE,
  x: MetaFlag.REMOVE_VALUE,
  C: MetaFlag.COMPARE_CAS,
  D: MetaFlag.DELTA,
  E: MetaFlag.EXPLICIT_CAS,
  F: MetaFlag.CLIENT_FLAGS,
  I: MetaFlag.INVALIDATE,
  J: MetaFlag.INITIAL,
  L: MetaFlag.PATH,
  M: MetaFlag.MODE,
  N: MetaFlag.VIVIFY,
  O: MetaFlag.OPAQUE,
  P: MetaFlag.PROXY,
  R: MetaFlag.RECACHE,
  T: MetaFlag.SET_TTL,
};
for (const letter of Object.keys(FLAGS)) FLAG_BITS[letter.charCodeAt(0)] = FLAGS[letter];

/** Flags that carry an argument, or change the key. */
const WITH_ARGUMENT =
  MetaFlag.BASE64 |
  MetaFlag.COMPARE_CAS |
  MetaFlag.DELTA |
  MetaFlag.EXPLICIT_CAS |
  MetaFlag.CLIENT_FLAGS |
  MetaFlag.INITIAL |
  MetaFlag.MODE |
  MetaFlag.VIVIFY |
  MetaFlag.OPAQUE |
  MetaFlag.RECACHE |
  MetaFlag.SET_TTL;

/** The same table for those that are a letter and nothing else. */
const LETTER_BITS: Int32Array = new Int32Array(256);
for (let i = 0; i < FLAG_BITS.length; i++) LETTER_BITS[i] = FLAG_BITS[i] & ~WITH_ARGUMENT;

/** What 1.6.45's tokenizer lets begin a flag: A to z, and what stands between Z and a, and digits (mcmc.c). */
export function canBeginFlag(byte: number): boolean {
  return (byte > 64 && byte < 123) || (byte >= 48 && byte <= 57);
}

/** Forgets the arguments of the last command's flags. */
export function clearArguments(request: Request): void {
  request.keyIsBinary = false;
  request.clientFlags = 0;
  request.newTtl = 0;
  request.deltaLow = 1;
  request.deltaHigh = 0;
  request.initialLow = 0;
  request.initialHigh = 0;
}

/**
 * Takes in the flags from the blank at `from` on as long as they are what they usually are: single letters, or F and T with a few
 * digits, parted by one blank, none of them twice. Returns the offset of the blank or CR LF where that ends; readFlag does the rest.
 */
export function readUsualFlags(input: Uint8Array, from: number, end: number, request: Request): number {
  const { flagLetters } = request;
  let flags = 0;
  let count = 0;
  let at = from;
  while (at + 3 < end && input[at] === BLANK) {
    const letter = input[at + 1];
    const isNumbered = letter === LETTER_F || letter === LETTER_T;
    const bit = isNumbered ? FLAG_BITS[letter] : LETTER_BITS[letter];
    if (bit === 0 || (flags & bit) !== 0) break;
    const flagEnd = isNumbered ? scanFewDigits(input, at + 2, end, number) : at + 2;
    const after = input[flagEnd];
    if (flagEnd + 1 >= end || (after !== BLANK && (after !== CR || input[flagEnd + 1] !== LF))) break;
    if (letter === LETTER_F) request.clientFlags = number.low;
    else if (letter === LETTER_T) request.newTtl = number.low;
    flags |= bit;
    flagLetters[count++] = letter;
    at = flagEnd;
  }
  request.metaFlags = flags;
  request.flagCount = count;
  return at;
}

/**
 * Takes in the flag input[start..end). Returns the status that ends the reading at once (a duplicate, an unknown
 * letter), or NONE; a bad argument goes to `request.status`, where a later one overwrites it, and reading goes on.
 */
export function readFlag(input: Uint8Array, start: number, end: number, request: Request): number {
  const letter = input[start];
  const bit = FLAG_BITS[letter];
  if (bit === 0) return Status.INVALID_FLAG;
  if ((request.metaFlags & bit) !== 0) return Status.DUPLICATE_FLAG;
  request.metaFlags |= bit;
  request.flagLetters[request.flagCount++] = letter;
  if ((bit & WITH_ARGUMENT) !== 0) {
    const status = readArgument(bit, input, start, end, request);
    if (status !== Status.NONE) request.status = status;
  }
  return Status.NONE;
}

function readArgument(bit: number, input: Uint8Array, start: number, end: number, request: Request): number {
  switch (bit) {
    case MetaFlag.VIVIFY:
      if (!parseInt32(input, start + 1, end, number)) return Status.BAD_TOKEN;
      request.vivifyTtl = number.low;
      return Status.NONE;
    case MetaFlag.RECACHE:
      if (!parseInt32(input, start + 1, end, number)) return Status.BAD_TOKEN;
      request.recacheTtl = number.low;
      return Status.NONE;
    case MetaFlag.SET_TTL:
      if (!parseInt32(input, start + 1, end, number)) return Status.BAD_TOKEN;
      request.newTtl = number.low;
      return Status.NONE;
    case MetaFlag.OPAQUE:
      request.opaqueStart = start;
      request.opaqueEnd = end;
      return Status.NONE;
    case MetaFlag.MODE:
      // Without an argument the byte is the blank or line end behind the M, which is no mode.
      request.mode = input[start + 1];
      return Status.NONE;
    case MetaFlag.BASE64:
      return readBase64Key(input, request);
    default:
      return readNumberArgument(bit, input, start, end, request);
  }
}

function readNumberArgument(bit: number, input: Uint8Array, start: number, end: number, request: Request): number {
  if (bit === MetaFlag.CLIENT_FLAGS) {
    // memcached sets no wording of its own here: an earlier one stays.
    if (!parseUint32(input, start + 1, end, number)) return request.status || Status.BAD_FORMAT;
    request.clientFlags = number.low;
    return Status.NONE;
  }
  const isGood = parseUint64(input, start + 1, end, number);
  switch (bit) {
    case MetaFlag.COMPARE_CAS:
      request.casLow = number.low;
      request.casHigh = number.high;
      return isGood ? Status.NONE : Status.BAD_TOKEN;
    case MetaFlag.EXPLICIT_CAS:
      request.newCasLow = number.low;
      request.newCasHigh = number.high;
      return isGood ? Status.NONE : Status.BAD_TOKEN;
    case MetaFlag.DELTA:
      request.deltaLow = number.low;
      request.deltaHigh = number.high;
      return isGood ? Status.NONE : Status.INVALID_META_DELTA;
    default:
      request.initialLow = number.low;
      request.initialHigh = number.high;
      return isGood ? Status.NONE : Status.INVALID_INITIAL;
  }
}

/** Moves the key, decoded, to the scratch tail of input. The caller has seen that it is at most KEY_BYTES_MAX long. */
function readBase64Key(input: Uint8Array, request: Request): number {
  const scratch = input.length - INPUT_SCRATCH_BYTES;
  const length = decodeBase64(input, request.keyStart, request.keyEnd, input, scratch);
  if (length === 0) return Status.BAD_BASE64_KEY;
  request.keyStart = scratch;
  request.keyEnd = scratch + length;
  request.keyIsBinary = true;
  return Status.NONE;
}
