/**
 * How many bytes all sessions of a router hold: answers that wait for their turn or for their client, and data blocks on
 * their way in. One a router; sessions count themselves in and out.
 *
 * Whoever finds no room waits here and is marked for the round when there is some. Bounds: `maxBytes`, which one answer
 * that is larger than half of it may exceed, and one at a time for which a client waits that holds up others.
 */
import type { Flushable, FlushRound } from './flush-round.js';

/** Woken at one time: each may take all the room there is. */
const WAKE_MAX = 64;

export class HeldBytes {
  total = 0;
  #exception: Flushable | null = null;
  readonly #maxBytes: number;
  readonly #round: FlushRound;
  readonly #waiting = new Set<Flushable>();

  constructor(maxBytes: number, round: FlushRound) {
    this.#maxBytes = maxBytes;
    this.#round = round;
  }

  /** Clients that take nothing are waited for less long. */
  get isPressed(): boolean {
    return this.#waiting.size > 0 || !this.hasRoom(0);
  }

  /** A large one passes as soon as half is free, or it might never. */
  hasRoom(bytes: number): boolean {
    return this.total + bytes <= this.#maxBytes || this.total <= this.#maxBytes / 2;
  }

  count(bytes: number): void {
    this.total += bytes;
    if (bytes < 0 && this.#waiting.size > 0 && this.hasRoom(0)) this.wake();
  }

  /** Room for one session at a time where there is none, so that what waits behind its answer can leave. */
  grantException(one: Flushable): boolean {
    if (this.#exception !== null && this.#exception !== one) return false;
    this.#exception = one;
    return true;
  }

  endException(one: Flushable): void {
    if (this.#exception !== one) return;
    this.#exception = null;
    this.wake();
  }

  whenRoom(one: Flushable): void {
    this.#waiting.add(one);
  }

  forget(one: Flushable): void {
    this.#waiting.delete(one);
    this.endException(one);
  }

  /** Those that waited longest. Also called now and then, because one of them may no longer want the room. */
  wake(): void {
    let count = 0;
    for (const one of this.#waiting) {
      if (count++ === WAKE_MAX) return;
      this.#waiting.delete(one);
      this.#round.mark(one);
    }
  }
}
