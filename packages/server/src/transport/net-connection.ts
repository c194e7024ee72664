/**
 * A connection on the net transport: a Node.js socket.
 *
 * Replies are copied out of the worker's output, because a socket that does not take all of them at once keeps what it was given. What the
 * session may not take yet waits with the socket paused: at most what one receive brought, and the one that was under way.
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
    const reply = this.isBroken ? NOTHING : Buffer.from(output.bytes.subarray(output.start, output.at));
    output.clear();
    if (reply.length === 0) return !this.isBlocked && !this.isBroken;
    counters[ServerCounter.BYTES_WRITTEN] += reply.length;
    this.#socket.write(reply);
    const left = this.#socket.writableLength;
    if (left === 0) return true;
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
