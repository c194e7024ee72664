/**
 * Waking a worker (or the accepting thread of the net transport) that waits for its sockets, from any thread.
 *
 * Whoever has work for a worker (a connection dealt, a message posted, an outbox filled) puts it where it belongs first and
 * calls `wake` then. Wakes that come before the worker has looked are one wake. On epoll the worker sleeps in the kernel and
 * an eventfd ends that; on net a promise of `Atomics.waitAsync` does. No lock; one word and at most one descriptor a thread.
 */
import { writeSync } from 'node:fs';

export interface WakeupsShared {
  readonly words: SharedArrayBuffer;
  /** The eventfd of each thread that sleeps in the kernel, −1 for one with an event loop. */
  readonly descriptors: readonly number[];
}

/** Words lie on cache lines of their own. */
const STRIDE = 16;
const QUIET = 0;
const WOKEN = 1;
/** What an eventfd takes: a 64-bit number to add. */
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** For as many threads as there are descriptors. */
export function shareWakeups(descriptors: readonly number[]): WakeupsShared {
  return { words: new SharedArrayBuffer(descriptors.length * STRIDE * Int32Array.BYTES_PER_ELEMENT), descriptors };
}

export class Wakeups {
  readonly #words: Int32Array;
  readonly #descriptors: readonly number[];

  constructor(shared: WakeupsShared) {
    this.#words = new Int32Array(shared.words);
    this.#descriptors = shared.descriptors;
  }

  wake(worker: number): void {
    const index = worker * STRIDE;
    if (Atomics.exchange(this.#words, index, WOKEN) === WOKEN) return;
    const descriptor = this.#descriptors[worker];
    if (descriptor < 0) Atomics.notify(this.#words, index);
    else writeSync(descriptor, ONE);
  }

  /** The worker itself, before it looks for work: from now on a wake counts again. True if there was one. */
  takeWake(worker: number): boolean {
    return Atomics.exchange(this.#words, worker * STRIDE, QUIET) === WOKEN;
  }

  /** Resolves when this worker is woken; for workers with an event loop. */
  async whenWoken(worker: number): Promise<void> {
    const result = Atomics.waitAsync(this.#words, worker * STRIDE, QUIET);
    if (result.async) await result.value;
  }
}
