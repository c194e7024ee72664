/**
 * Input to throw away before a refusal is answered: the data block of a refused command, or the rest of a refused line.
 *
 * memcached reads a refused block to its end and only then sends the error; until then the reply waits here. Made by a session when the
 * block is not in the receive buffer already.
 */
import { skipLine } from '@shoal/protocol';

/** Bytes left: everything up to the LF. */
const LINE = -1;

export class Swallow {
  /** What to answer at the end; empty for noreply. */
  readonly reply: Uint8Array;
  #left: number;

  constructor(bytes: number, reply: Uint8Array) {
    this.#left = bytes;
    this.reply = reply;
  }

  static restOfLine(reply: Uint8Array): Swallow {
    return new Swallow(LINE, reply);
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  /** Throws away of input[start..end) what must go; returns the offset after it. */
  skip(input: Uint8Array, view: DataView, start: number, end: number): number {
    if (this.#left !== LINE) {
      const count = Math.min(this.#left, end - start);
      this.#left -= count;
      return start + count;
    }
    const next = skipLine(input, view, start, end);
    if (next < 0) return end;
    this.#left = 0;
    return next;
  }
}
