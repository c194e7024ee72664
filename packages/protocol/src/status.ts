/**
 * Every wording that a client sees: the only place where one is written.
 *
 * Text and meta replies are indexed by `Status`, pre-encoded with their CR LF, so that answering is one copy. Binary
 * replies carry a `BinaryStatus` code and a text. All are memcached 1.6.45's, letter by letter (proto_text.c,
 * proto_parser.c, proto_bin.c, memcached.c); replies.md holds what the running server sent.
 */

/** memcached release whose behaviour is kept. Three plain numbers: clients parse it (reference/elasticache.md 0.6). */
export const VERSION = '1.6.45';

/** Indexes of the one-line replies of the text and meta dialects. */
export const Status = {
  /** Nothing to say. */
  NONE: 0,
  OK: 1,
  ERROR: 2,
  END: 3,
  STORED: 4,
  NOT_STORED: 5,
  EXISTS: 6,
  NOT_FOUND: 7,
  DELETED: 8,
  TOUCHED: 9,
  RESET: 10,
  VERSION: 11,
  META_HIT: 12,
  META_MISS: 13,
  META_NOT_FOUND: 14,
  META_NOT_STORED: 15,
  META_EXISTS: 16,
  META_NOOP: 17,
  BAD_FORMAT: 18,
  /** What get, gets, gat and gats answer to a key above 250 bytes: 1.6.45 ends it with a second, stray CR LF. */
  BAD_FORMAT_IN_GET: 19,
  BAD_LINE: 20,
  BAD_DATA_CHUNK: 21,
  INVALID_EXPTIME: 22,
  INVALID_DELTA: 23,
  NON_NUMERIC: 24,
  BAD_TOKEN: 25,
  DUPLICATE_FLAG: 26,
  INVALID_FLAG: 27,
  INVALID_OR_DUPLICATE_FLAG: 28,
  TOO_MANY_FLAGS: 29,
  BAD_BASE64_KEY: 30,
  OPAQUE_TOO_LONG: 31,
  INVALID_SET_MODE: 32,
  INVALID_ARITHMETIC_MODE: 33,
  INVALID_INITIAL: 34,
  INVALID_META_DELTA: 35,
  TOO_LARGE: 36,
  NO_MEMORY: 37,
  NO_MEMORY_STORING: 38,
  NO_MEMORY_READING: 39,
  NO_MEMORY_NEW_ITEM: 40,
  NO_MEMORY_GET: 41,
  NO_MEMORY_STATS: 42,
  NO_MEMORY_REQUEST: 43,
  FLUSH_NOT_ALLOWED: 44,
  SHUTDOWN_NOT_ENABLED: 45,
  INVALID_SHUTDOWN_MODE: 46,
  STATS_DETAIL_USAGE: 47,
  STATS_DETAIL_NOT_ALLOWED: 48,
  CACHEDUMP_NOT_ALLOWED: 49,
  ILLEGAL_SLAB_ID: 50,
  SLAB_REASSIGN_DISABLED: 51,
  REASSIGN_BUSY: 52,
  REASSIGN_BAD_CLASS: 53,
  REASSIGN_NO_SPARE: 54,
  REASSIGN_SAME: 55,
  AUTOMOVE_WINDOW: 56,
  MEMLIMIT_TOO_SMALL: 57,
  MEMLIMIT_NOT_BYTES: 58,
  MEMLIMIT_FAILED: 59,
  LRU_PERCENTAGES: 60,
  LRU_FACTORS: 61,
  CRAWLER_DISABLED: 62,
  CRAWLER_BUSY: 63,
  CRAWLER_BAD_CLASS: 64,
  CRAWLER_NOT_STARTED: 65,
  CRAWLER_ERROR: 66,
  CRAWLER_START_FAILED: 67,
  CRAWLER_STOP_FAILED: 68,
  CRAWLER_LOCKED: 69,
  CRAWLER_SLEEP: 70,
  METADUMP_NOT_ALLOWED: 71,
  METADUMP_PIPELINED: 72,
  MGDUMP_NOT_ALLOWED: 73,
  MGDUMP_PIPELINED: 74,
  WATCH_NOT_ALLOWED: 75,
  WATCH_PIPELINED: 76,
  WATCHER_TOO_MANY: 77,
  WATCHER_FAILED: 78,
  TLS_NOT_ENABLED: 79,
  TOO_MANY_CONNECTIONS: 80,
  /** All that 1.6.45 sends of the error when a get or gets with a too long first key ends in noreply. */
  EMPTY_LINE: 81,
  /** Shoal's own: a client asks a managed node to store or delete a discovery configuration. */
  CONFIG_MANAGED: 82,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

const WORDINGS: Readonly<Record<keyof typeof Status, string>> = {
  NONE: '',
  OK: 'OK',
  ERROR: 'ERROR',
  END: 'END',
  STORED: 'STORED',
  NOT_STORED: 'NOT_STORED',
  EXISTS: 'EXISTS',
  NOT_FOUND: 'NOT_FOUND',
  DELETED: 'DELETED',
  TOUCHED: 'TOUCHED',
  RESET: 'RESET',
  VERSION: `VERSION ${VERSION}`,
  META_HIT: 'HD',
  META_MISS: 'EN',
  META_NOT_FOUND: 'NF',
  META_NOT_STORED: 'NS',
  META_EXISTS: 'EX',
  META_NOOP: 'MN',
  BAD_FORMAT: 'CLIENT_ERROR bad command line format',
  BAD_FORMAT_IN_GET: 'CLIENT_ERROR bad command line format\r\n',
  BAD_LINE: 'CLIENT_ERROR bad command line',
  BAD_DATA_CHUNK: 'CLIENT_ERROR bad data chunk',
  INVALID_EXPTIME: 'CLIENT_ERROR invalid exptime argument',
  INVALID_DELTA: 'CLIENT_ERROR invalid numeric delta argument',
  NON_NUMERIC: 'CLIENT_ERROR cannot increment or decrement non-numeric value',
  BAD_TOKEN: 'CLIENT_ERROR bad token in command line format',
  DUPLICATE_FLAG: 'CLIENT_ERROR duplicate flag',
  INVALID_FLAG: 'CLIENT_ERROR invalid flag',
  INVALID_OR_DUPLICATE_FLAG: 'CLIENT_ERROR invalid or duplicate flag',
  TOO_MANY_FLAGS: 'CLIENT_ERROR options flags are too long',
  BAD_BASE64_KEY: 'CLIENT_ERROR error decoding key',
  OPAQUE_TOO_LONG: 'CLIENT_ERROR opaque token too long',
  INVALID_SET_MODE: 'CLIENT_ERROR invalid mode for ms M token',
  INVALID_ARITHMETIC_MODE: 'CLIENT_ERROR invalid mode for ma M token',
  INVALID_INITIAL: 'CLIENT_ERROR invalid numeric initial value',
  INVALID_META_DELTA: 'CLIENT_ERROR invalid numeric delta value',
  TOO_LARGE: 'SERVER_ERROR object too large for cache',
  NO_MEMORY: 'SERVER_ERROR out of memory',
  NO_MEMORY_STORING: 'SERVER_ERROR out of memory storing object',
  NO_MEMORY_READING: 'SERVER_ERROR Out of memory during read',
  NO_MEMORY_NEW_ITEM: 'SERVER_ERROR Out of memory allocating new item',
  NO_MEMORY_GET: 'SERVER_ERROR out of memory writing get response',
  NO_MEMORY_STATS: 'SERVER_ERROR out of memory writing stats',
  NO_MEMORY_REQUEST: 'SERVER_ERROR out of memory reading request',
  FLUSH_NOT_ALLOWED: 'CLIENT_ERROR flush_all not allowed',
  SHUTDOWN_NOT_ENABLED: 'SERVER_ERROR: shutdown not enabled',
  INVALID_SHUTDOWN_MODE: 'CLIENT_ERROR invalid shutdown mode',
  STATS_DETAIL_USAGE: 'CLIENT_ERROR usage: stats detail on|off|dump',
  STATS_DETAIL_NOT_ALLOWED: 'CLIENT_ERROR stats detail not allowed',
  CACHEDUMP_NOT_ALLOWED: 'CLIENT_ERROR stats cachedump not allowed',
  ILLEGAL_SLAB_ID: 'CLIENT_ERROR Illegal slab id',
  SLAB_REASSIGN_DISABLED: 'CLIENT_ERROR slab reassignment disabled',
  REASSIGN_BUSY: 'BUSY currently processing reassign request',
  REASSIGN_BAD_CLASS: 'BADCLASS invalid src or dst class id',
  REASSIGN_NO_SPARE: 'NOSPARE source class has no spare pages',
  REASSIGN_SAME: 'SAME src and dst class are identical',
  AUTOMOVE_WINDOW: 'CLIENT_ERROR automove window too low or too high',
  MEMLIMIT_TOO_SMALL: 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m',
  MEMLIMIT_NOT_BYTES: 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes',
  MEMLIMIT_FAILED: 'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust',
  LRU_PERCENTAGES: 'ERROR hot and warm pcts must not exceed 80',
  LRU_FACTORS: 'ERROR hot/warm age factors must be greater than 0',
  CRAWLER_DISABLED: 'CLIENT_ERROR lru crawler disabled',
  CRAWLER_BUSY: 'BUSY currently processing crawler request',
  CRAWLER_BAD_CLASS: 'BADCLASS invalid class id',
  CRAWLER_NOT_STARTED: 'NOTSTARTED no items to crawl',
  CRAWLER_ERROR: 'ERROR an unknown error happened',
  CRAWLER_START_FAILED: 'ERROR failed to start lru crawler thread',
  CRAWLER_STOP_FAILED: 'ERROR failed to stop lru crawler thread',
  CRAWLER_LOCKED: 'ERROR locked try again later',
  CRAWLER_SLEEP: 'CLIENT_ERROR sleep must be one second or less',
  METADUMP_NOT_ALLOWED: 'ERROR metadump not allowed',
  METADUMP_PIPELINED: 'ERROR cannot pipeline other commands before metadump',
  MGDUMP_NOT_ALLOWED: 'ERROR key dump not allowed',
  MGDUMP_PIPELINED: 'ERROR cannot pipeline other commands before mgdump',
  WATCH_NOT_ALLOWED: 'CLIENT_ERROR watch commands not allowed',
  WATCH_PIPELINED: 'ERROR cannot pipeline other commands before watch',
  WATCHER_TOO_MANY: 'WATCHER_TOO_MANY log watcher limit reached',
  WATCHER_FAILED: 'WATCHER_FAILED failed to add log watcher',
  TLS_NOT_ENABLED: 'Error TLS not enabled',
  TOO_MANY_CONNECTIONS: 'ERROR Too many open connections',
  EMPTY_LINE: '',
  CONFIG_MANAGED: 'CLIENT_ERROR config is managed by the pool',
};

/** The bytes of an ASCII constant. For tables built at load time, never on the data path. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** The reply line of each `Status`, CR LF included; empty for NONE. */
export const STATUS_LINES: readonly Uint8Array[] = encodeLines();

/** Length of each line, and its first eight bytes as two little-endian words: the lines of the data path are no longer than that. */
export const STATUS_LINE_BYTES: Uint8Array = Uint8Array.from(STATUS_LINES, ({ length }) => length);
export const STATUS_LINE_WORDS: Int32Array = Int32Array.from({ length: 2 * STATUS_LINES.length }, (_, word) =>
  littleEndianWord(STATUS_LINES[word >> 1], 4 * (word & 1)),
);

function littleEndianWord(line: Uint8Array, at: number): number {
  return (line[at] ?? 0) | ((line[at + 1] ?? 0) << 8) | ((line[at + 2] ?? 0) << 16) | ((line[at + 3] ?? 0) << 24);
}

function encodeLines(): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (const name of Object.keys(Status) as (keyof typeof Status)[]) {
    lines[Status[name]] = ascii(name === 'NONE' ? '' : `${WORDINGS[name]}\r\n`);
  }
  return lines;
}

