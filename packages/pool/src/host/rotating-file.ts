/**
 * A log file that never grows beyond a bound: full, it becomes `NAME.1`, in place of the one before, and begins anew.
 *
 * The host writes its own log and those of its nodes through it. Writing is synchronous, so nothing queues up; a disk that
 * is full or gone loses lines and nothing else, because a node serves well without its log.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const OWNER_ONLY = 0o600;
const BYTES_MAX = 4 * 1_048_576;

export class RotatingFile {
  readonly #path: string;
  readonly #bytesMax: number;
  #descriptor: number | null = null;
  #bytes = 0;

  constructor(path: string, bytesMax = BYTES_MAX) {
    this.#path = path;
    this.#bytesMax = bytesMax;
  }

  /** Any number of whole or part lines. Never throws. */
  write(text: string): void {
    try {
      const descriptor = this.#opened();
      this.#bytes += writeSync(descriptor, text);
      if (this.#bytes >= this.#bytesMax) this.#rotate();
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor === null) return;
    try {
      closeSync(this.#descriptor);
    } catch {
      // Whatever was wrong with it, it is closed.
    }
    this.#descriptor = null;
  }

  #opened(): number {
    if (this.#descriptor !== null) return this.#descriptor;
    const descriptor = openSync(this.#path, 'a', OWNER_ONLY);
    this.#descriptor = descriptor;
    this.#bytes = fstatSync(descriptor).size;
    return descriptor;
  }

  #rotate(): void {
    this.close();
    renameSync(this.#path, `${this.#path}.1`);
  }
}
