/**
 * Counters that every thread adds to in a row of its own and that are summed when somebody asks.
 *
 * A row is written by one thread only, with plain `row[Counter.X]++` on a Float64Array: no atomic
 * instruction, no cache line shared with another writer, exact up to 2^53. A reader may miss the last
 * few counts of a thread that runs. Rows are padded to 128 bytes, two cache lines.
 */

const ROW_ALIGN = 16;

export class CounterTable {
  readonly #rows: Float64Array[] = [];
  /** Subtracted from every sum: what had been counted at the last reset. */
  readonly #baseline: Float64Array;

  constructor(buffer: SharedArrayBuffer, width: number) {
    const stride = strideOf(width);
    this.#baseline = new Float64Array(buffer, 0, width);
    for (let at = stride; (at + stride) * 8 <= buffer.byteLength; at += stride) {
      this.#rows.push(new Float64Array(buffer, at * 8, width));
    }
  }

  /** Memory for `rows` rows of `width` counters and the baseline. */
  static allocate(width: number, rows: number): SharedArrayBuffer {
    return new SharedArrayBuffer(strideOf(width) * (rows + 1) * 8);
  }

  row(index: number): Float64Array {
    const row = this.#rows[index];
    if (row === undefined) throw new RangeError(`Cannot count: row ${index} of ${this.#rows.length} does not exist`);
    return row;
  }

  /** What was counted since the last reset. */
  total(counter: number): number {
    return this.#sum(counter) - this.#baseline[counter];
  }

  /** Starts counters `from` to `to` (excluded) anew; rows are never touched, for each has one writer. */
  reset(from: number, to: number): void {
    for (let counter = from; counter < to; counter++) this.#baseline[counter] = this.#sum(counter);
  }

  #sum(counter: number): number {
    let sum = 0;
    for (const row of this.#rows) sum += row[counter];
    return sum;
  }
}

function strideOf(width: number): number {
  return Math.ceil(width / ROW_ALIGN) * ROW_ALIGN;
}

/** Counts of the store itself, a row a thread. */
export const StoreCounter = {
  TOTAL_ITEMS: 0,
  SLABS_MOVED: 1,
  REASSIGN_RESCUES: 2,
  REASSIGN_CHUNK_RESCUES: 3,
  REASSIGN_INLINE_RECLAIMS: 4,
  REASSIGN_BUSY_ITEMS: 5,
  REASSIGN_BUSY_DELETES: 6,
  REASSIGN_BUSY_NO_MEMORY: 7,
  CRAWLER_STARTS: 8,
  MAINTAINER_JUGGLES: 9,
} as const;
export type StoreCounter = (typeof StoreCounter)[keyof typeof StoreCounter];
export const STORE_COUNTERS = 10;

/** Counts a size class, behind the store's in the same row: index `class * CLASS_COUNTERS + counter`. */
export const ClassCounter = {
  CMD_SET: 0,
  TOUCH_HITS: 1,
  DELETE_HITS: 2,
  INCR_HITS: 3,
  DECR_HITS: 4,
  CAS_HITS: 5,
  CAS_BADVAL: 6,
  /** Hits by the queue that held the item: HOT, WARM, COLD, TEMP follow each other. get_hits is their sum. */
  HITS_HOT: 7,
  HITS_WARM: 8,
  HITS_COLD: 9,
  HITS_TEMP: 10,
} as const;
export type ClassCounter = (typeof ClassCounter)[keyof typeof ClassCounter];
export const CLASS_COUNTERS = 11;
