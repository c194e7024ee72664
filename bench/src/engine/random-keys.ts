// A seeded xorshift32 generator: the same keys in every run, so that two checkouts are compared on the same work.
// Used by workloads.ts for the choice of keys. Its low bits are good enough for that and for nothing secret.
// Stands beside bench/src/random.ts because the engine's rows must stay what they are while the load generator changes.
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A uniform integer from 0 to bound - 1, for bounds far below 2^32. */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }
}
