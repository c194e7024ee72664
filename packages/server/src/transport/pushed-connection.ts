/**
 * A connection whose transport hands over input when it has come, asked or not: on net and on io_uring.
 *
 * Received bytes are given to the session at once. What it may not take yet (a backlog, a turn to wait for, a key dump) is held back here
 * while the transport is told to receive no more: at most what was under way. A client's end waits behind what it sent.
 */

import { INPUT_BYTES } from '../input-memory.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason } from '../worker-context.js';
import { Connection } from './connection.js';

/** Below this a byte loop beats `set` with its `subarray` object. */
const LOOP_COPY_BYTES_MAX = 128;

export abstract class PushedConnection extends Connection {
  /** The client will send nothing more. */
  protected hasEnded = false;
  /** Input that the session cannot take yet. */
  #heldBack: Uint8Array[] = [];

  /** The session may be given new input, and none waits before it. */
  protected get takesNewInput(): boolean {
    return this.#heldBack.length === 0 && this.takesInput;
  }

  /** source[0..count) has come; whoever received it may use `source` again afterwards. */
  receive(source: Uint8Array, count: number): void {
    this.worker.counters[ServerCounter.BYTES_READ] += count;
    if (this.#heldBack.length === 0) this.feed(source, count);
    else this.#heldBack.push(copyOf(source, 0, count));
  }

  /** Gives the session as much as it takes, the rest is held back. */
  protected feed(source: Uint8Array, count: number): void {
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
      this.feed(next, next.length);
    }
    if (this.#heldBack.length > 0) this.setReading(false);
    else if (this.hasEnded) this.onEnd();
  }

  /** The client has closed its side: so does the server, once everything before that is answered. */
  protected onEnd(): void {
    this.hasEnded = true;
    this.needsCare = true;
    // What is only queued may turn into a backlog, which has to drain first.
    this.sendQueued();
    if (this.takesNewInput) this.close(CloseReason.NORMAL);
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
