/**
 * The words of the arena that all threads share besides the items: what each index means.
 *
 * `Control` words are int32 and change atomically or under the lock named beside them. `Tuning` words
 * are doubles, set by an operator's command and read by everybody without a lock: a reader may see the
 * old value a moment longer, which is all that memcached promises too.
 */
import { CLASSES_MAX, QUEUES } from './layout.js';

export const Control = {
  /** Seconds since start; written by the clock's one writer. */
  NOW: 0,
  /** Items last touched before this second are flushed; 0: none. Never in the future. */
  FLUSH_TIME: 3,
  FLUSH_GENERATION: 4,
  /** Active buckets of the table; grows by one a split, under the split lock. */
  BUCKETS: 5,
  /** Pages ever taken from the segments; under the page lock. */
  PAGES_TOUCHED: 6,
  /** Pages in the global pool, which count as allocated; under the page lock. */
  PAGES_POOLED: 7,
  /** Pages given back after the limit fell, which do not count; under the page lock. */
  PAGES_RELEASED: 8,
  /** Page being drained by the mover, 0: none; under the class lock of its class. */
  DRAIN_PAGE: 9,
  /** A request to move a page, put by `slabs reassign`, taken by the mover; under the page lock. */
  REASSIGN_PENDING: 10,
  REASSIGN_SOURCE: 11,
  REASSIGN_DESTINATION: 12,
  /** Requests to the crawler: state (see crawler.ts), low and high half of the class mask; under the crawler lock. */
  CRAWL_STATE: 13,
  CRAWL_CLASSES_LOW: 14,
  CRAWL_CLASSES_HIGH: 15,
  /** Second at which a delayed flush comes into force, 0: none waits; atomic. */
  FLUSH_PENDING: 17,
  /** Further flushes in second FLUSH_TIME; atomic. */
  FLUSH_REPEATS: 18,
  // What stores write lies in cache lines of its own, two lines apart from what every get reads.
  /** Items, for the table's growth: counted in batches by each thread; atomic. */
  ITEMS: 32,
  /** CAS unique handed out last, by every store; atomic. */
  CAS_LOW: 48,
  CAS_HIGH: 49,
} as const;
export const CONTROL_WORDS = 64;

export const Tuning = {
  MEMORY_LIMIT_BYTES: 0,
  /** Bytes of pages handed to classes or waiting in the pool; under the page lock. */
  TAKEN_BYTES: 1,
  SEGMENTED: 2,
  HOT_PERCENT: 3,
  WARM_PERCENT: 4,
  HOT_MAX_FACTOR: 5,
  WARM_MAX_FACTOR: 6,
  TEMPORARY_TTL_SECONDS: 7,
  CRAWLER_ENABLED: 8,
  CRAWLER_SLEEP_US: 9,
  CRAWLER_ITEMS_MAX: 10,
  AUTOMOVE: 11,
  AUTOMOVE_RATIO: 12,
  AUTOMOVE_WINDOW: 13,
} as const;
export type Tuning = (typeof Tuning)[keyof typeof Tuning];
export const TUNING_WORDS = 32;

/** One row of int32 words a size class, changed under the class lock. */
export const ClassWord = {
  LOCK: 0,
  FREE_HEAD: 1,
  FREE_COUNT: 2,
  /** Next never-used chunk of the newest page, and how many such chunks are left. */
  FRESH_REF: 3,
  FRESH_COUNT: 4,
  PAGES: 5,
  USED_COUNT: 6,
  /** Items ever linked, modulo 2^32: tells the maintainer how much there is to do. */
  LINKED: 7,
} as const;
/** A row is a cache line, so that workers busy in two classes do not disturb each other. */
export const CLASS_WORDS = 16;

/** One row of int32 words an LRU queue, changed under the class lock. */
export const QueueWord = { HEAD: 0, TAIL: 1, COUNT: 2 } as const;
export const QUEUE_WORDS = 4;

/** One row of doubles an LRU queue, changed under the class lock: memcached's itemstats. */
export const QueueCounter = {
  BYTES: 0,
  EVICTED: 1,
  EVICTED_NONZERO: 2,
  EVICTED_TIME: 3,
  OUT_OF_MEMORY: 4,
  RECLAIMED: 5,
  EXPIRED_UNFETCHED: 6,
  EVICTED_UNFETCHED: 7,
  EVICTED_ACTIVE: 8,
  CRAWLER_RECLAIMED: 9,
  CRAWLER_ITEMS_CHECKED: 10,
  TAIL_LOCKED: 11,
  MOVES_TO_COLD: 12,
  MOVES_TO_WARM: 13,
  MOVES_WITHIN_LRU: 14,
  DIRECT_RECLAIMS: 15,
} as const;
export type QueueCounter = (typeof QueueCounter)[keyof typeof QueueCounter];
export const QUEUE_COUNTERS = 16;

/** Locks that are not a stripe nor a class. */
export const GlobalLock = { PAGES: 0, SPLIT: 1, CRAWLER: 2 } as const;
/** Spread over cache lines. */
export const GLOBAL_LOCK_STRIDE = 16;
export const GLOBAL_LOCK_WORDS = 3 * GLOBAL_LOCK_STRIDE;

export const CLASS_TABLE_WORDS = CLASSES_MAX * CLASS_WORDS;
export const QUEUE_TABLE_WORDS = QUEUES * QUEUE_WORDS;
export const QUEUE_TABLE_COUNTERS = QUEUES * QUEUE_COUNTERS;
