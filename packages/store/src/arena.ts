/**
 * The shared memory of one server: made once by the main thread, attached to by every thread.
 *
 * An `Arena` is a plain object of SharedArrayBuffers and the options, so it travels in `workerData`.
 * `ArenaViews` are one thread's typed arrays over it. Pages lie in segments of at most 1 GiB, because
 * Node.js 20 cannot make a buffer above 4 GiB and indexes past 2^30 stop being small integers. Memory
 * is touched lazily: a large limit costs nothing until items fill it.
 */
import {
  CLASS_TABLE_WORDS,
  CONTROL_WORDS,
  Control,
  GLOBAL_LOCK_WORDS,
  QUEUE_TABLE_COUNTERS,
  QUEUE_TABLE_WORDS,
  TUNING_WORDS,
  Tuning,
} from './control.js';
import { CLASS_COUNTERS, CounterTable, STORE_COUNTERS } from './counters.js';
import { CLASS_NUMBERS, CLASSES_MAX, PAGE_BYTES, SEGMENT_BYTES, SEGMENTS_MAX } from './layout.js';
import { completeStoreOptions, type StoreOptions } from './options.js';

/** Entries of the histogram of item sizes, 32 bytes each, up to 1 MiB; larger items count in the last. */
export const SIZE_BUCKETS = 32769;
const STRIPES = 4096;
/** The first item's CAS unique is 2, as memcached's. */
const CAS_START = 1;
const HASH_POWER_DEFAULT = 16;
/** Below this many bytes no item is ever smaller: bounds how many buckets the table can need. */
const ITEM_BYTES_MIN = 48;

export interface Arena {
  readonly options: StoreOptions;
  readonly segments: readonly SharedArrayBuffer[];
  readonly table: SharedArrayBuffer;
  readonly stripes: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly tuning: SharedArrayBuffer;
  readonly globalLocks: SharedArrayBuffer;
  readonly classes: SharedArrayBuffer;
  readonly queues: SharedArrayBuffer;
  readonly queueCounters: SharedArrayBuffer;
  /** A byte a page: the class it belongs to, 0 for none. */
  readonly pageClasses: SharedArrayBuffer;
  /** A stack of pooled pages from the bottom, of released pages from the top. */
  readonly pageStack: SharedArrayBuffer;
  readonly sizes: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
}

/** Pages the arena has room for: the reserve, and one page a class beyond it, as memcached gives. Page 0 stays unused, so that reference 0 is none. */
function pageCapacity(options: StoreOptions): number {
  return Math.ceil(options.reserveBytes / PAGE_BYTES) + CLASS_NUMBERS + 1;
}

function allocateSegments(bytes: number): SharedArrayBuffer[] {
  const segments = [];
  for (let left = bytes; left > 0; left -= SEGMENT_BYTES) {
    segments.push(new SharedArrayBuffer(Math.min(left, SEGMENT_BYTES)));
  }
  return segments;
}

/** Buckets the table may grow to, a power of two: 1.5 items a bucket when the arena is full of the smallest items. */
function bucketCapacity(options: StoreOptions): number {
  const items = (pageCapacity(options) * PAGE_BYTES) / ITEM_BYTES_MIN;
  const power = Math.ceil(Math.log2(items / 1.5));
  return 2 ** Math.min(28, Math.max(power, options.hashPower || HASH_POWER_DEFAULT));
}

/** Makes the memory of a store. Throws RangeError for options that cannot be, and what SharedArrayBuffer throws when memory is short. */
export function createArena(asked: Partial<StoreOptions>): Arena {
  const options = completeStoreOptions(asked);
  const pages = pageCapacity(options);
  const arena: Arena = {
    options,
    segments: allocateSegments(pages * PAGE_BYTES),
    table: new SharedArrayBuffer(bucketCapacity(options) * 4),
    stripes: new SharedArrayBuffer(STRIPES * 4),
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    tuning: new SharedArrayBuffer(TUNING_WORDS * 8),
    globalLocks: new SharedArrayBuffer(GLOBAL_LOCK_WORDS * 4),
    classes: new SharedArrayBuffer(CLASS_TABLE_WORDS * 4),
    queues: new SharedArrayBuffer(QUEUE_TABLE_WORDS * 4),
    queueCounters: new SharedArrayBuffer(QUEUE_TABLE_COUNTERS * 8),
    pageClasses: new SharedArrayBuffer(pages),
    pageStack: new SharedArrayBuffer(pages * 4),
    sizes: new SharedArrayBuffer(options.trackSizes ? SIZE_BUCKETS * 4 : 4),
    counters: CounterTable.allocate(STORE_COUNTERS + CLASSES_MAX * CLASS_COUNTERS, options.rows),
  };
  initialize(arena);
  return arena;
}

