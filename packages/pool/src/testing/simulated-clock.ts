/**
 * Time that passes only when a test says so: timers fire in order, and everything that promises lead to has happened before
 * the next one. For tests of the pool that would otherwise take minutes.
 *
 * What does the same again and again while no time passes is stopped: it never gets an answer, and `advance` rejects.
 */
import type { PoolClock } from '../pool-clock.js';

/** Turns of the event loop after which promises have settled: the pool does no real I/O here. */
const SETTLING_TURNS = 6;

/** A pool of forty nodes does not do this much at one moment. */
const ACTS_MAX = 2_000;

interface Timer {
  readonly atMs: number;
  readonly call: () => void;
}

export class SimulatedClock implements PoolClock {
  #nowMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();
  #acts = 0;
  #actsAtMs = 0;
  #spin: Error | null = null;

  /** Called for everything that is done in this world. Answers only if it is not done without end. */
  async act(what: string): Promise<void> {
    this.#count(what);
    if (this.#spin !== null) await new Promise(() => {});
  }

  #count(what: string): void {
    if (this.#actsAtMs !== this.#nowMs) this.#acts = 0;
    this.#actsAtMs = this.#nowMs;
    this.#acts++;
    if (this.#acts > ACTS_MAX) this.#spin ??= new Error(`The pool spins: ${what}, and no time passes`);
  }

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
      if (this.#spin !== null) throw this.#spin;
      const next = this.#next();
      if (next === null || next.atMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#count('a timer goes off');
      next.call();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  /** Whoever runs on notices nothing, as with a clock that only runs; who starts after it finds an earlier time. */
  setBack(ms: number): void {
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const { atMs, call } of timers) this.#timers.add({ atMs: atMs - ms, call });
    this.#nowMs -= ms;
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
