/**
 * Time as the pool sees it: now, and one call later. Everything in the pool that waits is given one, so that a test of many
 * minutes takes none. Times are milliseconds since 1970.
 */
export interface PoolClock {
  nowMs(): number;
  /** Calls once, unless the answered function is called before. */
  later(call: () => void, afterMs: number): () => void;
}

export const SYSTEM_CLOCK: PoolClock = {
  nowMs: () => Date.now(),
  later: (call, afterMs) => {
    const timer = setTimeout(call, afterMs);
    return () => clearTimeout(timer);
  },
};
