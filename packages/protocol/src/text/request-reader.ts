/**
 * Text and meta requests: which command a line is, by its first four bytes, and on to the reader of its kind.
 *
 * Called by `decode()` once per command. What is not told apart here, because it is rare, cut short or unknown, goes to
 * rare-reader.ts.
 */

import type { Decoded } from '../decoded.js';
import { readMeta, readMetaDebug } from '../meta/request-reader.js';
import { Dialect, Op, type Request } from '../request.js';
import { readGet, readGetAndTouch } from './get-reader.js';
import { readArithmetic, readDelete, readTouch } from './keyed-reader.js';
import { readRareLine } from './rare-reader.js';
import { readStorage } from './storage-reader.js';
import { word } from './word.js';

/** No complete line of a command with more than three letters is shorter, but for gets. */
const NAMED_LINE_BYTES_MIN = 8;

const BLANK = 32;
const PAIR_AND_BLANK = 0xff_ffff;
const GET = word('get ');
const GETS = word('gets');
const GAT = word('gat ');
const GATS = word('gats');
const SET = word('set ');
const ADD = word('add ');
const CAS = word('cas ');
const REPL = word('repl');
const ACE_ = word('ace ');
const APPE = word('appe');
const PREP = word('prep');
const END_ = word('end ');
const DELE = word('dele');
const ETE_ = word('ete ');
const INCR = word('incr');
const DECR = word('decr');
const TOUC = word('touc');
const UCH_ = word('uch ');
const META_GET = word('mg \0');
const META_SET = word('ms \0');
const META_DELETE = word('md \0');
const META_ARITHMETIC = word('ma \0');
const META_DEBUG = word('me \0');

/** One command of a TEXT connection from input[start..end). */
export function readTextRequest(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  request.dialect = Dialect.TEXT;
  if (end - start < 4) return readRareLine(input, view, start, end, request);
  const first = view.getInt32(start, true);
  if (first === GET) return readGet(Op.GET, input, view, start, start + 3, end, request);
  if (first === SET) return readStorage(Op.SET, input, view, start, start + 3, end, request);
  switch (first & PAIR_AND_BLANK) {
    case META_GET:
      return readMeta(Op.META_GET, input, view, start, end, request);
    case META_SET:
      return readMeta(Op.META_SET, input, view, start, end, request);
    case META_DELETE:
      return readMeta(Op.META_DELETE, input, view, start, end, request);
    case META_ARITHMETIC:
      return readMeta(Op.META_ARITHMETIC, input, view, start, end, request);
    case META_DEBUG:
      return readMetaDebug(input, view, start, end, request);
    default:
      return readNamed(first, input, view, start, end, request);
  }
}

/** The commands with longer names. */
function readNamed(
  first: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  if (first === GETS && end - start > 4 && input[start + 4] === BLANK) {
    return readGet(Op.GETS, input, view, start, start + 4, end, request);
  }
  if (end - start < NAMED_LINE_BYTES_MIN) return readRareLine(input, view, start, end, request);
  const fourth = view.getInt32(start + 3, true);
  const fifth = view.getInt32(start + 4, true);
  const isFour = input[start + 4] === BLANK;
  if (first === INCR && isFour) return readArithmetic(Op.INCR, input, view, start, end, request);
  if (first === DECR && isFour) return readArithmetic(Op.DECR, input, view, start, end, request);
  if (first === DELE && fourth === ETE_) return readDelete(Op.DELETE, input, view, start, end, request);
  if (first === ADD) return readStorage(Op.ADD, input, view, start, start + 3, end, request);
  if (first === CAS) return readStorage(Op.CAS, input, view, start, start + 3, end, request);
  if (first === TOUC && view.getInt32(start + 2, true) === UCH_) {
    return readTouch(Op.TOUCH, input, view, start, end, request);
  }
  if (first === GAT) return readGetAndTouch(Op.GAT, input, view, start, end, request);
  if (first === GATS && isFour) return readGetAndTouch(Op.GATS, input, view, start, end, request);
  if (first === APPE && fourth === END_) return readStorage(Op.APPEND, input, view, start, start + 6, end, request);
  if (first === PREP && fifth === END_) return readStorage(Op.PREPEND, input, view, start, start + 7, end, request);
  if (first === REPL && fifth === ACE_) return readStorage(Op.REPLACE, input, view, start, start + 7, end, request);
  return readRareLine(input, view, start, end, request);
}
