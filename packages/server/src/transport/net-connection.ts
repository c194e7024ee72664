/**
 * A connection on the net transport: a Node.js socket.
 *
 * Replies are written from the worker's output buffer itself: if the socket has taken all of it when `write` returns (nothing is
 * left in writableLength), the buffer is used again, else the socket keeps it and the worker gets a fresh one. What the session
 * may not take yet waits with the socket paused: at most what one receive brought, and the one that was under way.
 */
import type { Socket } from 'node:net';
import type { Endpoint } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason } from '../worker-context.js';
import type { ConnectionOwner } from './connection.js';
import { PushedConnection } from './pushed-connection.js';
import type { TransportParts } from './transport.js';

const NOTHING = Buffer.alloc(0);

export class NetConnection extends PushedConnection {
  readonly #socket: Socket;
  #backlogBytes = 0;

  constructor(parts: TransportParts, owner: ConnectionOwner, opening: { row: number; peer: Endpoint; socket: Socket }) {
    super(parts, owner, opening);
    this.#socket = opening.socket;
    this.#socket
      .on('end', () => this.onEnd())
      .on('error', () => this.close(CloseReason.ERROR))
      .on('close', () => this.close(CloseReason.ERROR));
  }

  flush(): boolean {
    const { output, counters } = this.worker;
    const count = output.at;
    output.at = 0;
    if (count === 0 || this.isBroken) return !this.isBlocked && !this.isBroken;
    counters[ServerCounter.BYTES_WRITTEN] += count;
    this.#socket.write(Buffer.from(output.bytes.buffer, output.bytes.byteOffset, count));
    const left = this.#socket.writableLength;
    if (left === 0) return true;
    output.bytes = new Uint8Array(output.bytes.length);
    output.view = new DataView(output.bytes.buffer);
    this.#backlogBytes = left;
    this.onBlocked();
    this.#socket.write(NOTHING, this.#onTaken);
    return false;
  }

  /** Follows what waits: no 'drain' tells of writes that stayed below the high-water mark. */
  readonly #onTaken = () => {
    if (!this.isBlocked || this.isClosed || this.#socket.writableLength > 0) return;
    this.onDrained();
  };

  /** Only whole writes can be seen to leave. */
  noteProgress(): void {
    const left = this.#socket.writableLength;
    if (left < this.#backlogBytes) this.blockedSinceMs = performance.now();
    this.#backlogBytes = left;
  }

  protected onReadingChanged(): void {
    if (this.isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  protected disconnect(): void {
    this.#socket.destroy();
    this.owner.release(this.row);
  }
}