function initialize(arena: Arena): void {
  const { options } = arena;
  const control = new Int32Array(arena.control);
  control[Control.BUCKETS] = 2 ** (options.hashPower || HASH_POWER_DEFAULT);
  control[Control.PAGES_TOUCHED] = 1;
  control[Control.CAS_LOW] = CAS_START;
  const tuning = new Float64Array(arena.tuning);
  tuning[Tuning.MEMORY_LIMIT_BYTES] = options.memoryLimitBytes;
  tuning[Tuning.TAKEN_BYTES] = options.initialTakenBytes;
  tuning[Tuning.SEGMENTED] = Number(options.segmented);
  tuning[Tuning.HOT_PERCENT] = options.hotPercent;
  tuning[Tuning.WARM_PERCENT] = options.warmPercent;
  tuning[Tuning.HOT_MAX_FACTOR] = options.hotMaxFactor;
  tuning[Tuning.WARM_MAX_FACTOR] = options.warmMaxFactor;
  tuning[Tuning.TEMPORARY_TTL_SECONDS] = options.temporaryTtlSeconds;
  tuning[Tuning.CRAWLER_ENABLED] = Number(options.crawler);
  tuning[Tuning.CRAWLER_SLEEP_US] = options.crawlerSleepUs;
  tuning[Tuning.CRAWLER_ITEMS_MAX] = options.crawlerItemsMax;
  tuning[Tuning.AUTOMOVE] = options.slabAutomove;
  tuning[Tuning.AUTOMOVE_RATIO] = options.slabAutomoveRatio;
  tuning[Tuning.AUTOMOVE_WINDOW] = options.slabAutomoveWindow;
}

/** Makes the view of a segment through which blocks of bytes are copied; see docs/memory-layout.md, "Copying". */
export type SegmentBytes = (segment: SharedArrayBuffer) => Uint8Array;

/** One thread's typed arrays over an arena. `words` and `bytes` have an entry for every segment a reference can name. */
export class ArenaViews {
  readonly words: Int32Array[];
  readonly bytes: Uint8Array[];
  readonly table: Int32Array;
  readonly stripes: Int32Array;
  readonly control: Int32Array;
  readonly tuning: Float64Array;
  readonly globalLocks: Int32Array;
  readonly classes: Int32Array;
  readonly queues: Int32Array;
  readonly queueCounters: Float64Array;
  readonly pageClasses: Uint8Array;
  readonly pageStack: Int32Array;
  readonly sizes: Int32Array;

  constructor(arena: Arena, bytesOver: SegmentBytes = (segment) => new Uint8Array(segment)) {
    this.words = forEveryReference(arena.segments.map((segment) => new Int32Array(segment)));
    this.bytes = forEveryReference(arena.segments.map(bytesOver));
    this.table = new Int32Array(arena.table);
    this.stripes = new Int32Array(arena.stripes);
    this.control = new Int32Array(arena.control);
    this.tuning = new Float64Array(arena.tuning);
    this.globalLocks = new Int32Array(arena.globalLocks);
    this.classes = new Int32Array(arena.classes);
    this.queues = new Int32Array(arena.queues);
    this.queueCounters = new Float64Array(arena.queueCounters);
    this.pageClasses = new Uint8Array(arena.pageClasses);
    this.pageStack = new Int32Array(arena.pageStack);
    this.sizes = new Int32Array(arena.sizes);
  }

  /** Pages the arena has room for, the unused page 0 included. */
  get pageCapacity(): number {
    return this.pageClasses.length;
  }
}

/** Views of segments that do not exist are those of the first: a torn reference reads something, and is found out. */
function forEveryReference<View>(views: readonly View[]): View[] {
  return Array.from({ length: SEGMENTS_MAX }, (_, index) => views[index] ?? views[0]);
}
