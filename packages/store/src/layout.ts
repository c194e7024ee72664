/**
 * The bytes of the arena: how references, pages, chunks and items lie in memory.
 *
 * Everybody in this package reads it; nobody outside does. A reference is a 32-bit number in units
 * of 8 bytes (32 GiB a node, docs/decisions/0010-references-of-8-bytes.md), 0 means none. It is kept
 * as a signed int32, so that V8 never turns it into a double; treat it as opaque.
 *
 *   reference  31      27 26                            0
 *              [segment ] [offset in the segment / 8     ]      a segment is at most 1 GiB
 *
 * Every chunk of a page starts with four words whose fourth, the tag, tells what the chunk is, so the
 * page mover can walk a page without any other index.
 */

export const REF_UNIT_SHIFT = 3;
export const SEGMENT_SHIFT = 30;
export const SEGMENT_BYTES = 1 << SEGMENT_SHIFT;
/** Bits of a reference that lie inside its segment. */
export const REF_OFFSET_BITS = SEGMENT_SHIFT - REF_UNIT_SHIFT;
export const REF_OFFSET_MASK = (1 << REF_OFFSET_BITS) - 1;
/** Entries of the segment arrays: all a reference can name, so that a torn one still finds memory. */
export const SEGMENTS_MAX = 32;

export const PAGE_SHIFT = 20;
export const PAGE_BYTES = 1 << PAGE_SHIFT;
/** The units of 8 bytes in a page: `page << PAGE_REF_SHIFT` is the reference of its first byte. */
export const PAGE_REF_SHIFT = PAGE_SHIFT - REF_UNIT_SHIFT;

/** Size classes are numbered 1 to 63, as in memcached; 0 is the pool of free pages. */
export const CLASS_NUMBERS = 64;
/**
 * A class of small items has a lower half, with smaller chunks, pages and queues of its own (size-classes.ts): to this
 * package it is a class by itself, whose id has this bit and the number of the class it is half of.
 */
export const LOWER_HALF = CLASS_NUMBERS;
/** Ids of classes, lower halves included. */
export const CLASSES_MAX = 2 * CLASS_NUMBERS;
/** Four LRU queues a class; a queue's index is `lru << 7 | class`. */
export const QUEUES = 4 * CLASSES_MAX;
export const Lru = { HOT: 0, WARM: 1, COLD: 2, TEMP: 3 } as const;

/*
 * An item: ten words of header, the key padded to a word, four bytes of client flags if they are not
 * zero, the value. No CRLF behind it: replies add their own.
 *
 *   word 0  next item of the hash bucket          word 5  expiry, seconds since start, 0 = never
 *        1  neighbour towards the LRU head             6  last access, seconds since start
 *        2  neighbour towards the LRU tail             7  hash of the key
 *        3  tag                                        8  CAS unique, low half
 *        4  bytes of the value                         9  CAS unique, high half
 *
 *   tag   31        27 26           20 19   17 16         9 8    7 6        0
 *         [flush gen ] [marks         ] [kind ] [key bytes ] [lru ] [class   ]
 */
export const HASH_NEXT = 0;
export const LRU_PREV = 1;
export const LRU_NEXT = 2;
export const TAG = 3;
export const VALUE_BYTES = 4;
export const EXPTIME = 5;
export const ACCESS_TIME = 6;
export const HASH = 7;
export const CAS_LOW = 8;
export const CAS_HIGH = 9;
export const HEADER_WORDS = 10;
export const HEADER_BYTES = 4 * HEADER_WORDS;

export const CLASS_MASK = 0x7f;
/** The number of a class without its half, as users see it. */
export const CLASS_NUMBER_MASK = 0x3f;
export const LRU_SHIFT = 7;
/** Class and LRU together: the index of the item's queue. */
export const QUEUE_MASK = 0x1ff;
export const KEY_BYTES_SHIFT = 9;
export const KEY_BYTES_MASK = 0xff;

export const KIND_SHIFT = 17;
export const KIND_MASK = 7 << KIND_SHIFT;
/** What a chunk is. A chunk past the bump pointer of its page was never used and has no kind. */
export const Kind = {
  FREE: 1 << KIND_SHIFT,
  /** Handed out, not yet visible: a value is being received into it, or a reader still pins it. */
  RESERVED: 2 << KIND_SHIFT,
  LINKED: 3 << KIND_SHIFT,
  /** A piece of a chunked value. */
  BODY: 4 << KIND_SHIFT,
  /** Free, but of the page being drained: in no list. */
  DRAINED: 5 << KIND_SHIFT,
} as const;

/** Marks of an item; all change only under its stripe. */
export const ItemMark = {
  CHUNKED: 1 << 20,
  CLIENT_FLAGS: 1 << 21,
  FETCHED: 1 << 22,
  ACTIVE: 1 << 23,
  STALE: 1 << 24,
  /** The right to recache this item was given to a client (meta protocol's W). */
  WIN_SENT: 1 << 25,
  /** The key came base64-encoded (meta protocol's b). */
  KEY_BINARY: 1 << 26,
} as const;
export type ItemMark = (typeof ItemMark)[keyof typeof ItemMark];

/** Number of the flush during which the item was stored: tells same-second items apart. */
export const FLUSH_GENERATION_SHIFT = 27;
export const FLUSH_GENERATION_MASK = 0x1f;

/*
 * A free chunk: word 0 next free, word 1 previous free, word 3 the tag.
 * A body chunk:
 *   word 0  next body chunk       word 2  bytes of it that hold value
 *        1  the item it is of          3  tag (kind BODY, class)
 * A chunked item has, where a value would start: first body chunk, last body chunk, bytes written,
 * pins (readers that stream it), each one word.
 */
export const FREE_NEXT = 0;
export const FREE_PREV = 1;
export const BODY_NEXT = 0;
export const BODY_OWNER = 1;
export const BODY_USED = 2;
export const BODY_HEADER_BYTES = 16;
export const CHUNKED_FIRST = 0;
export const CHUNKED_LAST = 1;
export const CHUNKED_WRITTEN = 2;
export const CHUNKED_PINS = 3;
export const CHUNKED_WORDS = 4;

/** memcached's item header with and without CAS, and the NUL and CRLF it keeps: the accounting. */
export const ACCOUNTED_HEADER_BYTES = 48;
export const ACCOUNTED_CAS_BYTES = 8;
export const ACCOUNTED_ENDS_BYTES = 3;

/** Bytes of memory behind a class are smaller than its accounted size by what our header saves. */
export function savedBytes(casEnabled: boolean): number {
  return casEnabled ? 16 : 8;
}

export function alignWord(bytes: number): number {
  return (bytes + 3) & ~3;
}
