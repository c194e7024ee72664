/**
 * From prices to machines that are not here: what a server on many cores would do, and what would stop it first. Pure; called by model-section.ts.
 *
 * A worker a core. Every worker adds the same to the cost of an operation, however many there are: what a second thread on one store showed, drawn
 * on in a straight line. So n workers do n / (cost + added · (n − 1)) operations, which never passes 1 / added. Other limits are rates that no
 * number of cores lifts.
 */
import { costOf, type Price } from './model.js';
import { type Caches, countsOf, type Work } from './price-list.js';

export interface Forecast {
  readonly cores: number;
  readonly micros: number;
  readonly opsPerSecond: number;
  /** With what a worker adds as high and as low as it may be. */
  readonly low: number;
  readonly high: number;
}

/** What each further worker adds to an operation, and how far that may be off. */
export interface Added {
  readonly micros: number;
  readonly doubt: number;
}

/** Something that happens for every operation and cannot happen more often than this. */
export interface Ceiling {
  readonly name: string;
  readonly opsPerSecond: number;
}

export interface ReachedCeiling extends Ceiling {
  /** Workers that reach it; Infinity = none do. */
  readonly cores: number;
}

/** Where workers spend as much on each other as on the work. */
const HALF = 'workers in each other’s way: half of their time';

export class Forecaster {
  readonly #aloneMicros: number;
  readonly #added: Added;

  constructor(prices: readonly Price[], caches: Caches, work: Work, added: Added) {
    this.#aloneMicros = costOf(prices, countsOf(work, caches));
    this.#added = { ...added, micros: Math.max(0, added.micros) };
  }

  on(cores: number): Forecast {
    const { micros: added, doubt } = this.#added;
    const cost = (each: number): number => this.#aloneMicros + Math.max(0, each) * (cores - 1);
    const rate = (each: number): number => (cores * 1e6) / cost(each);
    return {
      cores,
      micros: cost(added),
      opsPerSecond: rate(added),
      low: rate(added + doubt),
      high: rate(added - doubt),
    };
  }

  /** Ceilings with the cores that reach them, the first one first. */
  reached(ceilings: readonly Ceiling[]): ReachedCeiling[] {
    const { micros: added } = this.#added;
    const reached = ceilings.map((ceiling) => ({ ...ceiling, cores: this.#coresFor(ceiling.opsPerSecond) }));
    const half = { name: HALF, opsPerSecond: 5e5 / added, cores: this.#aloneMicros / added + 1 };
    return [...reached, half]
      .filter(({ cores }) => Number.isFinite(cores))
      .sort((one, other) => one.cores - other.cores);
  }

  /** n of n / (alone + added · (n − 1)) = rate. */
  #coresFor(opsPerSecond: number): number {
    const { micros: added } = this.#added;
    const perMicro = opsPerSecond / 1e6;
    const rest = 1 - perMicro * added;
    return rest > 0 ? (perMicro * (this.#aloneMicros - added)) / rest : Number.POSITIVE_INFINITY;
  }
}
