/**
 * Time as the pool sees it: now, and one call later. Everything in the pool that waits is given one, so that a test of many
 * minutes takes none. Times are milliseconds since 1970.
 *
 * The real one is set once, when the process starts, and then only runs: whoever sets the machine's clock back by an hour
 * holds up no drain and no restart for an hour. Times of an earlier daemon may be those of another clock; see `plan-terms.ts`.
 */
export interface PoolClock {
  nowMs(): number;
  /** Calls once, unless the answered function is called before. */
  later(call: () => void, afterMs: number): () => void;
}

export const SYSTEM_CLOCK: PoolClock = {
  nowMs: () => Math.floor(performance.timeOrigin + performance.now()),
  later: (call, afterMs) => {
    const timer = setTimeout(call, afterMs);
    return () => clearTimeout(timer);
  },
};
