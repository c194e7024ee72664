/**
 * The next few keys of a text get, read together so that the memory of their items is asked for all at once (see lookahead.ts).
 *
 * Holds offsets into worker.input, so it is valid only while one line is answered. One serves a whole thread.
 */
import { KEY_BYTES_MAX, NextKey, skipBlanks, wordEnd } from '@shoal/protocol';
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
    const { store, input, inputView } = worker;
    const { lineEnd } = worker.request;
    let count = 0;
    let next: number = NextKey.FOUND;
    for (let at = from; count < ANTICIPATED_MAX; ) {
      const start = skipBlanks(input, at, lineEnd);
      at = wordEnd(input, inputView, start, lineEnd);
      if (start === lineEnd) next = NextKey.NONE;
      else if (at - start > KEY_BYTES_MAX) next = NextKey.TOO_LONG;
      if (next !== NextKey.FOUND) break;
      this.#starts[count] = start;
      this.#ends[count] = at;
      this.#hashes[count++] = store.hashKey(input, inputView, start, at);
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