/** Status field of a binary response (protocol_binary.h). */
export const BinaryStatus = {
  SUCCESS: 0x00,
  KEY_NOT_FOUND: 0x01,
  KEY_EXISTS: 0x02,
  TOO_LARGE: 0x03,
  INVALID_ARGUMENTS: 0x04,
  NOT_STORED: 0x05,
  NON_NUMERIC: 0x06,
  AUTH_ERROR: 0x20,
  UNKNOWN_COMMAND: 0x81,
  NO_MEMORY: 0x82,
} as const;
export type BinaryStatus = (typeof BinaryStatus)[keyof typeof BinaryStatus];

const BINARY_WORDINGS: Readonly<Record<keyof typeof BinaryStatus, string>> = {
  SUCCESS: '',
  KEY_NOT_FOUND: 'Not found',
  KEY_EXISTS: 'Data exists for key.',
  TOO_LARGE: 'Too large.',
  INVALID_ARGUMENTS: 'Invalid arguments',
  NOT_STORED: 'Not stored.',
  NON_NUMERIC: 'Non-numeric server-side value for incr or decr',
  AUTH_ERROR: 'Auth failure.',
  UNKNOWN_COMMAND: 'Unknown command',
  NO_MEMORY: 'Out of memory',
};

/** Body of the error response for each `BinaryStatus`; empty for codes that memcached never sends. */
export const BINARY_TEXTS: readonly Uint8Array[] = encodeBinaryTexts();

