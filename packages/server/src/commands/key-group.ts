/**
 * The next few keys of a text get, read together so that the memory of their items is asked for all at once (see lookahead.ts).
 *
 * Holds offsets into worker.input, so it is valid only while one line is answered. One serves a whole thread.
 */
import { NextKey, nextKey } from '@shoal/protocol';
import { ANTICIPATED_MAX } from '@shoal/store';
import type { WorkerContext } from '../worker-context.js';

export class KeyGroup {
  count = 0;
  /** What stands behind the group: another key, a key too long, or nothing. */
  next: number = NextKey.NONE;
  readonly #starts = new Int32Array(ANTICIPATED_MAX);
  readonly #ends = new Int32Array(ANTICIPATED_MAX);
  readonly #hashes = new Int32Array(ANTICIPATED_MAX);

  /** The request's key alone, which the line ends with. */
  takeOne(worker: WorkerContext): void {
    const { request } = worker;
    this.#starts[0] = request.keyStart;
    this.#ends[0] = request.keyEnd;
    this.#hashes[0] = worker.keyHash;
    this.count = 1;
    this.next = NextKey.NONE;
  }

  /** The keys of the request's line from `from` on. */
  read(worker: WorkerContext, from: number): void {
    const { store, input, inputView, request } = worker;
    let count = 0;
    let at = from;
    let next: number = NextKey.FOUND;
    while (count < ANTICIPATED_MAX) {
      next = nextKey(input, inputView, at, request);
      if (next !== NextKey.FOUND) break;
      at = request.keyEnd;
      this.#starts[count] = request.keyStart;
      this.#ends[count] = at;
      this.#hashes[count++] = store.hashKey(input, inputView, request.keyStart, at);
    }
    this.count = count;
    this.next = next;
    if (count > 1) store.anticipate(this.#hashes, count);
  }

  /** Makes a key of the group the request's. */
  use(worker: WorkerContext, index: number): void {
    const { request } = worker;
    request.keyStart = this.#starts[index];
    request.keyEnd = this.#ends[index];
    worker.keyHash = this.#hashes[index];
  }
}
