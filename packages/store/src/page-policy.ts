/**
 * Decides which class should give a page to which: the automover's policy, without the moving.
 *
 * Maintenance feeds it one snapshot a second; it answers a move or null, and touches nothing. The rules
 * are memcached's (doc of `slab_automove`): a class with much free memory that has been quiet for a whole
 * window gives a page to the pool; else, once a window has passed, a class whose items die young gives
 * way to none but takes from the one whose coldest items are oldest, if the ages differ by the ratio. One
 * rule is our own: a move is urgent where the ages are far apart, and then the next need not wait for its second.
 */
import { CLASSES_MAX } from './layout.js';

/** What a class looks like now; counters only ever grow. */
export interface ClassSnapshot {
  evicted: number;
  outOfMemory: number;
  /** Seconds since the last access of the item at the tail of cold. */
  ageSeconds: number;
  freeChunks: number;
  chunksPerPage: number;
  pages: number;
}

export interface PageMove {
  source: number;
  /** 0: the global pool. */
  destination: number;
}

interface WindowSlot {
  ageSeconds: number;
  evictedShare: number;
  isDirty: boolean;
  isEvicting: boolean;
}

interface WindowSum {
  ageSeconds: number;
  evictedShare: number;
  dirtySlots: number;
  evictingSlots: number;
}

/** Below this a class is no source for another class. */
const SOURCE_PAGES_MIN = 2;
/** Free pages a quiet class must have before it gives one up. */
const FREE_PAGES_MIN = 2.5;
/** Share of all evictions that makes a class the one in need. */
const EVICTED_SHARE_MIN = 0.25;
/** Times that the oldest items of one class must be older than those of another for a move to be urgent. */
const URGENT_RATIO = 2;
/** Part of a page that a class in urgent need may have free when it gets the next one. */
const URGENT_FREE_PART = 8;

const QUIET: WindowSlot = { ageSeconds: 0, evictedShare: 0, isDirty: false, isEvicting: false };

export class PagePolicy {
  readonly #windowSeconds: number;
  readonly #ratio: number;
  readonly #windows: WindowSlot[][];
  #before: readonly ClassSnapshot[];
  #seconds = 0;

  constructor(windowSeconds: number, ratio: number, start: readonly ClassSnapshot[]) {
    this.#windowSeconds = windowSeconds;
    this.#ratio = ratio;
    this.#before = start;
    this.#windows = Array.from({ length: CLASSES_MAX }, () => new Array<WindowSlot>(windowSeconds).fill(QUIET));
  }

  /** The move that is due now. `classes[id]` for ids from 1 on; `isFull`: all memory is taken. */
  decide(classes: readonly ClassSnapshot[], isFull: boolean): PageMove | null {
    this.#seconds++;
    this.#record(classes);
    const sums = this.#windows.map(sumOf);
    this.#before = classes;
    return (isFull ? this.#surplus(classes, sums) : null) ?? this.#imbalance(classes, sums);
  }

  #record(classes: readonly ClassSnapshot[]): void {
    const evictions = classes.map((now, id) => now.evicted - (this.#before[id]?.evicted ?? 0));
    const total = evictions.reduce((sum, count) => sum + count, 0);
    classes.forEach((now, id) => {
      const before = this.#before[id] ?? now;
      const isEvicting = evictions[id] > 0;
      this.#windows[id][this.#seconds % this.#windowSeconds] = {
        ageSeconds: now.ageSeconds,
        evictedShare: isEvicting ? evictions[id] / total : 0,
        isDirty: isEvicting || now.outOfMemory > before.outOfMemory || now.pages > before.pages,
        isEvicting,
      };
    });
  }

  /** A class with free pages that neither evicted, nor failed, nor grew during the window. */
  #surplus(classes: readonly ClassSnapshot[], sums: readonly WindowSum[]): PageMove | null {
    const source = classes.findIndex(
      (now, id) => id > 0 && now.freeChunks > now.chunksPerPage * FREE_PAGES_MIN && sums[id].dirtySlots === 0,
    );
    return source === -1 ? null : { source, destination: 0 };
  }

  #imbalance(classes: readonly ClassSnapshot[], sums: readonly WindowSum[]): PageMove | null {
    if (this.#seconds <= this.#windowSeconds) return null;
    let oldest = 0;
    let youngest = 0;
    const age = (id: number) => Math.floor(sums[id].ageSeconds / this.#windowSeconds);
    for (let id = 1; id < classes.length; id++) {
      if (classes[id].pages > SOURCE_PAGES_MIN && age(id) > (oldest === 0 ? 0 : age(oldest))) oldest = id;
      if (this.#isInNeed(sums[id]) && (youngest === 0 || age(id) < age(youngest))) youngest = id;
    }
    if (oldest === 0 || youngest === 0 || !this.#isEvictingNow(youngest)) return null;
    return age(youngest) < age(oldest) * this.#ratio ? { source: oldest, destination: youngest } : null;
  }

  #isInNeed(sum: WindowSum): boolean {
    return (
      sum.evictingSlots > Math.floor(this.#windowSeconds / 2) ||
      sum.evictedShare / this.#windowSeconds > EVICTED_SHARE_MIN
    );
  }

  #isEvictingNow(id: number): boolean {
    return this.#windows[id][this.#seconds % this.#windowSeconds].isEvicting;
  }
}

/**
 * Whether pages should follow each other as fast as the destination fills them: the traffic has turned from one size to
 * another. One page a second, right for ages that drift apart, would need a minute with `-m 64`.
 */
export function isUrgent(source: ClassSnapshot, destination: ClassSnapshot): boolean {
  return source.pages > SOURCE_PAGES_MIN && URGENT_RATIO * (destination.ageSeconds + 1) <= source.ageSeconds;
}

/** Whether a class in urgent need has filled the page before. */
export function isFilled(destination: ClassSnapshot): boolean {
  return URGENT_FREE_PART * destination.freeChunks <= destination.chunksPerPage;
}

function sumOf(window: readonly WindowSlot[]): WindowSum {
  const sum = { ageSeconds: 0, evictedShare: 0, dirtySlots: 0, evictingSlots: 0 };
  for (const slot of window) {
    sum.ageSeconds += slot.ageSeconds;
    sum.evictedShare += slot.evictedShare;
    sum.dirtySlots += Number(slot.isDirty);
    sum.evictingSlots += Number(slot.isEvicting);
  }
  return sum;
}
