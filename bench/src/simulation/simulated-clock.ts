// Time for the pool's own code: it passes when `runUntil` says so, as fast as the work is done. Between two events everything
// that promises lead to has happened. Used by control-plane.ts.
//
// What falls into one fifth of a millisecond happens together, as what one turn of a busy event loop finds. Nothing that runs
// on it does real I/O, so one turn of the real loop settles all promises.
import type { PoolClock } from '@shoal/pool/supervision';
import { EventQueue } from './event-queue.js';

const TURNS_PER_MS = 5;

export class SimulatedClock implements PoolClock {
  readonly #queue = new EventQueue();
  readonly #calls = new Map<number, () => void>();
  #nowMs: number;
  #lastCall = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  later(call: () => void, afterMs: number): () => void {
    const id = this.#lastCall++;
    this.#calls.set(id, call);
    this.#queue.add(Math.ceil((this.#nowMs + Math.max(0, afterMs)) * TURNS_PER_MS) / TURNS_PER_MS, 0, id);
    return () => this.#calls.delete(id);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.later(resolve, ms);
    });
  }

  /** Stops before the first event that is later than this. */
  async runUntil(timeMs: number): Promise<void> {
    await settle();
    while (this.#queue.nextTimeMs <= timeMs) {
      this.#nowMs = this.#queue.nextTimeMs;
      while (this.#queue.nextTimeMs === this.#nowMs && this.#queue.take()) this.#call(this.#queue.subject);
      await settle();
    }
    this.#nowMs = timeMs;
  }

  /** One that was called off is not there any more. */
  #call(id: number): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.();
  }
}

function settle(): Promise<void> {
  return new Promise(setImmediate);
}
