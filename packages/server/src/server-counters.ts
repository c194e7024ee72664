/**
 * What the server itself counts: one name a counter, one row of a Float64Array a thread.
 *
 * A row is written by its own thread alone, with plain `row[ServerCounter.X]++`, and is never zeroed by
 * anybody else: an increment that races with a reset would bring the old count back. `stats reset`
 * stores the totals of that moment as a baseline instead, and reports show total − baseline.
 * Counts by size class (get_hits, cmd_set, …) belong to the store; cmd_get and cmd_touch are hits plus misses.
 */

export const ServerCounter = {
  GET_MISSES: 0,
  GET_EXPIRED: 1,
  GET_FLUSHED: 2,
  TOUCH_MISSES: 3,
  CMD_META: 4,
  DELETE_MISSES: 5,
  INCR_MISSES: 6,
  DECR_MISSES: 7,
  CAS_MISSES: 8,
  CMD_FLUSH: 9,
  STORE_TOO_LARGE: 10,
  STORE_NO_MEMORY: 11,
  IDLE_KICKS: 12,
  BYTES_READ: 13,
  BYTES_WRITTEN: 14,
  CONN_YIELDS: 15,
  READ_BUF_OOM: 16,
  TOTAL_CONNECTIONS: 17,
  REJECTED_CONNECTIONS: 18,
  LISTEN_DISABLED_NUM: 19,
  TIME_IN_LISTEN_DISABLED_US: 20,
  /** Entries that found the ring of their thread full, and entries that went in. */
  LOG_WORKER_DROPPED: 21,
  LOG_WORKER_WRITTEN: 22,
  /** Lines that found the outbox of a watcher full, and lines that went in. */
  LOG_WATCHER_SKIPPED: 23,
  LOG_WATCHER_SENT: 24,
  CMD_CONFIG_GET: 25,
  CMD_CONFIG_SET: 26,
  /** Connections closed because their reader stayed slow past the bound. */
  SLOW_READERS: 27,
  /** `lru_crawler metadump` and `mgdump` begun: memcached counts them among the crawler's starts. */
  KEY_DUMPS: 28,
} as const;
export type ServerCounter = (typeof ServerCounter)[keyof typeof ServerCounter];
export const SERVER_COUNTERS = 29;

/** Counters are padded to whole pairs of cache lines, so that two threads never write one line. */
const ROW_COUNTERS = Math.ceil(SERVER_COUNTERS / 16) * 16;

/** Memory for the rows of `rows` threads and, behind them, one row that holds the baseline of `stats reset`. */
export function shareCounters(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer((rows + 1) * ROW_COUNTERS * Float64Array.BYTES_PER_ELEMENT);
}

export class ServerCounters {
  readonly #buffer: SharedArrayBuffer;
  readonly #rows: Float64Array[];
  readonly #baseline: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    const rows = buffer.byteLength / (ROW_COUNTERS * Float64Array.BYTES_PER_ELEMENT) - 1;
    this.#buffer = buffer;
    this.#rows = Array.from({ length: rows }, (_, index) => this.#rowAt(index));
    this.#baseline = this.#rowAt(rows);
  }

  /** The row that thread number `index` adds to. */
  row(index: number): Float64Array {
    const row = this.#rows[index];
    if (row === undefined) throw new RangeError(`Cannot count: row ${index} of ${this.#rows.length} does not exist`);
    return row;
  }

  /** The sum over all threads since the last reset. */
  total(counter: number): number {
    return this.#sum(counter) - this.#baseline[counter];
  }

  reset(): void {
    for (let counter = 0; counter < SERVER_COUNTERS; counter++) this.#baseline[counter] = this.#sum(counter);
  }

  #sum(counter: number): number {
    let sum = 0;
    for (const row of this.#rows) sum += row[counter];
    return sum;
  }

  #rowAt(index: number): Float64Array {
    return new Float64Array(this.#buffer, index * ROW_COUNTERS * Float64Array.BYTES_PER_ELEMENT, SERVER_COUNTERS);
  }
}
