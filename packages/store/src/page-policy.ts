/**
 * Decides which class should give a page to which: the automover's policy, without the moving.
 *
 * Maintenance feeds it one snapshot a second; it answers a move or null, and touches nothing. The rules
 * are memcached's (doc of `slab_automove`): a class with much free memory that has been quiet for a whole
 * window gives a page to the pool; else, once a window has passed, a class whose items die young gives
 * way to none but takes from the one whose coldest items are oldest, if the ages differ by the ratio. One
 * rule is our own: a move is urgent where the ages are far apart, and then the next need not wait for its second.
 */

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

/** What a class went through in one second, or the sum of that over a window. */
interface Course {
  ageSeconds: number;
  evictedShare: number;
  /** 1 if it evicted, failed or grew; a sum counts such seconds. */
  dirty: number;
  evicting: number;
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

/** The seconds of one class that count, as a ring, and what they add up to. */
class Window {
  readonly sum = noCourse();
  readonly #seconds: Course[];
  #at = 0;

  constructor(seconds: number) {
    this.#seconds = Array.from({ length: seconds }, noCourse);
  }

  get isEvictingNow(): boolean {
    return this.#seconds[this.#at].evicting === 1;
  }

  /** Takes the place of the oldest second, so that a second costs the same however long the window is. */
  record(ageSeconds: number, evictedShare: number, dirty: number): void {
    const { sum } = this;
    // An unused class, as most are: one zero more in the place of another.
    if (ageSeconds === 0 && dirty === 0 && sum.ageSeconds === 0 && sum.dirty === 0) return;
    this.#at = (this.#at + 1) % this.#seconds.length;
    const second = this.#seconds[this.#at];
    const evicting = Number(evictedShare > 0);
    sum.ageSeconds += ageSeconds - second.ageSeconds;
    sum.dirty += dirty - second.dirty;
    sum.evicting += evicting - second.evicting;
    sum.evictedShare += evictedShare - second.evictedShare;
    // Fractions leave a rest.
    if (sum.evicting === 0) sum.evictedShare = 0;
    second.ageSeconds = ageSeconds;
    second.evictedShare = evictedShare;
    second.dirty = dirty;
    second.evicting = evicting;
  }
}

export class PagePolicy {
  readonly #windowSeconds: number;
  readonly #ratio: number;
  readonly #windows: Window[];
  /** Copies: the snapshots may be the same objects every second. */
  readonly #before: ClassSnapshot[];
  #seconds = 0;

  constructor(windowSeconds: number, ratio: number, start: readonly ClassSnapshot[]) {
    this.#windowSeconds = windowSeconds;
    this.#ratio = ratio;
    this.#before = start.map((snapshot) => ({ ...snapshot }));
    this.#windows = start.map(() => new Window(windowSeconds));
  }

  /** The move that is due now. `classes[id]` for the ids of the start, of which 0 is none; `isFull`: all memory is taken. */
  decide(classes: readonly ClassSnapshot[], isFull: boolean): PageMove | null {
    this.#seconds++;
    this.#record(classes);
    return (isFull ? this.#surplus(classes) : null) ?? this.#imbalance(classes);
  }

  #record(classes: readonly ClassSnapshot[]): void {
    let total = 0;
    // `stats reset` may have made them fewer.
    for (let id = 0; id < classes.length; id++) total += Math.max(0, classes[id].evicted - this.#before[id].evicted);
    for (let id = 0; id < classes.length; id++) {
      const now = classes[id];
      const before = this.#before[id];
      const evicted = now.evicted - before.evicted;
      const isDirty = evicted > 0 || now.outOfMemory > before.outOfMemory || now.pages > before.pages;
      this.#windows[id].record(now.ageSeconds, evicted > 0 ? evicted / total : 0, Number(isDirty));
      before.evicted = now.evicted;
      before.outOfMemory = now.outOfMemory;
      before.pages = now.pages;
    }
  }

  /** A class with free pages that neither evicted, nor failed, nor grew during the window. */
  #surplus(classes: readonly ClassSnapshot[]): PageMove | null {
    for (let id = 1; id < classes.length; id++) {
      const { freeChunks, chunksPerPage } = classes[id];
      const isFree = freeChunks > chunksPerPage * FREE_PAGES_MIN;
      if (isFree && this.#windows[id].sum.dirty === 0) return { source: id, destination: 0 };
    }
    return null;
  }

  #imbalance(classes: readonly ClassSnapshot[]): PageMove | null {
    if (this.#seconds <= this.#windowSeconds) return null;
    let oldest = 0;
    let youngest = 0;
    for (let id = 1; id < classes.length; id++) {
      const hasSpare = classes[id].pages > SOURCE_PAGES_MIN;
      if (hasSpare && this.#age(id) > (oldest === 0 ? 0 : this.#age(oldest))) oldest = id;
      if (this.#isInNeed(id) && (youngest === 0 || this.#age(id) < this.#age(youngest))) youngest = id;
    }
    if (oldest === 0 || youngest === 0 || !this.#windows[youngest].isEvictingNow) return null;
    return this.#age(youngest) < this.#age(oldest) * this.#ratio ? { source: oldest, destination: youngest } : null;
  }

  #age(id: number): number {
    return Math.floor(this.#windows[id].sum.ageSeconds / this.#windowSeconds);
  }

  #isInNeed(id: number): boolean {
    const { evicting, evictedShare } = this.#windows[id].sum;
    if (evicting === 0) return false;
    return evicting > Math.floor(this.#windowSeconds / 2) || evictedShare / this.#windowSeconds > EVICTED_SHARE_MIN;
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

function noCourse(): Course {
  return { ageSeconds: 0, evictedShare: 0, dirty: 0, evicting: 0 };
}
