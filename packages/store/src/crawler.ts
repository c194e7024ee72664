/**
 * The crawler: walks the whole table in bounded steps and frees what is dead.
 *
 * Run by maintenance, on its own schedule (`AutoCrawl`) or because somebody asked (`lru_crawler crawl`).
 * One walk serves all classes that are due. A bucket is looked at under its stripe. The table may grow
 * meanwhile: an item whose bucket is split is then seen twice at most, never missed.
 */
import { Control, GlobalLock, QueueCounter, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { StoreCounter } from './counters.js';
import { CLASS_NUMBER_MASK, CLASSES_MAX, EXPTIME, HASH_NEXT, ItemMark } from './layout.js';

/** The word `Control.CRAWL_STATE`. */
export const CrawlState = { IDLE: 0, REQUESTED: 1, RUNNING: 2 } as const;

/** Minutes of the histogram of remaining lifetimes. */
export const LIFETIME_MINUTES = 60;

/** What one walk saw of a class. */
export interface CrawlFindings {
  seen: number;
  withoutExpiry: number;
  reclaimed: number;
  /** Items that expire within minute n from now. */
  lifetimes: number[];
}

function noFindings(): CrawlFindings {
  return { seen: 0, withoutExpiry: 0, reclaimed: 0, lifetimes: new Array<number>(LIFETIME_MINUTES).fill(0) };
}

export class Crawler {
  readonly #core: StoreCore;
  /** Next bucket; -1 while no walk is under way. */
  #bucket = -1;
  #classes: boolean[] = [];
  #itemsMax = 0;
  findings: CrawlFindings[] = [];

  constructor(core: StoreCore) {
    this.#core = core;
  }

  get isRunning(): boolean {
    return this.#bucket !== -1;
  }

  /** Begins a walk over the classes set in `classes`, and over those that a command has asked for meanwhile. */
  start(classes: readonly boolean[]): void {
    const asked = this.#takeAsked();
    this.#bucket = 0;
    this.#classes = asked.map((isAsked, id) => isAsked || classes[id] === true);
    this.#itemsMax = this.#core.views.tuning[Tuning.CRAWLER_ITEMS_MAX];
    this.findings = Array.from({ length: CLASSES_MAX }, noFindings);
    this.#core.counters[StoreCounter.CRAWLER_STARTS] += new Set(
      this.#classes.flatMap((isDue, id) => (isDue ? [id & CLASS_NUMBER_MASK] : [])),
    ).size;
  }

  /** The classes of a request that waits, if any; from here on requests are refused until the walk ends. */
  #takeAsked(): boolean[] {
    const { globals, views } = this.#core;
    const { control } = views;
    globals.lock(GlobalLock.CRAWLER);
    const isAsked = control[Control.CRAWL_STATE] === CrawlState.REQUESTED;
    const low = isAsked ? control[Control.CRAWL_CLASSES_LOW] : 0;
    const high = isAsked ? control[Control.CRAWL_CLASSES_HIGH] : 0;
    control[Control.CRAWL_STATE] = CrawlState.RUNNING;
    globals.unlock(GlobalLock.CRAWLER);
    return Array.from({ length: CLASSES_MAX }, (_, id) => isInMask(id & CLASS_NUMBER_MASK, low, high));
  }

  /** Starts the walk that a command asked for, if any. */
  takeRequest(): void {
    if (this.isRunning || this.#core.views.control[Control.CRAWL_STATE] !== CrawlState.REQUESTED) return;
    this.start([]);
  }

  /** Looks at `buckets` buckets; true while there is more to do. */
  step(buckets: number): boolean {
    const { table, views } = this.#core;
    const end = Math.min(this.#bucket + buckets, table.buckets);
    for (; this.#bucket < end; this.#bucket++) this.#crawlBucket(this.#bucket);
    if (this.#bucket < table.buckets) return true;
    this.#bucket = -1;
    views.control[Control.CRAWL_STATE] = CrawlState.IDLE;
    return false;
  }

  #crawlBucket(bucket: number): void {
    const { stripes, items, table } = this.#core;
    if (table.head(bucket) === 0) return;
    stripes.lock(bucket);
    for (let ref = table.head(bucket); ref !== 0; ) {
      const next = items.get(ref, HASH_NEXT);
      const id = items.sizeClass(ref);
      const isDue = this.#classes[id] && (this.#itemsMax === 0 || this.findings[id].seen < this.#itemsMax);
      if (isDue) this.#crawlItemLocked(ref, id);
      ref = next;
    }
    stripes.unlock(bucket);
  }

  #crawlItemLocked(ref: number, id: number): void {
    const { items, queues, classLocks } = this.#core;
    const findings = this.findings[id];
    const isDead = this.#core.isDead(ref);
    const queue = items.queue(ref);
    findings.seen++;
    classLocks.lock(id);
    queues.add(queue, QueueCounter.CRAWLER_ITEMS_CHECKED, 1);
    if (isDead) {
      queues.add(queue, QueueCounter.CRAWLER_RECLAIMED, 1);
      if (!items.hasMark(ref, ItemMark.FETCHED)) queues.add(queue, QueueCounter.EXPIRED_UNFETCHED, 1);
    }
    classLocks.unlock(id);
    if (isDead) {
      findings.reclaimed++;
      this.#core.unlinkLocked(ref, items.hash(ref));
    } else {
      this.#recordLifetime(findings, items.get(ref, EXPTIME));
    }
  }

  #recordLifetime(findings: CrawlFindings, exptime: number): void {
    if (exptime === 0) {
      findings.withoutExpiry++;
      return;
    }
    // The clock may have moved on since the item was found alive.
    const minute = Math.max(0, Math.floor((exptime - this.#core.now()) / 60));
    if (minute < LIFETIME_MINUTES) findings.lifetimes[minute]++;
  }
}

/** Both halves of a class are crawled if its number is in the mask. */
function isInMask(number: number, low: number, high: number): boolean {
  return (((number < 32 ? low : high) >>> (number & 31)) & 1) === 1;
}

/** Asks for a walk over the classes of a 64-bit mask; false while one is under way. */
export function requestCrawl(core: StoreCore, classesLow: number, classesHigh: number): boolean {
  const { control } = core.views;
  core.globals.lock(GlobalLock.CRAWLER);
  const isIdle = control[Control.CRAWL_STATE] === CrawlState.IDLE;
  if (isIdle) {
    control[Control.CRAWL_CLASSES_LOW] = classesLow;
    control[Control.CRAWL_CLASSES_HIGH] = classesHigh;
    control[Control.CRAWL_STATE] = CrawlState.REQUESTED;
  }
  core.globals.unlock(GlobalLock.CRAWLER);
  return isIdle;
}
