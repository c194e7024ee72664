/**
 * Text and meta replies, as a client reads them: one line a call, with the data block that belongs to it.
 *
 * Returns READY, NEED_MORE, or CLOSE for bytes that are no reply of memcached's. Allocates nothing; used by the load
 * generator and the tests.
 */

import { Decoded } from '../decoded.js';
import { VALUE_BYTES_MAX } from '../limits.js';
import { ParsedNumber, parseUint32, parseUint64 } from '../number.js';
import { ReplyKind, type TextReply } from '../reply.js';
import { ascii } from '../status.js';
import { findLineFeed, skipBlanks, wordEnd } from './tokens.js';

const LF = 10;
const CR = 13;
const DIGIT_0 = 48;

const number = new ParsedNumber();

/** First words of replies that are nothing but a line. */
const WORDS: readonly (readonly [Uint8Array, ReplyKind])[] = [
  [ascii('VALUE'), ReplyKind.VALUE],
  [ascii('END'), ReplyKind.END],
  [ascii('STORED'), ReplyKind.STORED],
  [ascii('HD'), ReplyKind.META_HIT],
  [ascii('VA'), ReplyKind.META_VALUE],
  [ascii('EN'), ReplyKind.META_MISS],
  [ascii('NF'), ReplyKind.META_NOT_FOUND],
  [ascii('NS'), ReplyKind.META_NOT_STORED],
  [ascii('EX'), ReplyKind.META_EXISTS],
  [ascii('MN'), ReplyKind.META_NOOP],
  [ascii('ME'), ReplyKind.META_DEBUG],
  [ascii('NOT_STORED'), ReplyKind.NOT_STORED],
  [ascii('EXISTS'), ReplyKind.EXISTS],
  [ascii('NOT_FOUND'), ReplyKind.NOT_FOUND],
  [ascii('DELETED'), ReplyKind.DELETED],
  [ascii('TOUCHED'), ReplyKind.TOUCHED],
  [ascii('OK'), ReplyKind.OK],
  [ascii('RESET'), ReplyKind.RESET],
  [ascii('STAT'), ReplyKind.STAT],
  [ascii('VERSION'), ReplyKind.VERSION],
  [ascii('CONFIG'), ReplyKind.CONFIG],
  [ascii('ERROR'), ReplyKind.ERROR],
  [ascii('CLIENT_ERROR'), ReplyKind.CLIENT_ERROR],
  [ascii('SERVER_ERROR'), ReplyKind.SERVER_ERROR],
];

/** The reply that begins at `start`. */
export function readTextReply(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  reply: TextReply,
): Decoded {
  reply.next = 0;
  const lineFeed = findLineFeed(input, view, start, end);
  if (lineFeed < 0) return Decoded.NEED_MORE;
  reply.lineStart = start;
  reply.lineEnd = lineFeed > start && input[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
  reply.next = lineFeed + 1;
  const nameEnd = wordEnd(input, view, start, reply.lineEnd);
  reply.kind = kindOf(input, start, nameEnd);
  switch (reply.kind) {
    case ReplyKind.VALUE:
    case ReplyKind.CONFIG:
      return readValueLine(input, view, nameEnd, end, reply);
    case ReplyKind.META_VALUE:
      return readMetaValueLine(input, view, nameEnd, end, reply);
    case ReplyKind.NUMBER:
      return readNumber(input, start, nameEnd, reply);
    case ReplyKind.STAT:
      return readStat(input, view, nameEnd, reply);
    default:
      reply.flagsStart = nameEnd;
      setValue(skipBlanks(input, nameEnd, reply.lineEnd), reply);
      return Decoded.READY;
  }
}

function kindOf(input: Uint8Array, start: number, end: number): ReplyKind {
  for (let i = 0; i < WORDS.length; i++) {
    if (isWord(input, start, end, WORDS[i][0])) return WORDS[i][1];
  }
  return end > start && (input[start] - DIGIT_0) >>> 0 <= 9 ? ReplyKind.NUMBER : ReplyKind.OTHER;
}

function isWord(input: Uint8Array, start: number, end: number, letters: Uint8Array): boolean {
  if (end - start !== letters.length) return false;
  for (let i = 0; i < letters.length; i++) if (input[start + i] !== letters[i]) return false;
  return true;
}

/** The rest of the line is the value. */
function setValue(start: number, reply: TextReply): void {
  reply.valueStart = start;
  reply.valueBytes = reply.lineEnd - start;
}

/** ` <key> <flags> <bytes> [<cas>]` */
function readValueLine(input: Uint8Array, view: DataView, at: number, end: number, reply: TextReply): Decoded {
  const { lineEnd } = reply;
  reply.keyStart = skipBlanks(input, at, lineEnd);
  reply.keyEnd = wordEnd(input, view, reply.keyStart, lineEnd);
  const flagsStart = skipBlanks(input, reply.keyEnd, lineEnd);
  const flagsEnd = wordEnd(input, view, flagsStart, lineEnd);
  if (reply.keyEnd === reply.keyStart || !parseUint32(input, flagsStart, flagsEnd, number)) return Decoded.CLOSE;
  reply.clientFlags = number.low;
  const lengthStart = skipBlanks(input, flagsEnd, lineEnd);
  const lengthEnd = wordEnd(input, view, lengthStart, lineEnd);
  const casStart = skipBlanks(input, lengthEnd, lineEnd);
  reply.hasCas = casStart < lineEnd;
  if (reply.hasCas) {
    if (!parseUint64(input, casStart, wordEnd(input, view, casStart, lineEnd), number)) return Decoded.CLOSE;
    reply.low = number.low;
    reply.high = number.high;
  }
  return readBlock(input, lengthStart, lengthEnd, end, reply);
}

/** ` <bytes> <flags>*` */
function readMetaValueLine(input: Uint8Array, view: DataView, at: number, end: number, reply: TextReply): Decoded {
  const lengthStart = skipBlanks(input, at, reply.lineEnd);
  const lengthEnd = wordEnd(input, view, lengthStart, reply.lineEnd);
  reply.flagsStart = lengthEnd;
  return readBlock(input, lengthStart, lengthEnd, end, reply);
}

/** The data block behind the line, whose length stands in input[lengthStart..lengthEnd). */
function readBlock(input: Uint8Array, lengthStart: number, lengthEnd: number, end: number, reply: TextReply): Decoded {
  if (!parseUint32(input, lengthStart, lengthEnd, number)) return Decoded.CLOSE;
  if (number.low < 0 || number.low > VALUE_BYTES_MAX) return Decoded.CLOSE;
  reply.valueStart = reply.next;
  reply.valueBytes = number.low;
  const blockEnd = reply.valueStart + reply.valueBytes;
  reply.next = blockEnd + 2;
  if (reply.next > end) return Decoded.NEED_MORE;
  return input[blockEnd] === CR && input[blockEnd + 1] === LF ? Decoded.READY : Decoded.CLOSE;
}

/** decr pads a shorter value with blanks only in the cache, not in its answer. */
function readNumber(input: Uint8Array, start: number, end: number, reply: TextReply): Decoded {
  if (!parseUint64(input, start, end, number)) return Decoded.CLOSE;
  reply.low = number.low;
  reply.high = number.high;
  return Decoded.READY;
}

function readStat(input: Uint8Array, view: DataView, at: number, reply: TextReply): Decoded {
  reply.keyStart = skipBlanks(input, at, reply.lineEnd);
  reply.keyEnd = wordEnd(input, view, reply.keyStart, reply.lineEnd);
  setValue(Math.min(reply.keyEnd + 1, reply.lineEnd), reply);
  return Decoded.READY;
}
