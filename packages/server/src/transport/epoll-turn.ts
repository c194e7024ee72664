/**
 * What one turn of the epoll loop does with the connections that are ready: receives from all, then serves all, then sends to all.
 *
 *   receive  each connection's bytes into a buffer of its own
 *   serve    its session on them; the reply stays where it was written (reply-room.ts)
 *   send     the replies, by one call each
 *
 * One connection after the other would take the same calls. But the kernel's code for receiving, ours, and the kernel's for sending are each
 * larger than the nearest caches, and in three short loops each is fetched once a turn instead of once a request: 1 to 6 % of a
 * request. What cannot be received apart (bytes held, a data block under way, a backlog) is served at once. One worker.
 */
import { ringBufferAt } from '../input-memory.js';
import type { WorkerContext } from '../worker-context.js';
import type { EpollConnection, TurnReplies } from './epoll-connection.js';
import type { BoxedAddress, Libc } from './libc.js';
import { ReplyRoom } from './reply-room.js';

/** Connections of a turn, at most RING_BUFFERS. More would keep the first one's reply waiting, and gain nothing. */
export const TURN_CONNECTIONS = 32;

export class EpollTurn implements TurnReplies {
  readonly room: ReplyRoom;
  readonly #addresses: BoxedAddress[] = [];
  /** Of connection i: itself, its events, and how many bytes have come for it. */
  readonly #connections: (EpollConnection | null)[] = [];
  readonly #events = new Uint32Array(TURN_CONNECTIONS);
  readonly #counts = new Int32Array(TURN_CONNECTIONS);
  #count = 0;
  /** Those whose reply waits to be sent: the first #queuedCount. Never made shorter, because V8 would make it anew each turn. */
  readonly #queued: (EpollConnection | null)[] = [];
  #queuedCount = 0;

  constructor(libc: Libc, { input, output }: WorkerContext) {
    this.room = new ReplyRoom(libc, output);
    const inputAddress = libc.addressOf(input);
    for (let i = 0; i < TURN_CONNECTIONS; i++) {
      this.#addresses.push([inputAddress + ringBufferAt(i), null]);
      this.#connections.push(null);
    }
  }

  noteQueued(connection: EpollConnection): void {
    const i = this.#queuedCount++;
    if (i === this.#queued.length) this.#queued.push(connection);
    else this.#queued[i] = connection;
  }

  /** Receives from one that is ready; call `serve` after at most TURN_CONNECTIONS of them. */
  receive(connection: EpollConnection, events: number): void {
    if (!connection.receivesApart) {
      connection.onEvent(events);
      return;
    }
    const i = this.#count;
    const count = connection.receiveApart(this.#addresses[i][0]);
    if (count <= 0) return;
    this.#connections[i] = connection;
    this.#events[i] = events;
    this.#counts[i] = count;
    this.#count = i + 1;
  }

  /** Serves all that was received, and sends all replies. */
  serve(): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      this.#connections[i]!.serve(ringBufferAt(i), this.#counts[i], this.#events[i]);
      this.#connections[i] = null;
    }
    this.sendReplies();
  }

  sendReplies(): void {
    const count = this.#queuedCount;
    if (count === 0) return;
    this.#queuedCount = 0;
    for (let i = 0; i < count; i++) {
      this.#queued[i]!.sendReply();
      this.#queued[i] = null;
    }
    this.room.restart();
  }
}
