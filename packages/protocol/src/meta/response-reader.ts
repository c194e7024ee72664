/**
 * The flags of a meta reply, as a client reads them.
 */

import { ParsedNumber, parseUint64 } from '../number.js';
import type { TextReply } from '../reply.js';
import { skipBlanks, wordEnd } from '../text/tokens.js';

const number = new ParsedNumber();

/** Looks for the flag of this letter; its argument goes to reply.flagStart and flagEnd. */
export function readReplyFlag(input: Uint8Array, view: DataView, letter: number, reply: TextReply): boolean {
  const { lineEnd } = reply;
  let at = skipBlanks(input, reply.flagsStart, lineEnd);
  while (at < lineEnd) {
    const end = wordEnd(input, view, at, lineEnd);
    if (input[at] === letter) {
      reply.flagStart = at + 1;
      reply.flagEnd = end;
      return true;
    }
    at = skipBlanks(input, end, lineEnd);
  }
  return false;
}

/** The same for a flag with a number: reply.low and high. False also for t-1, an item that never expires. */
export function readReplyFlagNumber(input: Uint8Array, view: DataView, letter: number, reply: TextReply): boolean {
  if (!readReplyFlag(input, view, letter, reply)) return false;
  if (!parseUint64(input, reply.flagStart, reply.flagEnd, number)) return false;
  reply.low = number.low;
  reply.high = number.high;
  return true;
}
