/**
 * Notices when this process itself was held up, by the machine or by work of its own, so that a node is not blamed for it.
 *
 * A timer goes off ten times a second; how late it comes tells how long nothing ran. Used by health-monitor.ts.
 */
import { type PoolClock, SYSTEM_CLOCK } from './pool-clock.js';

const TICK_MS = 100;
/** A stall can begin right after a tick, so one of 250 ms makes the next tick at least this late. */
const LATE_MS = 150;

export class StallWatch {
  readonly #clock: PoolClock;
  #cancelTick: (() => void) | null = null;
  #tickedAtMs = 0;
  #stalledAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: PoolClock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  start(): void {
    if (this.#cancelTick !== null) return;
    this.#tickedAtMs = this.#clock.nowMs();
    this.#awaitTick();
  }

  stop(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
  }

  /** Whether a stall has ended since then, on the clock that was given. */
  hasStalledSince(sinceMs: number): boolean {
    this.#look();
    return this.#stalledAtMs >= sinceMs;
  }

  #awaitTick(): void {
    this.#cancelTick = this.#clock.later(() => {
      this.#look();
      this.#awaitTick();
    }, TICK_MS);
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#tickedAtMs > TICK_MS + LATE_MS) this.#stalledAtMs = nowMs;
    this.#tickedAtMs = nowMs;
  }
}
