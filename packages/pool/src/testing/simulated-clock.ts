/**
 * Time that passes only when a test says so: timers fire in order, and everything that promises lead to has happened before
 * the next one. For tests of the pool that would otherwise take minutes.
 */
import type { PoolClock } from '../pool-clock.js';

/** Turns of the event loop after which promises have settled: the pool does no real I/O here. */
const SETTLING_TURNS = 6;

interface Timer {
  readonly atMs: number;
  readonly call: () => void;
}

export class SimulatedClock implements PoolClock {
  #nowMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  later(call: () => void, afterMs: number): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, afterMs), call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.later(resolve, ms);
    });
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#next();
      if (next === null || next.atMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.call();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise(setImmediate);
  }

  #next(): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) if (next === null || timer.atMs < next.atMs) next = timer;
    return next;
  }
}
