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

/** What references can name, less room for one page a class above the limit. */
const ADDRESSABLE_BYTES = SEGMENTS_MAX * SEGMENT_BYTES - 128 * PAGE_BYTES;
/** Below this the header of a chunked item, with the longest key, would not fit its chunk. */
const CHUNK_MAX_BYTES_MIN = 1024;
/** memcached's bounds of `-I`. */
const ITEM_SIZE_MAX_BYTES = { min: 1024, max: 2 ** 30 };
const HASH_POWER = { min: 12, max: 28 };

interface Rule {
  readonly option: keyof StoreOptions;
  readonly allowed: string;
  holds(value: number): boolean;
}

function wholeNumber(option: keyof StoreOptions, { min, max }: { min: number; max: number }): Rule {
  return {
    option,
    allowed: max === Number.MAX_SAFE_INTEGER ? `${min} and above` : `${min} to ${max}`,
    holds: (value) => Number.isInteger(value) && value >= min && value <= max,
  };
}

/** What the layout of the arena rests on. */
const RULES: readonly Rule[] = [
  wholeNumber('memoryLimitBytes', { min: 1, max: ADDRESSABLE_BYTES }),
  wholeNumber('itemSizeMaxBytes', ITEM_SIZE_MAX_BYTES),
  {
    option: 'slabChunkMaxBytes',
    allowed: `divisors of ${PAGE_BYTES} from ${CHUNK_MAX_BYTES_MIN} on`,
    holds: (value) => value >= CHUNK_MAX_BYTES_MIN && PAGE_BYTES % value === 0,
  },
  { option: 'growthFactor', allowed: 'numbers above 1', holds: (value) => value > 1 },
  wholeNumber('minSizeBytes', { min: 1, max: Number.MAX_SAFE_INTEGER }),
  {
    option: 'hashPower',
    allowed: `0 and ${HASH_POWER.min} to ${HASH_POWER.max}`,
    holds: (value) => value === 0 || wholeNumber('hashPower', HASH_POWER).holds(value),
  },
  wholeNumber('slabAutomoveWindow', { min: 1, max: Number.MAX_SAFE_INTEGER }),
  wholeNumber('rows', { min: 1, max: Number.MAX_SAFE_INTEGER }),
];

/** The options as asked, defaults filled in; throws one RangeError that names every problem. */
export function completeStoreOptions(asked: Partial<StoreOptions>): StoreOptions {
  const options: StoreOptions = { ...STORE_DEFAULTS, ...asked };
  if (options.reserveBytes === 0) {
    options.reserveBytes = Math.max(2 * options.memoryLimitBytes, options.memoryLimitBytes + 128 * PAGE_BYTES);
  }
  options.reserveBytes = Math.min(options.reserveBytes, ADDRESSABLE_BYTES);
  const problems = RULES.filter(({ option, holds }) => !holds(options[option] as number)).map(
    ({ option, allowed }) => `${option} is ${options[option]}, allowed are ${allowed}`,
  );
  if (problems.length > 0) throw new RangeError(`Cannot make the store: ${problems.join('; ')}`);
  return options;
}
