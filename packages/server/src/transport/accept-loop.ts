/**
 * The accepting thread of the net transport: nothing but an Acceptor and the epoll that it waits in.
 *
 * Node.js's event loops cannot wait for a raw socket, and its own listeners cannot hand a connection to another thread. So one
 * thread blocks here, accepts, and deals descriptors to the workers, which make Node.js sockets of them. Like a worker on
 * epoll it never returns to its event loop, is woken by an eventfd, and leaves at the first order.
 */
import type { WorkerOrder } from '../messages.js';
import { Acceptor, type AcceptorParts } from './acceptor.js';
import { EpollSet, WAIT_AT_REST_MS, WAIT_MAX_MS, WAKE_ROW } from './epoll-set.js';

export interface AcceptLoopParts extends Omit<AcceptorParts, 'epoll'> {
  /** Number of this thread, for Wakeups. */
  readonly thread: number;
  readonly wakeDescriptor: number;
  readonly nextOrder: () => WorkerOrder | undefined;
}

export class AcceptLoop {
  readonly #parts: AcceptLoopParts;
  readonly #epoll: EpollSet;
  readonly #acceptor: Acceptor;

  constructor(parts: AcceptLoopParts) {
    this.#parts = parts;
    this.#epoll = new EpollSet(parts.libc, parts.wakeDescriptor);
    this.#acceptor = new Acceptor({ ...parts, epoll: this.#epoll });
  }

  /** Blocks the thread until an order comes. */
  serve(): void {
    const { nextOrder, worker } = this.#parts;
    while (nextOrder() === undefined) {
      const count = this.#epoll.wait(worker.settings.acceptingConnections ? WAIT_AT_REST_MS : WAIT_MAX_MS);
      for (let event = 0; event < count; event++) this.#onEvent(this.#epoll.rowOf(event));
      this.#acceptor.retry();
    }
    this.#acceptor.close();
    this.#epoll.close();
  }

  #onEvent(row: number): void {
    if (row !== WAKE_ROW) {
      this.#acceptor.onReadable(row);
      return;
    }
    this.#epoll.clearWake();
    this.#parts.wakeups.takeWake(this.#parts.thread);
  }
}
