/**
 * The requests of one tick as bytes: a growing buffer that a connection hands to its socket in one write.
 *
 * A request is written whole or, when its key or value is refused, not at all. What `take` hands out stays untouched when
 * `keep` is called; after `reuse` the same memory is written again. Plain ASCII keys and short values go in by a loop,
 * because a native call a string costs more. Bound: maxValueBytes a value, and the connection's own for all together.
 */
import { encodeBase64, KEY_BYTES_MAX, writeDecimal } from '@shoal/protocol';
import { BadValueError } from './errors.js';
import { plainKey, specialKey } from './keys.js';
import { type Key, Op, type Request, Verb } from './request.js';

const FIRST_CAPACITY = 64 * 1024;
/** A buffer that grew past this for one batch is not kept. */
const KEPT_CAPACITY_MAX = 1024 * 1024;
/** Longest length of a value in decimal, the blanks and the line ends of a request. */
const FRAME_BYTES = 64;
/** Up to here a string is checked and copied by a loop. */
const LOOPED_CHARACTERS_MAX = 256;
const BLANK = 32;
const CR = 13;
const LF = 10;
const LETTER_B = 98;
const DELETE = 127;

export class BatchWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  at = 0;
  readonly #maxValueBytes: number;

  constructor(maxValueBytes: number) {
    this.#maxValueBytes = maxValueBytes;
  }

  /** Throws a BadKeyError or a BadValueError, and then has written nothing. */
  write(request: Request): void {
    const start = this.at;
    try {
      if (request.keys !== null) for (const key of request.keys) this.#line(request, key);
      else if (request.op >= Op.NOOP) this.#bareLine(request.key as string);
      else this.#line(request, request.key);
    } catch (error) {
      this.at = start;
      throw error;
    }
  }

  /** What was written since the last take. */
  take(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  /** The socket has taken it all. */
  reuse(): void {
    this.at = 0;
    if (this.bytes.length > KEPT_CAPACITY_MAX) this.bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  /** The socket still reads what was taken. */
  keep(): void {
    this.bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.at = 0;
  }

  #line(request: Request, key: Key): void {
    const { suffix, value } = request;
    this.#ensure(KEY_BYTES_MAX + suffix.length + FRAME_BYTES);
    const { bytes } = this;
    let at = this.at;
    bytes[at] = request.verb >> 8;
    bytes[at + 1] = request.verb & 255;
    bytes[at + 2] = BLANK;
    at += 3;
    const plainEnd = typeof key === 'string' ? plainKey(bytes, at, key) : -1;
    this.at = plainEnd === -1 ? at : plainEnd;
    const isBase64 = plainEnd === -1 && this.#specialKey(key);
    if (request.verb === Verb.MS) this.#storage(suffix, isBase64, value as Key);
    else this.#lineEnd(suffix, isBase64);
  }

  #specialKey(key: Key): boolean {
    const special = specialKey(key);
    if (special.isBase64) {
      this.at = encodeBase64(special.bytes, 0, special.bytes.length, this.bytes, this.at);
      return true;
    }
    this.bytes.set(special.bytes, this.at);
    this.at += special.bytes.length;
    return false;
  }

  #lineEnd(suffix: string, isBase64: boolean): void {
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; index < suffix.length; index++) bytes[at++] = suffix.charCodeAt(index);
    if (isBase64) {
      bytes[at] = BLANK;
      bytes[at + 1] = LETTER_B;
      at += 2;
    }
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.at = at + 2;
  }

  #storage(suffix: string, isBase64: boolean, value: Key): void {
    const isString = typeof value === 'string';
    const isShort = isString && value.length <= LOOPED_CHARACTERS_MAX && isAscii(value);
    const length = isString && !isShort ? Buffer.byteLength(value, 'utf8') : value.length;
    if (length > this.#maxValueBytes) {
      throw new BadValueError('VALUE_TOO_LARGE', `${length} bytes; ${this.#maxValueBytes} are the most`);
    }
    this.#ensure(length + suffix.length + FRAME_BYTES);
    this.bytes[this.at] = BLANK;
    this.at = writeDecimal(this.bytes, this.at + 1, length);
    this.#lineEnd(suffix, isBase64);
    const { bytes } = this;
    let { at } = this;
    if (!isString) bytes.set(value, at);
    else if (isShort) for (let index = 0; index < length; index++) bytes[at + index] = value.charCodeAt(index);
    else if (length === value.length) bytes.write(value, at, length, 'latin1');
    else bytes.write(value, at, length, 'utf8');
    at += length;
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.at = at + 2;
  }

  #bareLine(line: string): void {
    this.#ensure(line.length + FRAME_BYTES);
    this.#lineEnd(line, false);
  }

  #ensure(more: number): void {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > DELETE) return false;
  return true;
}
