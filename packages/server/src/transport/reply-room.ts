/**
 * Where replies lie between their command and the moment the kernel takes them: behind each other in the worker's output.
 *
 * A reply that is queued stays where it was written, and the output begins anew behind it, so nothing is copied; once the kernel
 * has taken all that was queued, it begins in front again, which keeps the memory in use small. When the room is used up,
 * replies are no longer queued in that turn. Used by the transports on epoll and io_uring. One thread.
 *
 *   | reply of A …… | reply of B …  |▲ output.start
 */
import { QUEUED_REPLIES_BYTES, type ReplyWriter } from '../reply-writer.js';
import type { BoxedAddress, Libc } from './libc.js';

/** Replies begin at a cache line of their own, which the kernel then reads as a whole. */
const LINE_BYTES = 64;
/** Larger replies are sent at once: a call of their own costs them little, and they would soon fill the room. */
const REPLY_BYTES_MAX = 65_536;

export class ReplyRoom {
  readonly #libc: Libc;
  readonly #output: ReplyWriter;
  readonly #address: BoxedAddress;

  constructor(libc: Libc, output: ReplyWriter) {
    this.#libc = libc;
    this.#output = output;
    this.#address = [libc.addressOf(output.bytes), null];
  }

  /** A reply of this many bytes may stay until the kernel takes it. No: it is large, it has outgrown its place, or the room is used up. */
  takes(count: number): boolean {
    const output = this.#output;
    return count <= REPLY_BYTES_MAX && output.isInPlace && output.start + count + LINE_BYTES <= QUEUED_REPLIES_BYTES;
  }

  /** All that waits has been queued and stays where it is; answers where that is, an offset for `addressOf` and `bytesOf`. */
  keep(): number {
    const output = this.#output;
    const kept = output.start;
    output.start = (output.at + LINE_BYTES - 1) & -LINE_BYTES;
    output.at = output.start;
    return kept;
  }

  /** Nothing that was kept is needed any more, and nothing waits. */
  restart(): void {
    this.#output.start = 0;
    this.#output.at = 0;
  }

  /** Where in memory the output's first waiting byte is, in its place or grown out of it. */
  get outputAddress(): number {
    const output = this.#output;
    if (output.isInPlace) return this.addressOf(output.start);
    return this.#libc.addressOf(output.bytes) + output.start;
  }

  addressOf(kept: number): number {
    return this.#address[0] + kept;
  }

  /** Bytes [from, to) of a reply that was kept. */
  bytesOf(kept: number, from: number, to: number): Uint8Array {
    return this.#output.bytes.subarray(kept + from, kept + to);
  }
}
