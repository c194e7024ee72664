/**
 * What a store is made with. The server validates its own flags at its door; this file only fills in
 * defaults (memcached 1.6.45's) and refuses what would break the arena, naming all problems at once.
 */
import { PAGE_BYTES, SEGMENT_BYTES, SEGMENTS_MAX } from './layout.js';

export interface StoreOptions {
  /** Bytes for items, `-m`. */
  memoryLimitBytes: number;
  /** Address space kept for a limit raised later; memory is only used when touched. Default: twice the limit, at least 128 MiB more. */
  reserveBytes: number;
  /** Largest accounted item, `-I`. */
  itemSizeMaxBytes: number;
  /** Items above this are kept in several chunks, `-o slab_chunk_max`. */
  slabChunkMaxBytes: number;
  /** `-f`. */
  growthFactor: number;
  /** Smallest space for key, value and flags, `-n`. */
  minSizeBytes: number;
  /** Buckets at the start: 2 to this power, `-o hashpower`; 0 means 16. */
  hashPower: number;
  hashAlgorithm: HashAlgorithm;
  /** False with `-C`. */
  casEnabled: boolean;
  /** False with `-M`: a full store refuses instead of evicting. */
  evictions: boolean;
  /** Hot, warm and cold queues; false: one queue a class. */
  segmented: boolean;
  /** A maintainer moves items between queues and crawls, `-o lru_maintainer`. */
  maintainer: boolean;
  hotPercent: number;
  warmPercent: number;
  hotMaxFactor: number;
  warmMaxFactor: number;
  /** Items that live at most this many seconds go to the temporary queue; -1: no such queue. */
  temporaryTtlSeconds: number;
  crawler: boolean;
  crawlerSleepUs: number;
  /** Items to check a class and crawl; 0: all. */
  crawlerItemsMax: number;
  slabReassign: boolean;
  /** 0 off, 1 on, 2 at every eviction. */
  slabAutomove: number;
  slabAutomoveRatio: number;
  slabAutomoveWindow: number;
  trackSizes: boolean;
  /** Threads that will attach, each with a row of counters. */
  rows: number;
  /** The processor may pass loads by each other (arm64). True is right everywhere and a little slower; x86 needs it not. */
  isWeaklyOrdered: boolean;
  /** Mixed into every hash, against keys chosen to collide. */
  hashSeed: number;
  /** Bytes that count as taken from the start (memcached's T_MEMD_INITIAL_MALLOC). */
  initialTakenBytes: number;
}

export const HashAlgorithm = { JENKINS: 'jenkins', MURMUR3: 'murmur3' } as const;
export type HashAlgorithm = (typeof HashAlgorithm)[keyof typeof HashAlgorithm];

export const STORE_DEFAULTS: StoreOptions = {
  memoryLimitBytes: 64 * PAGE_BYTES,
  reserveBytes: 0,
  itemSizeMaxBytes: PAGE_BYTES,
  slabChunkMaxBytes: PAGE_BYTES / 2,
  growthFactor: 1.25,
  minSizeBytes: 48,
  hashPower: 0,
  hashAlgorithm: HashAlgorithm.MURMUR3,
  casEnabled: true,
  evictions: true,
  segmented: true,
  maintainer: true,
  hotPercent: 20,
  warmPercent: 40,
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  temporaryTtlSeconds: -1,
  crawler: true,
  crawlerSleepUs: 100,
  crawlerItemsMax: 0,
  slabReassign: true,
  slabAutomove: 1,
  slabAutomoveRatio: 0.8,
  slabAutomoveWindow: 10,
  trackSizes: false,
  rows: 3,
  isWeaklyOrdered: true,
  hashSeed: 0,
  initialTakenBytes: 0,
};

/** The options as asked, defaults filled in; throws one RangeError that names every problem. */
export function completeStoreOptions(asked: Partial<StoreOptions>): StoreOptions {
  const options: StoreOptions = { ...STORE_DEFAULTS, ...asked };
  if (options.reserveBytes === 0) {
    options.reserveBytes = Math.max(2 * options.memoryLimitBytes, options.memoryLimitBytes + 128 * PAGE_BYTES);
  }
  const addressable = SEGMENTS_MAX * SEGMENT_BYTES - 128 * PAGE_BYTES;
  options.reserveBytes = Math.min(options.reserveBytes, addressable);
  const problems = [];
  if (!(options.memoryLimitBytes > 0 && options.memoryLimitBytes <= addressable)) {
    problems.push(`memoryLimitBytes is ${options.memoryLimitBytes}, allowed are 1 to ${addressable}`);
  }
  if (PAGE_BYTES % options.slabChunkMaxBytes !== 0) {
    problems.push(`slabChunkMaxBytes is ${options.slabChunkMaxBytes}, allowed are divisors of ${PAGE_BYTES}`);
  }
  if (!(options.growthFactor > 1))
    problems.push(`growthFactor is ${options.growthFactor}, allowed are numbers above 1`);
  if (!(options.minSizeBytes >= 1)) problems.push(`minSizeBytes is ${options.minSizeBytes}, allowed are 1 and above`);
  if (options.hashPower !== 0 && !(options.hashPower >= 12 && options.hashPower <= 28)) {
    problems.push(`hashPower is ${options.hashPower}, allowed are 0 and 12 to 28`);
  }
  if (problems.length > 0) throw new RangeError(`Cannot make the store: ${problems.join('; ')}`);
  return options;
}
