/**
 * The time of the store: one word, written by one thread, read by all.
 *
 * The store has no clock of its own. The main thread sets it once a second (as memcached's clock handler
 * does), counting from a little before start so that 0 can mean never; tests set what they like.
 */
import type { ArenaViews } from './arena.js';
import { Control } from './control.js';
import { applyDueFlush } from './flush.js';

export class Clock {
  readonly #control: Int32Array;

  constructor(views: ArenaViews) {
    this.#control = views.control;
  }

  now(): number {
    return this.#control[Control.NOW];
  }

  set(seconds: number): void {
    applyDueFlush(this.#control, seconds);
    this.#control[Control.NOW] = seconds;
  }
}
