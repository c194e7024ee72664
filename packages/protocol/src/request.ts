/**
 * The one reused request record: what a decoder found, as offsets into the receive buffer and small integers.
 *
 * Filled by `decode()`, read by the session and the commands. A worker owns one; nothing in it survives the next
 * `decode()`, and no offset survives a move of the receive buffer. Every number is an int32, 64-bit quantities are
 * two halves, so that storing never allocates. Fields that a command does not use keep whatever they held before:
 * read only what the table beside `Op` names.
 */

import { TOKENS_MAX } from './limits.js';

/** How a connection, or one command, speaks. A connection is TEXT (which includes META) or BINARY for its whole life. */
export const Dialect = { TEXT: 0, META: 1, BINARY: 2 } as const;
export type Dialect = (typeof Dialect)[keyof typeof Dialect];

/**
 * What is asked. Data commands first, contiguous from 0. The fields each one fills, beside `next` and `noreply`:
 *
 *     GET GETS            text: key, restStart, lineEnd (walk on with nextKey). binary GET, GETK: key
 *     GAT GATS            the same and exptime. binary GAT, GATK: key, exptime
 *     SET ADD REPLACE APPEND PREPEND CAS   key, clientFlags, exptime, valueBytes, swallowBytes (= length of the block
 *                         with its end mark, to throw away if the command is refused); CAS and binary: cas
 *     DELETE              key; binary: cas
 *     INCR DECR           key, delta; binary: initial, exptime, cas (`vivifies` false: exptime was 0xffffffff)
 *     TOUCH               key, exptime
 *     META_*              key, keyIsBinary, metaFlags, flagLetters, the arguments of the flags given; META_SET:
 *                         valueBytes, swallowBytes, mode; META_ARITHMETIC: mode, delta, initial
 *     FLUSH_ALL           exptime, status (NONE, or INVALID_EXPTIME for the command to answer once it may)
 *     VERBOSITY           deltaLow = level as uint32, status (NONE or BAD_FORMAT); binary likewise
 *     STATS               text: tokens. binary: key = the argument
 *     CONFIG_*            key; text CONFIG_SET and CONFIG_DELETE: secret; CONFIG_SET: clientFlags, valueBytes, swallowBytes
 *     the rest            tokens
 */