function encodeBinaryTexts(): Uint8Array[] {
  const texts = new Array<Uint8Array>(BinaryStatus.NO_MEMORY + 1).fill(new Uint8Array(0));
  for (const name of Object.keys(BinaryStatus) as (keyof typeof BinaryStatus)[]) {
    texts[BinaryStatus[name]] = ascii(BINARY_WORDINGS[name]);
  }
  return texts;
}

/** Texts that replace the usual one of NO_MEMORY, by what ran out (out_of_memory() in memcached.c and proto_bin.c). */
export const BINARY_NO_MEMORY_ITEM: Uint8Array = ascii('Out of memory allocating item');
export const BINARY_NO_MEMORY_NEW_ITEM: Uint8Array = ascii('Out of memory allocating new item');
export const BINARY_NO_MEMORY_INCREMENT: Uint8Array = ascii('Out of memory incrementing value');
export const BINARY_NO_MEMORY_READING: Uint8Array = ascii('Out of memory during read');
export const BINARY_NO_MEMORY_STATS: Uint8Array = ascii('Out of memory generating stats');

/** Shoal's own text of an AUTH_ERROR: see Status.CONFIG_MANAGED. */
export const BINARY_CONFIG_MANAGED: Uint8Array = ascii('Config is managed by the pool');

/** Body of the binary version response. */
export const BINARY_VERSION: Uint8Array = ascii(VERSION);
