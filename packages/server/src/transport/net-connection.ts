/**
 * A connection on the net transport: a Node.js socket.
 *
 * Received chunks are copied behind what the session holds. Replies are written from the worker's output buffer itself: if
 * the socket has taken all of it when `write` returns (nothing is left in writableLength), the buffer is used again, else the
 * socket keeps it and the worker gets a fresh one. What a chunk holds beyond what the session may take now waits here, with
 * the socket paused, so at most one chunk does.
 */
import type { Socket } from 'node:net';
import type { Endpoint } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason, INPUT_BYTES } from '../worker-context.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { TransportParts } from './transport.js';

export interface NetOpening {
  readonly row: number;
  readonly peer: Endpoint;
  readonly socket: Socket;
}

export class NetConnection extends Connection {
  readonly #socket: Socket;
  /** Input that the session cannot take yet. */
  #heldBack: Buffer[] = [];
  #hasEnded = false;
  #backlogBytes = 0;

  constructor(parts: TransportParts, owner: ConnectionOwner, opening: NetOpening) {
    super(parts, owner, opening);
    this.#socket = opening.socket;
    this.#socket
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('end', () => this.#onEnd())
      .on('drain', () => this.#onDrain())
      .on('close', () => this.close(CloseReason.ERROR));
  }

  #onData(chunk: Buffer): void {
    this.worker.counters[ServerCounter.BYTES_READ] += chunk.length;
    if (this.takesInput && this.#heldBack.length === 0) this.#feed(chunk);
    else this.#heldBack.push(chunk);
    if (this.#heldBack.length > 0) this.setReading(false);
  }

  #feed(chunk: Buffer): void {
    const { session, worker } = this;
    for (let at = 0; at < chunk.length; ) {
      if (!this.takesInput) {
        this.#heldBack.unshift(chunk.subarray(at));
        this.setReading(false);
        return;
      }
      const held = session.hold();
      const end = Math.min(chunk.length, at + INPUT_BYTES - held);
      worker.input.set(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end), held);
      const count = end - at;
      at = end;
      this.settle(session.run(held + count));
    }
  }

  protected feedHeldBack(): void {
    while (this.#heldBack.length > 0 && this.takesInput) this.#feed(this.#heldBack.shift()!);
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
    this.#socket.write(output.bytes.subarray(0, count));
    const left = this.#socket.writableLength;
    if (left === 0) return true;
    output.bytes = new Uint8Array(output.bytes.length);
    output.view = new DataView(output.bytes.buffer);
    this.#backlogBytes = left;
    this.onBlocked();
    return false;
  }

  #onDrain(): void {
    if (!this.isBlocked || this.isClosed || this.#socket.writableLength > 0) return;
    this.onDrained();
  }

  /** Only whole writes can be seen to leave. */
  noteProgress(): void {
    const left = this.#socket.writableLength;
    if (left < this.#backlogBytes) this.blockedSinceMs = Date.now();
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
