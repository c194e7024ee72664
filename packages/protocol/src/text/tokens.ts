/**
 * Words and ends of a text line: the loops that every text and meta command begins with.
 *
 * A line ends in LF; one CR before it is not part of the line. Words are parted by blanks (0x20) alone: every other
 * byte, control characters included, belongs to a word, as in memcached's tokenizer (mcmc.c). Nothing here reads at or
 * past `end`.
 */

import { KEY_BYTES_MAX, TOKENS_MAX } from '../limits.js';
import type { Request } from '../request.js';

const LF = 10;
const CR = 13;
const BLANK = 32;

/** For finding a byte below 0x21 in four at once: (x - BELOW) & ~x & HIGH_BITS is not 0 exactly if there is one. */
const BELOW = 0x2121_2121;
const HIGH_BITS = 0x8080_8080 | 0;
/** The same for a byte that is LF: (y - ONES) & ~y & HIGH_BITS, y being x ^ LINE_FEEDS. */
const LINE_FEEDS = 0x0a0a_0a0a;
const ONES = 0x0101_0101;

/**
 * End of the word that begins at `at`: the offset of the blank, the CR LF or the LF after it (`at` itself if it stands
 * on one). Returns `end` when the line does not end within the bytes given, also when only the LF after a CR is missing.
 */
export function wordEnd(input: Uint8Array, view: DataView, at: number, end: number): number {
  let i = at;
  for (;;) {
    for (; i + 4 <= end; i += 4) {
      const four = view.getInt32(i, true);
      if (((four - BELOW) & ~four & HIGH_BITS) !== 0) break;
    }
    while (i < end && input[i] > BLANK) i++;
    if (i >= end) return end;
    const byte = input[i];
    if (byte === BLANK || byte === LF) return i;
    if (byte === CR) {
      if (i + 1 >= end) return end;
      if (input[i + 1] === LF) return i;
    }
    i++;
  }
}

/** First offset from `at` on that holds no blank, or `end`. */
export function skipBlanks(input: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && input[i] === BLANK) i++;
  return i;
}

/** Offset of the first LF in input[at..end), or -1. */
export function findLineFeed(input: Uint8Array, view: DataView, at: number, end: number): number {
  let i = at;
  // Lines of many keys are long: sixteen bytes a turn, because V8 does not unroll loops.
  for (; i + 16 <= end; i += 16) {
    const first = view.getInt32(i, true) ^ LINE_FEEDS;
    const second = view.getInt32(i + 4, true) ^ LINE_FEEDS;
    const third = view.getInt32(i + 8, true) ^ LINE_FEEDS;
    const fourth = view.getInt32(i + 12, true) ^ LINE_FEEDS;
    const hits = ((first - ONES) & ~first) | ((second - ONES) & ~second) | ((third - ONES) & ~third);
    if (((hits | ((fourth - ONES) & ~fourth)) & HIGH_BITS) !== 0) break;
  }
  for (; i + 4 <= end; i += 4) {
    const four = view.getInt32(i, true) ^ LINE_FEEDS;
    if (((four - ONES) & ~four & HIGH_BITS) !== 0) break;
  }
  while (i < end && input[i] !== LF) i++;
  return i < end ? i : -1;
}

/** Sets `lineEnd` and `next` of a line that begins at `start` and whose LF is at `lineFeed`. */
export function setLine(input: Uint8Array, start: number, lineFeed: number, request: Request): void {
  request.lineEnd = lineFeed > start && input[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
  request.next = lineFeed + 1;
}

/**
 * Throws away the rest of a line (`Request.swallowLine`): the offset after its LF, or -1 when all of input[at..end) is
 * to be thrown away and the LF is still to come.
 */
export function skipLine(input: Uint8Array, view: DataView, at: number, end: number): number {
  const lineFeed = findLineFeed(input, view, at, end);
  return lineFeed < 0 ? -1 : lineFeed + 1;
}

/**
 * Splits the line at `start` into words: the first TOKENS_MAX of them, `lineEnd` and `next` go to the request. False if
 * the line does not end before `end`.
 */
export function splitLine(input: Uint8Array, view: DataView, start: number, end: number, request: Request): boolean {
  const { tokenStarts, tokenEnds } = request;
  let count = 0;
  let at = start;
  for (;;) {
    at = skipBlanks(input, at, end);
    const stop = wordEnd(input, view, at, end);
    if (stop === end) return false;
    if (stop > at && count < TOKENS_MAX) {
      tokenStarts[count] = at;
      tokenEnds[count++] = stop;
    }
    at = stop;
    if (input[at] !== BLANK) break;
  }
  request.tokenCount = count;
  request.lineEnd = at;
  request.next = input[at] === CR ? at + 2 : at + 1;
  return true;
}

/** Whether word `index` of the line is exactly `word`. */
export function tokenEquals(input: Uint8Array, request: Request, index: number, word: Uint8Array): boolean {
  const length = request.tokenEnds[index] - request.tokenStarts[index];
  return length === word.length && tokenIsPrefixOf(input, request, index, word);
}

/**
 * Whether `word` begins with word `index` of the line: how memcached recognises the subcommands of stats, slabs, lru,
 * lru_crawler and watch (strncmp over the length given), so that `stats s` means settings.
 */
export function tokenIsPrefixOf(input: Uint8Array, request: Request, index: number, word: Uint8Array): boolean {
  if (index < 0 || index >= request.tokenCount) return false;
  const start = request.tokenStarts[index];
  const length = request.tokenEnds[index] - start;
  if (length > word.length) return false;
  for (let i = 0; i < length; i++) if (input[start + i] !== word[i]) return false;
  return true;
}

/** Whether the line's last word (of the first TOKENS_MAX) is `noreply`. */
export function endsInNoreply(input: Uint8Array, request: Request): boolean {
  return tokenEquals(input, request, request.tokenCount - 1, NOREPLY);
}

const NOREPLY = Uint8Array.of(110, 111, 114, 101, 112, 108, 121);

/** Whether a key of the line input[from..lineEnd) is longer than KEY_BYTES_MAX. */
export function hasLongKey(input: Uint8Array, view: DataView, from: number, lineEnd: number): boolean {
  for (let at = from; at < lineEnd; ) {
    const start = skipBlanks(input, at, lineEnd);
    at = wordEnd(input, view, start, lineEnd);
    if (at - start > KEY_BYTES_MAX) return true;
  }
  return false;
}

/** What nextKey found. */
export const NextKey = {
  /** `keyStart`, `keyEnd` hold the next key. */
  FOUND: 0,
  /** The line has no further key. */
  NONE: 1,
  /** The next key is longer than KEY_BYTES_MAX: answer Status.BAD_FORMAT_IN_GET instead of the whole line's values. */
  TOO_LONG: 2,
} as const;
export type NextKey = (typeof NextKey)[keyof typeof NextKey];

/**
 * The next key of a text get, gets, gat or gats: begins at `from` (the previous keyEnd, at first request.restStart) and
 * ends at `request.lineEnd`.
 */
export function nextKey(input: Uint8Array, view: DataView, from: number, request: Request): NextKey {
  const { lineEnd } = request;
  const start = skipBlanks(input, from, lineEnd);
  if (start === lineEnd) return NextKey.NONE;
  const end = wordEnd(input, view, start, lineEnd);
  request.keyStart = start;
  request.keyEnd = end;
  return end - start > KEY_BYTES_MAX ? NextKey.TOO_LONG : NextKey.FOUND;
}
