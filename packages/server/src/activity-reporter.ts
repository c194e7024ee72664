/**
 * The main thread's part of `watch`: takes the entries out of all rings, puts them in order of their gid
 * and writes their lines into the outbox of every watcher that wants them.
 *
 * It polls, because a worker that blocks in the kernel cannot wake the main thread cheaply: every
 * millisecond while entries come, up to every 100 ms while none do, and not at all while nobody watches.
 * A watcher whose outbox is full loses lines; the next one that fits is preceded by `skipped=N`.
 * All buffers are those of the rings and outboxes: nothing grows.
 */
import { formatEntry, gidOf, kindOf } from './activity-line.js';
import type { ActivityShared } from './activity-log.js';
import { ActivityReader } from './activity-reader.js';
import { Outboxes, type OutboxesShared, OutboxState, WATCH_SLOTS } from './outbox.js';
import { ServerCounter } from './server-counters.js';

const POLL_MS_MIN = 1;
const POLL_MS_MAX = 100;
/** Room a line leaves free, so that `skipped=N` always fits before it (memcached keeps as much). */
const SKIPPED_BYTES = 128;

interface Line {
  readonly kind: number;
  readonly gid: bigint;
  readonly bytes: Uint8Array;
}

interface Watcher {
  readonly slot: number;
  readonly kinds: number;
  /** Entries up to this one were made before it watched. */
  readonly firstGid: bigint;
  skipped: number;
  /** Set once a line did not fit, so that the rest of this round is not tried in vain. */
  isFull: boolean;
  hasNews: boolean;
}

export class ActivityReporter {
  readonly #reader: ActivityReader;
  readonly #outboxes: Outboxes;
  readonly #counters: Float64Array;
  readonly #wakeWorker: (workerId: number) => void;
  readonly #watchers: (Watcher | null)[] = new Array(WATCH_SLOTS).fill(null);
  #timer: NodeJS.Timeout | null = null;
  #delayMs = POLL_MS_MIN;

  constructor(parts: {
    activity: ActivityShared;
    outboxes: OutboxesShared;
    counters: Float64Array;
    wakeWorker: (workerId: number) => void;
  }) {
    this.#reader = new ActivityReader(parts.activity);
    this.#outboxes = new Outboxes(parts.outboxes);
    this.#counters = parts.counters;
    this.#wakeWorker = parts.wakeWorker;
  }

  /** Call when a watcher came or went. Goes on by itself until nobody watches. */
  start(): void {
    this.#delayMs = POLL_MS_MIN;
    if (this.#timer === null) this.#poll();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** One round: what waits in the rings now goes to the watchers of now. Answers how many entries there were. */
  report(): number {
    this.#updateWatchers();
    const wanted = this.#watchers.reduce((kinds, watcher) => kinds | (watcher?.kinds ?? 0), 0);
    const lines = this.#takeLines(wanted);
    for (const watcher of this.#watchers) if (watcher !== null) this.#send(watcher, lines);
    return lines.length;
  }

  #poll(): void {
    const count = this.report();
    this.#timer = null;
    if (this.#outboxes.watchers() === 0) return;
    const delay = count > 0 ? this.#delayMs / 2 : this.#delayMs * 1.25;
    this.#delayMs = Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, delay));
    this.#timer = setTimeout(() => this.#poll(), this.#delayMs);
    this.#timer.unref();
  }

  /** Frees the slots whose connection is gone and greets new watchers. */
  #updateWatchers(): void {
    for (let slot = 0; slot < WATCH_SLOTS; slot++) {
      if (this.#outboxes.reclaim(slot)) this.#watchers[slot] = null;
      const isOpen = this.#outboxes.stateOf(slot) === OutboxState.OPEN;
      if (!isOpen) this.#watchers[slot] = null;
      else if (this.#watchers[slot] === null) this.#watchers[slot] = this.#greet(slot);
    }
  }

  #greet(slot: number): Watcher {
    const kinds = this.#outboxes.subjectOf(slot);
    const firstGid = this.#outboxes.detailOf(slot);
    return { slot, kinds, firstGid, skipped: 0, isFull: false, hasNews: false };
  }

  #takeLines(wanted: number): Line[] {
    const lines: Line[] = [];
    for (let row = 0; row < this.#reader.rows; row++) {
      this.#reader.drain(row, (entry, text) => {
        const kind = kindOf(entry);
        if ((kind & wanted) === 0) return;
        lines.push({ kind, gid: gidOf(entry), bytes: Buffer.from(formatEntry(entry, text), 'latin1') });
      });
    }
    return lines.sort((one, other) => (one.gid < other.gid ? -1 : 1));
  }

  #send(watcher: Watcher, lines: readonly Line[]): void {
    watcher.isFull = false;
    watcher.hasNews = false;
    for (const line of lines) {
      if ((line.kind & watcher.kinds) !== 0 && line.gid > watcher.firstGid) this.#offer(watcher, line.bytes);
    }
    if (watcher.hasNews) this.#wakeWorker(this.#outboxes.ownerOf(watcher.slot));
  }

  #offer(watcher: Watcher, bytes: Uint8Array): void {
    const { slot } = watcher;
    if (watcher.isFull || this.#outboxes.room(slot) < bytes.length + SKIPPED_BYTES) {
      watcher.isFull = true;
      watcher.skipped++;
      this.#counters[ServerCounter.LOG_WATCHER_SKIPPED]++;
      return;
    }
    if (watcher.skipped > 0) {
      const notice = Buffer.from(`skipped=${watcher.skipped}\n`, 'latin1');
      this.#outboxes.put(slot, notice, 0, notice.length);
      watcher.skipped = 0;
    }
    this.#outboxes.put(slot, bytes, 0, bytes.length);
    watcher.hasNews = true;
    this.#counters[ServerCounter.LOG_WATCHER_SENT]++;
  }
}
