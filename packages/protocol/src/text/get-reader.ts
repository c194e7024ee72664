/**
 * get, gets, gat and gats: their first key and where the others are.
 *
 * The order of the checks, and so which error wins, is that of proto_parser.c and process_get_command in 1.6.45.
 */

import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX } from '../limits.js';
import { refuse } from '../refusal.js';
import type { Op, Request } from '../request.js';
import { Status } from '../status.js';
import { readExptime, readWords, setKey } from './line.js';
import { endsInNoreply, findLineFeed, setLine, skipBlanks, splitLine, wordEnd } from './tokens.js';
import { readUnfinishedLine } from './unfinished-line.js';

const CR = 13;
const BLANK = 32;

/** get, gets: `at` is the blank after the name. */
export function readGet(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  at: number,
  end: number,
  request: Request,
): Decoded {
  const keyStart = skipBlanks(input, at, end);
  const keyEnd = wordEnd(input, view, keyStart, end);
  if (keyEnd === end) return readUnfinishedLine(input, view, start, end, request);
  request.op = op;
  request.keyStart = keyStart;
  request.keyEnd = keyEnd;
  request.restStart = keyEnd;
  request.noreply = false;
  if (input[keyEnd] !== BLANK) {
    request.lineEnd = keyEnd;
    request.next = input[keyEnd] === CR ? keyEnd + 2 : keyEnd + 1;
  } else {
    const lineFeed = findLineFeed(input, view, keyEnd, end);
    if (lineFeed < 0) return readUnfinishedLine(input, view, start, end, request);
    setLine(input, start, lineFeed, request);
  }
  if (keyEnd === keyStart) return refuse(request, Status.BAD_FORMAT);
  return keyEnd - keyStart > KEY_BYTES_MAX ? refuseLongKeyOfGet(input, view, start, request) : Decoded.READY;
}

/** gat, gats <exptime> <key>*. The exptime is judged before the key. */
export function readGetAndTouch(
  op: Op,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  const unfinished = readWords(op, 3, input, view, start, end, request);
  if (unfinished !== Decoded.READY) return unfinished;
  setKey(request, 2);
  request.restStart = request.keyEnd;
  if (!readExptime(input, request, 1)) return refuse(request, Status.INVALID_EXPTIME);
  if (request.keyEnd - request.keyStart > KEY_BYTES_MAX) return refuse(request, Status.BAD_FORMAT_IN_GET);
  return Decoded.READY;
}

/** The first key of a get is too long. With noreply 1.6.45 loses the words of the error and sends their line end. */
function refuseLongKeyOfGet(input: Uint8Array, view: DataView, start: number, request: Request): Decoded {
  splitLine(input, view, start, request.next, request);
  return refuse(request, endsInNoreply(input, request) ? Status.EMPTY_LINE : Status.BAD_FORMAT_IN_GET);
}
