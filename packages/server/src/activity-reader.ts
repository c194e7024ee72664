/**
 * The reading side of the rings that ActivityLog writes: one reader, on the main thread, for the rings of all threads.
 *
 * Takes no lock: it moves the tails, the writers move the heads. Between a look at the head and the move of the tail a
 * writer may go on in the room that is free.
 */
import { type ActivityShared, ENTRY_HEADER_BYTES, Field, headWord, tailWord } from './activity-log.js';

export class ActivityReader {
  readonly rows: number;
  readonly #words: Int32Array;
  readonly #shared: ActivityShared;

  constructor(shared: ActivityShared) {
    this.rows = shared.rows;
    this.#shared = shared;
    this.#words = new Int32Array(shared.control);
  }

  /** Gives every waiting entry of a ring to `visit`, then frees their room. The view is valid during the visit only. */
  drain(row: number, visit: (entry: DataView, text: Uint8Array) => void): void {
    const { rings, ringBytes } = this.#shared;
    const base = row * ringBytes;
    const view = new DataView(rings, base, ringBytes);
    const head = Atomics.load(this.#words, headWord(row));
    let at = this.#words[tailWord(row)];
    while (at !== head) {
      const length = at + 4 <= ringBytes ? view.getInt32(at, true) : -1;
      if (length < 0) {
        at = 0;
        continue;
      }
      const textBytes = view.getInt32(at + Field.TEXT_BYTES * 4, true);
      visit(new DataView(rings, base + at, length), new Uint8Array(rings, base + at + ENTRY_HEADER_BYTES, textBytes));
      at += length;
    }
    Atomics.store(this.#words, tailWord(row), at);
  }
}
