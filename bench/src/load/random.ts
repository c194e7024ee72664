// A seeded xorshift32 generator: the same seed gives the same run on every machine, for both servers of a
// comparison. Used by load-loop.ts (choice of keys, 90/10 draw) and key-space.ts (bytes of the value pattern).
// Not for secrets.
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0 || 0x9e3779b9 | 0;
  }

  /** A uniform integer from 0 to bound-1, for bounds far below 2^32 (the bias is bound / 2^32). */
  below(bound: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % bound;
  }
}
