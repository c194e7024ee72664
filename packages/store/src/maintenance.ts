/**
 * What keeps a store in shape beside the serving threads: queues, dead items, pages.
 *
 * One thread makes one `Maintenance` and calls `step` again and again, each time after the milliseconds
 * that the step before answered (or at once when something was requested). A step is bounded: it holds
 * no lock for more than one item or bucket, and does a fixed amount of work a class. Idle, it asks for
 * one step a second.
 */
import { AutoCrawl } from './auto-crawl.js';
import { ClassWord, QueueCounter, Tuning } from './control.js';
import type { StoreCore } from './core.js';
import { StoreCounter } from './counters.js';
import { Crawler } from './crawler.js';
import { Eviction, type PullLimits } from './evictor.js';
import { ACCESS_TIME, CLASSES_MAX, LRU_SHIFT, Lru } from './layout.js';
import { coldQueue, MoverStep, PageMover } from './page-mover.js';
import { type ClassSnapshot, isFilled, isUrgent, type PageMove, PagePolicy } from './page-policy.js';
import type { Store } from './store.js';

/** Moves a class and step at most, and those that are made even where nothing is stored. */
const MOVES_MAX = 500;
const MOVES_IDLE = 8;
/** Moves that one stored item can bring about: hot to cold or warm, and warm to cold. */
const MOVES_PER_ITEM = 2;
const MOVER_CHUNKS = 256;
const CRAWLER_BUCKETS = 2048;
const DELAY_MIN_MS = 1;
/** Between two looks at whether a class in urgent need has filled its last page: at most fifty pages a second. */
const URGENT_PAUSE_MS = 20;
const DELAY_MAX_MS = 1000;

export class Maintenance {
  readonly #core: StoreCore;
  readonly #mover: PageMover;
  readonly #crawler: Crawler;
  readonly #autoCrawl = new AutoCrawl();
  readonly #classes: ClassSnapshot[];
  #policy: PagePolicy;
  #policyKey = '';
  /** A page is on its way to the pool: the next is looked for at once, as memcached does; to other classes it is one a second. */
  #isPooling = false;
  /** The move made last, if its like should follow before the second is over. */
  #urgent: PageMove | null = null;
  /** Items each class had linked when its queues were looked at last. */
  readonly #linkedBefore = new Int32Array(CLASSES_MAX);
  /** Moves each class is behind what was stored in it. */
  readonly #movesDue = new Float64Array(CLASSES_MAX);
  #juggleDelayMs = DELAY_MIN_MS;
  #nextJuggleMs = 0;
  #lastSecond = -1;

  constructor(store: Store) {
    this.#core = store.core;
    this.#mover = new PageMover(this.#core);
    this.#crawler = new Crawler(this.#core);
    const { chunksPerPage } = this.#core.slabs.sizes;
    this.#classes = Array.from(chunksPerPage, (chunks) => ({ ...EMPTY_CLASS, chunksPerPage: chunks }));
    this.#policy = this.#newPolicy();
  }

