/**
 * The requests of a link on their way out: copied once into slabs that are never written twice, so that a read can be
 * sent again from where it stands. A slab lives as long as an exchange refers to it.
 *
 * Bounded by the link, which stops its clients when too much is pending.
 */
import type { Socket } from 'node:net';
import { copyBytes } from './byte-copy.js';
import type { Exchange } from './exchange.js';

const SLAB_BYTES = 65_536;

export class RequestLog {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** slab[from..at) has not been written yet; earlier pieces are in #full. */
  #from = 0;
  #at = 0;
  #full: Buffer[] = [];
  #fullBytes = 0;

  get pendingBytes(): number {
    return this.#fullBytes + this.#at - this.#from;
  }

  append(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#at + length > this.#slab.length) this.#turnOver(length);
    copyBytes(bytes, start, end, this.#slab, this.#at);
    exchange.request = this.#slab;
    exchange.requestStart = this.#at;
    this.#at += length;
    exchange.requestEnd = this.#at;
  }

  /** One write, or several that leave together. */
  writeTo(socket: Socket): void {
    this.#closePiece();
    const pieces = this.#full;
    if (pieces.length === 0) return;
    this.#full = [];
    this.#fullBytes = 0;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
  }

  /** Forgets what was not written. */
  clear(): void {
    this.#from = this.#at;
    this.#full = [];
    this.#fullBytes = 0;
  }

  #turnOver(length: number): void {
    this.#closePiece();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
    this.#from = 0;
    this.#at = 0;
  }

  #closePiece(): void {
    if (this.#at === this.#from) return;
    this.#full.push(this.#slab.subarray(this.#from, this.#at));
    this.#fullBytes += this.#at - this.#from;
    this.#from = this.#at;
  }
}
