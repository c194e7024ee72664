/**
 * Text lines that are not recognised by their first bytes: administration, quit, stats, words that do not exist, and
 * the data commands when they are cut short or end in an odd place.
 *
 * Two lists, because 1.6.45 keeps two: the first is matched against the bytes before the first blank, the second against
 * the first word, so that blanks may stand before it (process_request, process_command_ascii). Allocates nothing, but
 * compares names one by one.
 */

import { Decoded } from '../decoded.js';
import { ParsedNumber, parseInt32, parseUint32 } from '../number.js';
import { refuse } from '../refusal.js';
import { Dialect, Op, type Request } from '../request.js';
import { ascii, Status } from '../status.js';
import { readConfig } from './config-reader.js';
import { endsInNoreply, splitLine, tokenEquals } from './tokens.js';
import { readUnfinishedLine } from './unfinished-line.js';

/** Shortest line memcached looks at, its end included: `mn` with a bare LF is too short. */
const LINE_BYTES_MIN = 4;

const number = new ParsedNumber();

/** Data commands that come here lack their arguments. */
const INCOMPLETE = names('get gets gat gats set add replace append prepend cas delete incr decr touch mg ms md ma me');
const QUIT = ascii('quit');
const STATS = ascii('stats');
const WATCH = ascii('watch');
const VERSION = ascii('version');
const META_NOOP = ascii('mn');
const CONFIG = ascii('config');
const FLUSH_ALL = ascii('flush_all');
const VERBOSITY = ascii('verbosity');
const HTTP = ascii('HTTP/');

const ADMINISTRATION: readonly (readonly [Uint8Array, Op])[] = [
  [ascii('shutdown'), Op.SHUTDOWN],
  [ascii('slabs'), Op.SLABS],
  [ascii('cache_memlimit'), Op.CACHE_MEMLIMIT],
  [ascii('lru_crawler'), Op.LRU_CRAWLER],
  [ascii('lru'), Op.LRU],
  [ascii('debugtime'), Op.DEBUGTIME],
  [ascii('refresh_certs'), Op.REFRESH_CERTS],
];

function names(list: string): Uint8Array[] {
  return list.split(' ').map(ascii);
}

/** Any line. */
export function readRareLine(input: Uint8Array, view: DataView, start: number, end: number, request: Request): Decoded {
  if (!splitLine(input, view, start, end, request)) return readUnfinishedLine(input, view, start, end, request);
  request.noreply = false;
  request.status = Status.NONE;
  if (request.next - start < LINE_BYTES_MIN) return refuse(request, Status.BAD_FORMAT);
  if (request.tokenCount > 0 && request.tokenStarts[0] === start) {
    const op = knownOp(input, request);
    if (op === INCOMPLETE_OP) return refuse(request, Status.BAD_FORMAT);
    if (op !== UNKNOWN_OP) return ready(request, op);
  }
  return readAdministration(input, request);
}

const UNKNOWN_OP = -1;
const INCOMPLETE_OP = -2;

/** Operation of a first word that begins the line. None of these knows noreply. */
function knownOp(input: Uint8Array, request: Request): number {
  if (tokenEquals(input, request, 0, META_NOOP)) {
    request.dialect = Dialect.META;
    return Op.META_NOOP;
  }
  if (tokenEquals(input, request, 0, QUIT)) return Op.QUIT;
  if (tokenEquals(input, request, 0, STATS)) return Op.STATS;
  if (tokenEquals(input, request, 0, WATCH)) return Op.WATCH;
  if (tokenEquals(input, request, 0, VERSION)) return Op.VERSION;
  for (const name of INCOMPLETE) if (tokenEquals(input, request, 0, name)) return INCOMPLETE_OP;
  return UNKNOWN_OP;
}

function readAdministration(input: Uint8Array, request: Request): Decoded {
  request.noreply = endsInNoreply(input, request);
  if (tokenEquals(input, request, 0, CONFIG)) return readConfig(input, request);
  if (tokenEquals(input, request, 0, FLUSH_ALL)) return readFlushAll(input, request);
  if (tokenEquals(input, request, 0, VERBOSITY)) return readVerbosity(input, request);
  for (const [name, op] of ADMINISTRATION) if (tokenEquals(input, request, 0, name)) return ready(request, op);
  return isHttp(input, request) ? Decoded.CLOSE : refuse(request, Status.ERROR);
}

/** flush_all [exptime] [noreply]: whether flushing is allowed comes before a bad exptime, so that is left to the command. */
function readFlushAll(input: Uint8Array, request: Request): Decoded {
  request.exptime = 0;
  if (request.tokenCount !== (request.noreply ? 2 : 1)) {
    const isGood = parseInt32(input, request.tokenStarts[1], request.tokenEnds[1], number);
    if (isGood) request.exptime = number.low;
    else request.status = Status.INVALID_EXPTIME;
  }
  return ready(request, Op.FLUSH_ALL);
}

function readVerbosity(input: Uint8Array, request: Request): Decoded {
  const isGood = request.tokenCount > 1 && parseUint32(input, request.tokenStarts[1], request.tokenEnds[1], number);
  if (!isGood) return refuse(request, Status.BAD_FORMAT);
  request.deltaLow = number.low;
  return ready(request, Op.VERBOSITY);
}

function ready(request: Request, op: number): Decoded {
  request.op = op;
  return Decoded.READY;
}

/** A browser, or someone who makes one talk to a cache: an unknown command whose last word begins with HTTP/. */
function isHttp(input: Uint8Array, request: Request): boolean {
  const last = request.tokenCount - 1;
  if (last < 1) return false;
  const start = request.tokenStarts[last];
  if (request.tokenEnds[last] - start < HTTP.length) return false;
  for (let i = 0; i < HTTP.length; i++) if (input[start + i] !== HTTP[i]) return false;
  return true;
}
