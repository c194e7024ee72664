/**
 * A connection on the net transport: a Node.js socket.
 *
 * Received bytes are copied behind what the session holds. Replies are written from the worker's output buffer itself: if the
 * socket has taken all of it when `write` returns (nothing is left in writableLength), the buffer is used again, else the
 * socket keeps it and the worker gets a fresh one. What the session may not take yet waits here with the socket paused: at
 * most what one receive brought, and the one that was under way.
 */
import type { Socket } from 'node:net';
import type { Endpoint } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason, INPUT_BYTES } from '../worker-context.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { TransportParts } from './transport.js';

/** Below this a byte loop beats `set` with its `subarray` object. */
const LOOP_COPY_BYTES_MAX = 128;
const NOTHING = Buffer.alloc(0);

export class NetConnection extends Connection {
  readonly #socket: Socket;
  /** Input that the session cannot take yet. */
  #heldBack: Uint8Array[] = [];
  #hasEnded = false;
  #backlogBytes = 0;

  constructor(parts: TransportParts, owner: ConnectionOwner, opening: { row: number; peer: Endpoint; socket: Socket }) {
    super(parts, owner, opening);
    this.#socket = opening.socket;
    this.#socket
      .on('end', () => this.#onEnd())
      .on('error', () => this.close(CloseReason.ERROR))
      .on('close', () => this.close(CloseReason.ERROR));
  }

  /** source[0..count) has come; whoever received it may use `source` again afterwards. */
  receive(source: Uint8Array, count: number): void {
    this.worker.counters[ServerCounter.BYTES_READ] += count;
    if (this.#heldBack.length === 0) this.#feed(source, count);
    else this.#heldBack.push(copyOf(source, 0, count));
  }

  /** Gives the session as much as it takes, the rest is held back. */
  #feed(source: Uint8Array, count: number): void {
    const { session, worker } = this;
    for (let at = 0; at < count; ) {
      if (!this.takesInput) {
        this.#heldBack.unshift(copyOf(source, at, count));
        this.setReading(false);
        return;
      }
      const held = session.hold();
      const piece = Math.min(count - at, INPUT_BYTES - held);
      copy(source, at, piece, worker.input, held);
      at += piece;
      this.settle(session.run(held + piece));
    }
  }

  protected feedHeldBack(): void {
    while (this.#heldBack.length > 0 && this.takesInput) {
      const next = this.#heldBack.shift()!;
      this.#feed(next, next.length);
    }
    if (this.#heldBack.length > 0) this.setReading(false);
    else if (this.#hasEnded) this.#onEnd();
  }

  #onEnd(): void {
    this.#hasEnded = true;
    this.needsCare = true;
    if (this.#heldBack.length === 0 && this.takesInput) this.close(CloseReason.NORMAL);
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

/** Not `slice`: that of a Buffer copies nothing, and the next receive of any connection writes over it. */
function copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(source.subarray(start, end));
}

function copy(source: Uint8Array, start: number, count: number, target: Uint8Array, at: number): void {
  if (count > LOOP_COPY_BYTES_MAX) {
    target.set(source.subarray(start, start + count), at);
    return;
  }
  for (let i = 0; i < count; i++) target[at + i] = source[start + i];
}
