/**
 * Connections on their way from the accepting worker to the one that will serve them (epoll transport).
 *
 * A stack of connection-table rows for each worker: the acceptor pushes, the worker takes all at once. Every row has one
 * link, so any number of connections can wait and nothing is ever full. Push and take are one atomic instruction on the
 * head; a taken stack is private, and is walked from its end so that connections are served in the order they came.
 */
export interface DealingShared {
  readonly heads: SharedArrayBuffer;
  readonly links: SharedArrayBuffer;
}

const NONE = -1;
/** Heads lie on cache lines of their own. */
const STRIDE = 16;

export function shareDealing(parts: { workers: number; rows: number }): DealingShared {
  const heads = new SharedArrayBuffer(parts.workers * STRIDE * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(heads).fill(NONE);
  return { heads, links: new SharedArrayBuffer(parts.rows * Int32Array.BYTES_PER_ELEMENT) };
}

export class Dealing {
  readonly #heads: Int32Array;
  readonly #links: Int32Array;

  constructor(shared: DealingShared) {
    this.#heads = new Int32Array(shared.heads);
    this.#links = new Int32Array(shared.links);
  }

  deal(worker: number, row: number): void {
    const head = worker * STRIDE;
    let first = Atomics.load(this.#heads, head);
    for (;;) {
      this.#links[row] = first;
      const seen = Atomics.compareExchange(this.#heads, head, first, row);
      if (seen === first) return;
      first = seen;
    }
  }

  /** The rows that wait for this worker, oldest first. */
  take(worker: number): number[] {
    const rows = [];
    for (let row = Atomics.exchange(this.#heads, worker * STRIDE, NONE); row !== NONE; row = this.#links[row]) {
      rows.push(row);
    }
    return rows.reverse();
  }
}