  /** One bounded step at the monotonic time `nowMs`; milliseconds until the next one is due. */
  step(nowMs: number): number {
    if (this.#core.now() !== this.#lastSecond) this.#beginSecond(nowMs);
    const delays = [this.#stepQueues(nowMs), this.#stepCrawler(), this.#stepMover()];
    return Math.max(0, Math.min(...delays));
  }

  #beginSecond(nowMs: number): void {
    const now = this.#core.now();
    this.#lastSecond = now;
    // An idle thread wakes for the second and for the queues at once.
    if (this.#juggleDelayMs === DELAY_MAX_MS) this.#nextJuggleMs = Math.min(this.#nextJuggleMs, nowMs);
    if (this.#core.views.tuning[Tuning.AUTOMOVE] !== 0) this.#decideMove();
    if (this.#core.isMaintained && this.#core.views.tuning[Tuning.CRAWLER_ENABLED] !== 0 && !this.#crawler.isRunning) {
      const due = this.#autoCrawl.takeDue(now).map((isDue, id) => isDue && this.#core.queues.countOfClass(id) > 0);
      if (due.includes(true)) this.#crawler.start(due);
    }
  }

  // Queues

  #stepQueues(nowMs: number): number {
    if (!this.#core.isMaintained) return DELAY_MAX_MS;
    if (nowMs < this.#nextJuggleMs) return this.#nextJuggleMs - nowMs;
    this.#core.counters[StoreCounter.MAINTAINER_JUGGLES]++;
    let isBehind = false;
    for (const id of this.#core.slabs.sizes.ids) {
      if (this.#core.queues.countOfClass(id) > 0 && this.#juggle(id)) isBehind = true;
    }
    const delayMs = isBehind ? this.#juggleDelayMs / 2 : this.#juggleDelayMs * 1.25;
    this.#juggleDelayMs = Math.min(Math.max(delayMs, DELAY_MIN_MS), DELAY_MAX_MS);
    this.#nextJuggleMs = nowMs + this.#juggleDelayMs;
    return this.#juggleDelayMs;
  }

  /**
   * Lets the queues of one class flow to where they belong; true if there was more to do than a step may.
   * Work follows what was stored: where nothing is, nothing needs room, and active items would go round for ever.
   */
  #juggle(id: number): boolean {
    const linked = this.#core.slabs.word(id, ClassWord.LINKED);
    this.#movesDue[id] += MOVES_PER_ITEM * ((linked - this.#linkedBefore[id]) >>> 0);
    this.#linkedBefore[id] = linked;
    const hasMoreDead = this.#reclaimTails(id);
    const movesMax = Math.min(MOVES_IDLE + this.#movesDue[id], MOVES_MAX);
    const moves = this.#pullTails(id, movesMax);
    this.#movesDue[id] = moves < movesMax ? 0 : Math.max(0, this.#movesDue[id] - moves);
    return hasMoreDead || moves >= MOVES_MAX;
  }

  #pullTails(id: number, movesMax: number): number {
    const { evictor } = this.#core;
    const [hot, warm] = this.#limits(id);
    let moves = 0;
    while (moves < movesMax) {
      const moved =
        Number(evictor.pullTail(id, Lru.HOT, hot, Eviction.NONE)) +
        Number(evictor.pullTail(id, Lru.WARM, warm, Eviction.NONE)) +
        Number(evictor.pullTail(id, Lru.COLD, hot, Eviction.NONE));
      if (moved === 0) break;
      moves += moved;
    }
    return moves;
  }

  /** Frees dead items at the tails of the queues; true if there were too many for one step. */
  #reclaimTails(id: number): boolean {
    let reclaimed = 0;
    for (const lru of Object.values(Lru)) {
      while (reclaimed < MOVES_MAX && this.#core.evictor.pullTail(id, lru, NO_ROOM, Eviction.DEAD)) reclaimed++;
    }
    return reclaimed === MOVES_MAX;
  }

  /** Shares of the class's bytes and ages beyond which hot and warm tails go to cold. */
  #limits(id: number): [PullLimits, PullLimits] {
    const { queues, views } = this.#core;
    if (!this.#core.isSegmented) return [NO_ROOM, NO_ROOM];
    const bytesOf = (lru: number) => queues.counter(id | (lru << LRU_SHIFT), QueueCounter.BYTES);
    const bytes = bytesOf(Lru.HOT) + bytesOf(Lru.WARM) + bytesOf(Lru.COLD);
    const coldAge = this.#coldAge(id);
    const { tuning } = views;
    return [
      {
        limitBytes: (bytes * tuning[Tuning.HOT_PERCENT]) / 100,
        maxAgeSeconds: coldAge * tuning[Tuning.HOT_MAX_FACTOR],
      },
      {
        limitBytes: (bytes * tuning[Tuning.WARM_PERCENT]) / 100,
        maxAgeSeconds: coldAge * tuning[Tuning.WARM_MAX_FACTOR],
      },
    ];
  }

  /** Seconds since the last access of the coldest item; 0 without one. */
  #coldAge(id: number): number {
    const { queues, items, classLocks } = this.#core;
    if (queues.tail(coldQueue(id)) === 0) return 0;
    classLocks.lock(id);
    const tail = queues.tail(coldQueue(id));
    const age = tail === 0 ? 0 : this.#core.now() - items.get(tail, ACCESS_TIME);
    classLocks.unlock(id);
    return age;
  }

  // Crawler

  #stepCrawler(): number {
    this.#crawler.takeRequest();
    if (!this.#crawler.isRunning) return DELAY_MAX_MS;
    if (this.#crawler.step(CRAWLER_BUCKETS)) return this.#crawlerPauseMs();
    this.#autoCrawl.learn(this.#crawler.findings, this.#core.now());
    return DELAY_MAX_MS;
  }

  /** `lru_crawler_sleep` is the pause an item; a step looks at many, and timers know no less than a millisecond. */
  #crawlerPauseMs(): number {
    return this.#core.views.tuning[Tuning.CRAWLER_SLEEP_US] === 0 ? 0 : DELAY_MIN_MS;
  }

  // Pages

  #stepMover(): number {
    this.#mover.takeRequest();
    const step = this.#mover.step(MOVER_CHUNKS);
    if (step === MoverStep.IDLE) return this.#stepNextMove();
    return step === MoverStep.BUSY ? this.#mover.pauseMs : 0;
  }

  /** Moves that do not wait for their second. */
  #stepNextMove(): number {
    if (this.#core.views.tuning[Tuning.AUTOMOVE] === 0) return DELAY_MAX_MS;
    if (this.#isPooling) {
      this.#decideMove();
      return 0;
    }
    if (this.#urgent === null) return DELAY_MAX_MS;
    const { source, destination } = this.#urgent;
    const needy = this.#snapshot(destination);
    if (!isUrgent(this.#snapshot(source), needy)) this.#urgent = null;
    else if (isFilled(needy) && !this.#mover.start(source, destination)) this.#urgent = null;
    return this.#mover.isRunning ? 0 : URGENT_PAUSE_MS;
  }

  #decideMove(): void {
    const { tuning } = this.#core.views;
    const key = `${tuning[Tuning.AUTOMOVE_WINDOW]} ${tuning[Tuning.AUTOMOVE_RATIO]}`;
    if (key !== this.#policyKey) {
      this.#policyKey = key;
      this.#policy = this.#newPolicy();
    }
    const move = this.#policy.decide(
      this.#snapshots(),
      this.#core.slabs.takenBytes >= tuning[Tuning.MEMORY_LIMIT_BYTES],
    );
    if (this.#mover.isRunning) return;
    const isStarted = move !== null && this.#mover.start(move.source, move.destination);
    this.#isPooling = isStarted && move.destination === 0;
    if (isStarted) this.#urgent = move.destination === 0 ? null : move;
  }

  #newPolicy(): PagePolicy {
    const { tuning } = this.#core.views;
    return new PagePolicy(tuning[Tuning.AUTOMOVE_WINDOW], tuning[Tuning.AUTOMOVE_RATIO], this.#snapshots());
  }

  /** The classes as they are now: always the same objects, because this runs every second. */
  #snapshots(): readonly ClassSnapshot[] {
    for (let id = 0; id < this.#classes.length; id++) this.#snapshot(id);
    return this.#classes;
  }

  #snapshot(id: number): ClassSnapshot {
    const { slabs, queues } = this.#core;
    const snapshot = this.#classes[id];
    snapshot.evicted = queues.classCounter(id, QueueCounter.EVICTED);
    snapshot.outOfMemory = queues.classCounter(id, QueueCounter.OUT_OF_MEMORY);
    snapshot.ageSeconds = this.#coldAge(id);
    snapshot.freeChunks = slabs.freeChunks(id);
    snapshot.pages = slabs.word(id, ClassWord.PAGES);
    return snapshot;
  }
}

/** A flat LRU keeps everything in cold. */
const NO_ROOM: PullLimits = { limitBytes: 0, maxAgeSeconds: 0 };
const EMPTY_CLASS: Omit<ClassSnapshot, 'chunksPerPage'> = {
  evicted: 0,
  outOfMemory: 0,
  ageSeconds: 0,
  freeChunks: 0,
  pages: 0,
};
