/**
 * Lines whose LF has not arrived: how much is held, what is closed, and long gets that are served piecewise.
 *
 * memcached buffers a get line of any length; Shoal holds at most GET_LINE_HELD_BYTES_MAX of it.
 */

import { Decoded } from '../decoded.js';
import { GET_LINE_HELD_BYTES_MAX, KEY_BYTES_MAX, LEADING_BLANKS_MAX, LINE_HELD_BYTES_MAX } from '../limits.js';
import { refuseUnfinished } from '../refusal.js';
import { Op, type Request } from '../request.js';
import { Status } from '../status.js';
import { findLineFeed, setLine, skipBlanks, wordEnd } from './tokens.js';
import { word } from './word.js';

const BLANK = 32;
const GET_ = word('get ');
const GETS = word('gets');

/**
 * A line without LF: more bytes are awaited, up to LINE_HELD_BYTES_MAX. Beyond that it must be a get or gets
 * (try_read_command_ascii), and beyond GET_LINE_HELD_BYTES_MAX its keys are handed over as they are.
 */
export function readUnfinishedLine(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const held = end - start;
  if (held <= LINE_HELD_BYTES_MAX) return Decoded.NEED_MORE;
  const at = skipBlanks(input, start, end - 6);
  const isGet = view.getInt32(at, true) === GET_;
  if (at - start > LEADING_BLANKS_MAX || !(isGet || (view.getInt32(at, true) === GETS && input[at + 4] === BLANK))) {
    return Decoded.CLOSE;
  }
  if (held <= GET_LINE_HELD_BYTES_MAX) return Decoded.NEED_MORE;
  request.noreply = false;
  // Behind blanks no data command is known: what would be a get is answered ERROR.
  if (at !== start) return refuseUnfinished(request, Status.ERROR, end);
  request.op = isGet ? Op.GET : Op.GETS;
  return readFirstKeys(input, view, isGet ? start + 3 : start + 4, end, request);
}

/** The beginning of a get whose end is not in sight: `at` is the blank after the name. */
function readFirstKeys(input: Uint8Array, view: DataView, at: number, end: number, request: Request): Decoded {
  const keyStart = skipBlanks(input, at, end);
  const keyEnd = wordEnd(input, view, keyStart, end);
  if (keyEnd - keyStart > KEY_BYTES_MAX) return refuseUnfinished(request, Status.BAD_FORMAT_IN_GET, end);
  // Tens of thousands of blanks and no key: taken for a get without any, though keys might still come.
  if (keyEnd === end) return refuseUnfinished(request, Status.BAD_FORMAT, end);
  request.keyStart = keyStart;
  request.keyEnd = keyEnd;
  request.restStart = keyEnd;
  return cutAfterLastBlank(input, keyStart, end, request);
}

/** The next piece of a get that was answered PARTIAL_KEYS: see decodeMoreKeys. */
export function readMoreKeys(input: Uint8Array, view: DataView, start: number, end: number, request: Request): Decoded {
  request.restStart = start;
  const lineFeed = findLineFeed(input, view, start, end);
  if (lineFeed < 0) return cutAfterLastBlank(input, start, end, request);
  setLine(input, start, lineFeed, request);
  return Decoded.READY;
}

/** Keeps the word that is cut off by `end` for the next piece, unless it is too long to be a key already. */
function cutAfterLastBlank(input: Uint8Array, start: number, end: number, request: Request): Decoded {
  let at = end;
  while (at > start && input[at - 1] !== BLANK) at--;
  // One byte more than a key: it may be the CR of the line's end.
  if (end - at > KEY_BYTES_MAX + 1) return refuseUnfinished(request, Status.BAD_FORMAT_IN_GET, end);
  if (at === start) return Decoded.NEED_MORE;
  request.lineEnd = at - 1;
  request.next = at;
  return Decoded.PARTIAL_KEYS;
}
