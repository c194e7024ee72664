/**
 * A worker's output: one piece of memory that never moves, into which all its replies are written.
 *
 * What stands in [start, at) has not been sent. A transport that sends at once empties it (`clear`); those on epoll and io_uring leave
 * replies where they are until the kernel has taken them, and move `start` behind them (transport/reply-room.ts). The functions of the
 * shortest paths are bound to this memory, so that V8 knows it for a constant: it has room for whatever they may write beyond high
 * water. Only long reports grow out of it, into a copy that lasts until they are sent.
 */
import { ByteWriter } from '@shoal/protocol';
import { PAGE_BYTES } from '@shoal/store';

/** Replies beyond this many bytes are handed to the transport before the next command (or the next piece of a value) is answered. */
export const OUTPUT_HIGH_WATER_BYTES = 262_144;
/** Line, key and flags around the largest value that is written in one piece. */
const AROUND_VALUE_BYTES = 65_536;
/** How far `start` may move. */
export const QUEUED_REPLIES_BYTES = 1_048_576;

export class ReplyWriter extends ByteWriter {
  /** The first byte that was not sent. */
  start = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor() {
    super(QUEUED_REPLIES_BYTES + OUTPUT_HIGH_WATER_BYTES + PAGE_BYTES + AROUND_VALUE_BYTES);
    this.#bytes = this.bytes;
    this.#view = this.view;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.at - this.start;
  }

  /** Nothing has grown out of the memory that never moves. */
  get isInPlace(): boolean {
    return this.bytes === this.#bytes;
  }

  /** All that waited is sent, or kept by whoever sends it. */
  clear(): void {
    this.at = this.start;
    if (this.isInPlace) return;
    this.bytes = this.#bytes;
    this.view = this.#view;
  }
}
