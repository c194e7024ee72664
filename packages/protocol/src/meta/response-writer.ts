/**
 * Meta replies: a code of two letters, and the flags in the order in which they were asked for.
 *
 *     <code> <flags>* CR LF        VA <length> <flags>* CR LF <data block> CR LF
 *
 * The command writes the code (which makes room for the whole line), walks request.flagLetters, writes each flag with
 * the function below that suits it, then W, X and Z, and ends with writer.crlf(). Replies without an item carry only
 * opaque and key: writeOpaqueAndKey.
 */

import { base64Length, encodeBase64 } from '../base64.js';
import type { ByteWriter } from '../byte-writer.js';
import { KEY_BYTES_MAX } from '../limits.js';
import type { Request } from '../request.js';
import { STATUS_LINES } from '../status.js';

/** No meta line is longer: code, length, an encoded key, every returned number and the opaque come to less. */
export const META_LINE_BYTES_MAX = 256 + base64Length(KEY_BYTES_MAX);

const BLANK = 32;
const VA_BLANK = 0x5641_20;
const LETTER_B = 98;
const LETTER_C = 99;
const LETTER_K = 107;
const LETTER_O = 79;
const LETTER_T = 116;
const MINUS_1 = 0x2d31;

/** The two letters of a META_* `Status`, without line end. */
export function writeMetaCode(writer: ByteWriter, status: number): void {
  writer.ensure(META_LINE_BYTES_MAX);
  const line = STATUS_LINES[status];
  writer.byte(line[0]);
  writer.byte(line[1]);
}

/** `VA <length>`: the code of a reply that carries a value. */
export function writeMetaValueCode(writer: ByteWriter, valueBytes: number): void {
  writer.ensure(META_LINE_BYTES_MAX);
  writer.byte(VA_BLANK >> 16);
  writer.uint16be(VA_BLANK & 0xffff);
  writer.decimal(valueBytes);
}

/** A flag that is only a letter: W, X, Z. */
export function writeFlagLetter(writer: ByteWriter, letter: number): void {
  writer.uint16be((BLANK << 8) | letter);
}

/** A flag with a number of 0..2^53: s, f, l, h. */
export function writeFlagNumber(writer: ByteWriter, letter: number, value: number): void {
  writeFlagLetter(writer, letter);
  writer.decimal(value);
}

/** c: the CAS value. */
export function writeFlagCas(writer: ByteWriter, low: number, high: number): void {
  writeFlagLetter(writer, LETTER_C);
  writer.decimal64(low, high);
}

/**
 * t: seconds left, or -1 for an item that never expires. memcached prints the difference as uint32, so an item that has
 * just been given a TTL in the past shows a number near 2^32.
 */
export function writeFlagTtl(writer: ByteWriter, neverExpires: boolean, secondsLeft: number): void {
  writeFlagLetter(writer, LETTER_T);
  if (neverExpires) writer.uint16be(MINUS_1);
  else writer.decimal(secondsLeft >>> 0);
}

/** k: the key in source[start..end); a binary one as base64 and followed by b. */
export function writeFlagKey(
  writer: ByteWriter,
  source: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  isBinary: boolean,
): void {
  writeFlagLetter(writer, LETTER_K);
  if (isBinary) {
    writer.at = encodeBase64(source, start, end, writer.bytes, writer.at);
    writeFlagLetter(writer, LETTER_B);
  } else {
    writer.copyShort(source, view, start, end);
  }
}

/** O: the opaque token, its O included, as it came. */
export function writeFlagOpaque(
  writer: ByteWriter,
  source: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): void {
  writer.byte(BLANK);
  writer.copyShort(source, view, start, end);
}

/** The flags O and k of the request, in its order: all that replies without an item (EN, NF, NS, EX) and md return. */
export function writeOpaqueAndKey(writer: ByteWriter, input: Uint8Array, view: DataView, request: Request): void {
  for (let i = 0; i < request.flagCount; i++) {
    const letter = request.flagLetters[i];
    if (letter === LETTER_O) {
      writeFlagOpaque(writer, input, view, request.opaqueStart, request.opaqueEnd);
    } else if (letter === LETTER_K) {
      writeFlagKey(writer, input, view, request.keyStart, request.keyEnd, request.keyIsBinary);
    }
  }
}
