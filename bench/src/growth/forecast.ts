/**
 * From prices to machines that are not here: what a server on many cores would do, and what would stop it first. Pure; called by model-section.ts.
 *
 * A worker a core. Every worker adds the same to the cost of an operation, however many there are: what two workers showed, drawn on in a straight
 * line. So n workers do n / (cost + added · (n − 1)) operations, which never passes 1 / added. Other limits are rates that no core count lifts.
 */
import type { Price } from './model.js';
import { costOf } from './model.js';
import { type Caches, countsOf, WORKER_PRICES, type Work } from './price-list.js';

export interface Forecast {
  readonly cores: number;
  readonly micros: number;
  readonly opsPerSecond: number;
  /** With the workers' prices two standard errors higher and lower. */
  readonly low: number;
  readonly high: number;
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

const STANDARD_ERRORS = 2;
/** Where workers spend as much on each other as on the work. */
const HALF = 'workers in each other’s way: half of a core’s worth';

export function forecast(
  prices: readonly Price[],
  work: Omit<Work, 'workers'>,
  caches: Caches,
  cores: number,
): Forecast {
  const counts = countsOf({ ...work, workers: cores }, caches);
  const micros = costOf(prices, counts);
  const doubt = STANDARD_ERRORS * workersDoubt(prices, counts);
  const alone = costOf(prices, countsOf({ ...work, workers: 1 }, caches));
  const rate = (cost: number): number => (cores * 1e6) / cost;
  return {
    cores,
    micros,
    opsPerSecond: rate(micros),
    low: rate(micros + doubt),
    high: rate(Math.max(alone, micros - doubt)),
  };
}

function workersDoubt(prices: readonly Price[], counts: readonly number[]): number {
  return WORKER_PRICES.reduce((sum, index) => sum + (prices[index].standardError || 0) * counts[index], 0);
}

/** Ceilings with the cores that reach them, the first one first. */
export function reachedCeilings(
  prices: readonly Price[],
  work: Omit<Work, 'workers'>,
  caches: Caches,
  ceilings: readonly Ceiling[],
): ReachedCeiling[] {
  const alone = costOf(prices, countsOf({ ...work, workers: 1 }, caches));
  const added = costOf(prices, countsOf({ ...work, workers: 2 }, caches)) - alone;
  const reached = ceilings.map((ceiling) => ({ ...ceiling, cores: coresFor(ceiling.opsPerSecond, alone, added) }));
  const half = {
    name: HALF,
    opsPerSecond: added > 0 ? 5e5 / added : Number.POSITIVE_INFINITY,
    cores: alone / added + 1,
  };
  return [...reached, half].filter(({ cores }) => Number.isFinite(cores)).sort((one, other) => one.cores - other.cores);
}

/** n of n / (alone + added · (n − 1)) = rate. */
function coresFor(opsPerSecond: number, alone: number, added: number): number {
  const perMicro = opsPerSecond / 1e6;
  const rest = 1 - perMicro * added;
  return rest > 0 ? (perMicro * (alone - added)) / rest : Number.POSITIVE_INFINITY;
}
