/**
 * Draws ranks from a Zipf distribution: rank r of n comes with a probability in proportion to 1 / (r + 1)^s.
 *
 * Used by request-stream.ts. The alias method (Vose): two tables of n entries made once, then two random numbers and two
 * loads a draw whatever s is. Exact for any s ≥ 0; bounded by 16 bytes an entry while the tables are made.
 */
import type { Random } from '../load/random.js';

/** Steps in which a threshold is compared: finer than any probability that a run could tell. */
const THRESHOLD_STEPS = 2 ** 30;

export class Zipf {
  readonly #random: Random;
  readonly #thresholds: Int32Array;
  readonly #aliases: Int32Array;

  constructor(random: Random, { ranks, exponent }: { ranks: number; exponent: number }) {
    this.#random = random;
    this.#thresholds = new Int32Array(ranks);
    this.#aliases = new Int32Array(ranks);
    this.#fill(zipfProbabilities(ranks, exponent));
  }

  /** A rank from 0, the most frequent, to ranks - 1. */
  next(): number {
    const rank = this.#random.below(this.#thresholds.length);
    return this.#random.below(THRESHOLD_STEPS) < this.#thresholds[rank] ? rank : this.#aliases[rank];
  }

  /** Gives every column the mean weight: its own rank's, filled up from one that has too much. */
  #fill(weights: Float64Array): void {
    const count = weights.length;
    const poor = new Int32Array(count);
    const rich = new Int32Array(count);
    let poorCount = 0;
    let richCount = 0;
    for (let rank = 0; rank < count; rank++) {
      weights[rank] *= count;
      if (weights[rank] < 1) poor[poorCount++] = rank;
      else rich[richCount++] = rank;
    }
    while (poorCount > 0 && richCount > 0) {
      const low = poor[--poorCount];
      const high = rich[richCount - 1];
      this.#thresholds[low] = Math.round(weights[low] * THRESHOLD_STEPS);
      this.#aliases[low] = high;
      weights[high] -= 1 - weights[low];
      if (weights[high] >= 1) continue;
      richCount--;
      poor[poorCount++] = high;
    }
    while (richCount > 0) this.#thresholds[rich[--richCount]] = THRESHOLD_STEPS;
    while (poorCount > 0) this.#thresholds[poor[--poorCount]] = THRESHOLD_STEPS;
  }
}

export function zipfProbabilities(ranks: number, exponent: number): Float64Array {
  const probabilities = new Float64Array(ranks);
  let sum = 0;
  for (let rank = 0; rank < ranks; rank++) sum += probabilities[rank] = (rank + 1) ** -exponent;
  for (let rank = 0; rank < ranks; rank++) probabilities[rank] /= sum;
  return probabilities;
}
