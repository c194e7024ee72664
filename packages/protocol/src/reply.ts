/**
 * The records that response readers fill, reused like `Request`: offsets into the client's receive buffer.
 */

/** What a line of a text or meta reply is. */
export const ReplyKind = {
  /** `VALUE <key> <flags> <bytes> [<cas>]` and its block. */
  VALUE: 0,
  /** `CONFIG <key> <flags> <bytes>` and its block; END follows as a reply of its own. */
  CONFIG: 1,
  END: 2,
  /** A number alone: `low`, `high`. */
  NUMBER: 3,
  /** `STAT <name> <value>`: key, and the value at valueStart. */
  STAT: 4,
  /** `VERSION <text>`: the text at valueStart. */
  VERSION: 5,
  STORED: 6,
  NOT_STORED: 7,
  EXISTS: 8,
  NOT_FOUND: 9,
  DELETED: 10,
  TOUCHED: 11,
  OK: 12,
  RESET: 13,
  ERROR: 14,
  CLIENT_ERROR: 15,
  SERVER_ERROR: 16,
  /** HD. All meta kinds: flags from flagsStart to lineEnd. */
  META_HIT: 17,
  /** VA and its block. */
  META_VALUE: 18,
  /** EN */
  META_MISS: 19,
  /** NF */
  META_NOT_FOUND: 20,
  /** NS */
  META_NOT_STORED: 21,
  /** EX */
  META_EXISTS: 22,
  /** MN */
  META_NOOP: 23,
  /** ME */
  META_DEBUG: 24,
  /** Any other line, such as those of a dump or a watch, BUSY or ITEM. */
  OTHER: 25,
} as const;
export type ReplyKind = (typeof ReplyKind)[keyof typeof ReplyKind];

/** One line of a text or meta reply with its data block. */
export class TextReply {
  /** `ReplyKind`. */
  kind: number = ReplyKind.OTHER;
  /** The line without its end. */
  lineStart = 0;
  lineEnd = 0;
  keyStart = 0;
  keyEnd = 0;
  /** uint32 bits as int32. */
  clientFlags = 0;
  valueStart = 0;
  valueBytes = 0;
  /** The CAS value of a VALUE line; `hasCas` says whether it had one. */
  hasCas = false;
  low = 0;
  high = 0;
  /** Where the flags of a meta reply begin. */
  flagsStart = 0;
  /** After readFlag: the argument of the flag, without its letter. */
  flagStart = 0;
  flagEnd = 0;
  /** First byte after the reply. After NEED_MORE: where the reply will end, or 0 if that is not known yet. */
  next = 0;
}

/** One binary response. */
export class BinaryReply {
  opcode = 0;
  /** `BinaryStatus`. */
  status = 0;
  /** int32 */
  opaque = 0;
  casLow = 0;
  casHigh = 0;
  extrasStart = 0;
  /** The client flags of a hit (first four bytes of the extras), 0 without extras. */
  clientFlags = 0;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueBytes = 0;
  /** As in `TextReply`. */
  next = 0;
}