export const Op = {
  GET: 0,
  GETS: 1,
  GAT: 2,
  GATS: 3,
  SET: 4,
  ADD: 5,
  REPLACE: 6,
  APPEND: 7,
  PREPEND: 8,
  CAS: 9,
  DELETE: 10,
  INCR: 11,
  DECR: 12,
  TOUCH: 13,
  META_GET: 14,
  META_SET: 15,
  META_DELETE: 16,
  META_ARITHMETIC: 17,
  META_DEBUG: 18,
  META_NOOP: 19,
  /** Binary get and get-and-touch whose reply carries the key. */
  GETK: 20,
  GATK: 21,
  /** Last data command. */
  NOOP: 22,
  CONFIG_GET: 23,
  /** Binary config get whose reply carries the key. */
  CONFIG_GETK: 24,
  CONFIG_SET: 25,
  CONFIG_DELETE: 26,
  CONFIG_LIST: 27,
  FLUSH_ALL: 28,
  VERSION: 29,
  VERBOSITY: 30,
  QUIT: 31,
  STATS: 32,
  SHUTDOWN: 33,
  CACHE_MEMLIMIT: 34,
  LRU: 35,
  LRU_CRAWLER: 36,
  SLABS: 37,
  WATCH: 38,
  /** Known to 1.6.45 only when built for debugging; the server answers ERROR without --debug-commands. */
  DEBUGTIME: 39,
  REFRESH_CERTS: 40,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** Number of operations: the size of a dispatch table. */
export const OP_COUNT = 41;

/** Bits of `Request.metaFlags`: which flags a meta command carries. Letters as in memcached's doc/protocol.txt. */
export const MetaFlag = {
  /** b: the key is base64. */
  BASE64: 1 << 0,
  /** c: return the CAS value. */
  RETURN_CAS: 1 << 1,
  /** f: return the client flags. */
  RETURN_CLIENT_FLAGS: 1 << 2,
  /** h: return whether the item was hit before. */
  RETURN_HIT: 1 << 3,
  /** k: return the key. */
  RETURN_KEY: 1 << 4,
  /** l: return the seconds since the last access. */
  RETURN_LAST_ACCESS: 1 << 5,
  /** q: leave out the nominal reply (EN, HD, NF as the command defines). */
  QUIET: 1 << 6,
  /** s: return the value's size. */
  RETURN_SIZE: 1 << 7,
  /** t: return the seconds left to live. */
  RETURN_TTL: 1 << 8,
  /** u: no LRU bump. */
  NO_BUMP: 1 << 9,
  /** v: return the value. */
  RETURN_VALUE: 1 << 10,
  /** x: md removes the value but leaves the item. */
  REMOVE_VALUE: 1 << 11,
  /** C(token): compare with this CAS value. */
  COMPARE_CAS: 1 << 12,
  /** D(token): delta of ma. */
  DELTA: 1 << 13,
  /** E(token): the CAS value the item shall have. */
  EXPLICIT_CAS: 1 << 14,
  /** F(token): client flags. */
  CLIENT_FLAGS: 1 << 15,
  /** I: invalidate. */
  INVALIDATE: 1 << 16,
  /** J(token): initial value of ma. */
  INITIAL: 1 << 17,
  /** L: for proxies, ignored. */
  PATH: 1 << 18,
  /** M(token): mode switch. */
  MODE: 1 << 19,
  /** N(token): create on a miss, with this TTL. */
  VIVIFY: 1 << 20,
  /** O(token): opaque, returned as it came. */
  OPAQUE: 1 << 21,
  /** P: for proxies, ignored. */
  PROXY: 1 << 22,
  /** R(token): win when fewer seconds are left. */
  RECACHE: 1 << 23,
  /** T(token): set the TTL. */
  SET_TTL: 1 << 24,
} as const;

/** `Request.mode` of ms and ma. */
export const MetaMode = {
  SET: 0,
  ADD: 1,
  REPLACE: 2,
  APPEND: 3,
  PREPEND: 4,
  INCR: 5,
  DECR: 6,
} as const;
export type MetaMode = (typeof MetaMode)[keyof typeof MetaMode];

export class Request {
  /** `Dialect` of this command: a META command arrives on a TEXT connection. */
  dialect: number = Dialect.TEXT;
  /** `Op`. */
  op = 0;

  /** First byte of the key and the one after its last, in input. A base64 key: the decoded bytes, in the scratch tail. */
  keyStart = 0;
  keyEnd = 0;
  /** Meta only: the key came as base64 (flag b), and a returned key is shown as base64 followed by ` b`. */
  keyIsBinary = false;

  /** Text config set and delete: the word behind what they need, which is a managed node's secret; empty if there is none. */
  secretStart = 0;
  secretEnd = 0;

  /** Text get family: where further keys begin (see nextKey). Meta: where the flags begin. */
  restStart = 0;
  /** End of the line without CR LF. After PARTIAL_KEYS: end of the complete keys. */
  lineEnd = 0;
  /** First byte after the command: after the LF, or after header, extras and key. The data block begins here. */
  next = 0;

  /** Length of the data block, without the CR LF that ends it in text and meta. */
  valueBytes = 0;
  /** Client flags: the 32 bits of a uint32 as an int32 (`>>> 0` to show them). */
  clientFlags = 0;
  /** Seconds as sent, signed, not resolved: 0 never, negative at once, above 30 days an absolute Unix time. */
  exptime = 0;
  /** The CAS value to compare with; both halves 0 in binary = none. Meta: flag C (MetaFlag.COMPARE_CAS says if given). */
  casLow = 0;
  casHigh = 0;
  deltaLow = 0;
  deltaHigh = 0;
  initialLow = 0;
  initialHigh = 0;
  /** Binary increment and decrement: create the item when it is missing (exptime was not 0xffffffff). */
  vivifies = false;
  /** The reply is left out: text noreply, binary quiet opcode, meta q. After ERROR: the error itself is left out. */
  noreply = false;

  /** `MetaFlag` bits of the flags given. */
  metaFlags = 0;
  /** The flags' letters (ASCII) in the order given, `flagCount` of them: replies come in this order. */
  readonly flagLetters = new Uint8Array(TOKENS_MAX);
  flagCount = 0;
  /** The opaque token with its O. */
  opaqueStart = 0;
  opaqueEnd = 0;
  /** `MetaMode`. */
  mode: number = MetaMode.SET;
  /** Flags N, R and T: seconds as sent, as `exptime`. */
  vivifyTtl = 0;
  recacheTtl = 0;
  newTtl = 0;
  /** Flag E. */
  newCasLow = 0;
  newCasHigh = 0;

  /** Binary header: opcode as sent, quiet or not; opaque as the int32 of its big-endian bytes. */
  opcode = 0;
  opaque = 0;
  vbucket = 0;
  /** Extras and key and value. */
  bodyBytes = 0;

  /**
   * Why `decode()` answered ERROR: `Status` in TEXT and META, `BinaryStatus` in BINARY. `noreply` may silence it.
   * READY: NONE, but see FLUSH_ALL and VERBOSITY.
   */
  status = 0;
  /**
   * Bytes to throw away from `next` on. After ERROR: always, before the error is sent (1.6.45 reads a refused data block
   * to its end first). After READY of a storage command: only if the command is refused, else the block is read.
   */
  swallowBytes = 0;
  /** After ERROR: the line has not ended yet; throw away everything up to its LF, then answer (see skipLine). */
  swallowLine = false;
  /** After ERROR: close once the error is sent. */
  closes = false;

  /** Words of the line for commands that read their own: word i is input[tokenStarts[i]..tokenEnds[i]), 0 the name. */
  tokenCount = 0;
  readonly tokenStarts = new Int32Array(TOKENS_MAX);
  readonly tokenEnds = new Int32Array(TOKENS_MAX);
}
