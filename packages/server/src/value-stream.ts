/**
 * A value of several chunks on its way out, piece by piece, whatever becomes of its item meanwhile.
 *
 * The item is pinned from the moment its reply began until the last byte is in the output, so a reader that pauses keeps its version while
 * others delete or replace it, and the output never needs room for more than a piece. Made by a session, one at a time.
 */
import { OUTPUT_HIGH_WATER_BYTES } from './reply-writer.js';
import type { Flusher, WorkerContext } from './worker-context.js';

/** Copied at a time: what a transport can send in one go without the output growing. */
const PIECE_BYTES = 65_536;

export class ValueStream {
  readonly #ref: number;
  readonly #hash: number;
  readonly #valueBytes: number;
  /** Text and meta end a value with CR LF. */
  readonly #endsLine: boolean;
  #sentBytes = 0;

  /** `ref` is pinned, `hash` its key's. */
  constructor(worker: WorkerContext, ref: number, hash: number, endsLine: boolean) {
    this.#ref = ref;
    this.#hash = hash;
    this.#valueBytes = worker.store.valueBytes(ref);
    this.#endsLine = endsLine;
  }

  /** Appends what is left, giving the output away whenever it is full. True: done and unpinned; false: blocked. */
  pump(worker: WorkerContext, flusher: Flusher): boolean {
    const { store, output } = worker;
    while (this.#sentBytes < this.#valueBytes) {
      if (output.waiting >= OUTPUT_HIGH_WATER_BYTES && !flusher.flush()) return false;
      const piece = Math.min(PIECE_BYTES, this.#valueBytes - this.#sentBytes);
      output.ensure(piece + 2);
      store.copyValuePart(this.#ref, this.#sentBytes, piece, output.bytes, output.at);
      output.at += piece;
      this.#sentBytes += piece;
    }
    if (this.#endsLine) output.crlf();
    this.end(worker);
    return true;
  }

  /** Lets go of the item: at its end, or when the connection goes away. Once. */
  end(worker: WorkerContext): void {
    worker.store.unpin(this.#ref, this.#hash);
  }
}
