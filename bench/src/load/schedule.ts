/**
 * When requests are due in an open loop: independent arrivals at a mean rate (exponential gaps), the same for the same seed.
 *
 * Used by turns.ts. Latency counts from these moments, not from when a connection was free to send: a server that stalls
 * for 100 ms is charged with every request that was due in that time (what is called coordinated omission otherwise).
 * Seeded, so that both sides of a comparison get the same arrivals.
 */
import type { Random } from './random.js';

const DRAWS = 0x7fffffff;

export class Schedule {
  /** The next request's moment, in milliseconds of the caller's clock. */
  dueAt: number;
  private readonly random: Random;
  private readonly meanGapMs: number;

  constructor(startAt: number, perSecond: number, random: Random) {
    this.random = random;
    this.meanGapMs = 1000 / perSecond;
    this.dueAt = startAt;
    this.take();
  }

  /** The moment of the request that is due, and on to the next one. */
  take(): number {
    const taken = this.dueAt;
    const uniform = (this.random.below(DRAWS) + 1) / (DRAWS + 1);
    this.dueAt = taken - Math.log(uniform) * this.meanGapMs;
    return taken;
  }
}
