/**
 * How long to wait before the next attempt: twice as long each time up to a bound, and a random part of it, so that
 * many daemons that lost the same server do not come back in step. Used for watches and leases of etcd.
 */
const LEAST_MS = 50;
const MOST_MS = 2_000;

export class RetryDelay {
  #attempts = 0;

  /** Forgets the failures: it worked. */
  reset(): void {
    this.#attempts = 0;
  }

  nextMs(): number {
    const ceiling = Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(this.#attempts++, 16));
    return ceiling / 2 + Math.random() * (ceiling / 2);
  }
}
