/**
 * What happens when all memory belongs to one size class and the traffic turns to another: memcached's calcification case.
 *
 * Used by index.ts. Both servers are filled with small values; from then on only large ones are asked for, read-through, at a
 * steady pace, and the hit ratio is taken each second until both have it back: within NEAR of what the same traffic reaches on
 * servers that never held anything else. Page movers work in real time, so the seconds are seconds. Bounded by SECONDS_MAX.
 */
import { Random } from '../load/random.js';
import { BATCH_KEYS, type BySide, type Pair, type PairPlan, pace, type Servers, SIDES, withPair } from './pair.js';
import { roomFor, shuffledKeys } from './request-stream.js';
import { Zipf } from './zipf.js';

export interface SizeShiftPlan {
  readonly servers: Servers;
  readonly memoryMiB: number;
  readonly seed: number;
}

export interface SizeShift {
  readonly smallBytes: number;
  readonly largeBytes: number;
  readonly requestsPerSecond: number;
  /** The ratio without a history. */
  readonly settled: BySide<number>;
  /** Hit ratio of each second since the shift. */
  readonly ratios: BySide<readonly number[]>;
  /** Seconds after which the ratio stayed near the settled one; null: not within SECONDS_MAX. */
  readonly backAfterSeconds: BySide<number | null>;
}

const SMALL_BYTES = 100;
const LARGE_BYTES = 1000;
const REQUESTS_PER_SECOND = 20_000;
const SETTLING_REQUESTS_PER_SECOND = 100_000;
const KEYS_PER_ROOM = 4;
const SETTLING_REQUESTS_PER_KEY = 2;
/** How far below the settled ratio a second may lie. */
const NEAR = 0.02;
const SECONDS_MAX = 180;
/** Seconds in a row that count as having it back. */
const STAYS_SECONDS = 3;

export async function measureSizeShift({ servers, memoryMiB, seed }: SizeShiftPlan): Promise<SizeShift> {
  const largeKeys = KEYS_PER_ROOM * roomFor(memoryMiB, LARGE_BYTES);
  const plan: PairPlan = {
    servers,
    memoryMiB,
    valueBytes: (key) => (key < largeKeys ? LARGE_BYTES : SMALL_BYTES),
  };
  const traffic = () => new Zipf(new Random(seed), { ranks: largeKeys, exponent: 1 });
  const settled = await withPair(plan, async (pair) => {
    await pair.both((client) => client.store(shuffledKeys(largeKeys, seed)));
    const requests = SETTLING_REQUESTS_PER_KEY * largeKeys;
    const zipf = traffic();
    await ratioOver(pair, zipf, { requests: requests / 2, perSecond: SETTLING_REQUESTS_PER_SECOND });
    return ratioOver(pair, zipf, { requests: requests / 2, perSecond: SETTLING_REQUESTS_PER_SECOND });
  });
  const ratios = await withPair(plan, async (pair) => {
    const smallCount = 2 * roomFor(memoryMiB, SMALL_BYTES);
    await pair.both((client) => client.store(Int32Array.from({ length: smallCount }, (_, index) => largeKeys + index)));
    return ratiosUntilBack(pair, traffic(), settled);
  });
  const backAfterSeconds = {
    shoal: backAfter(ratios.shoal, settled.shoal),
    memcached: backAfter(ratios.memcached, settled.memcached),
  };
  return {
    smallBytes: SMALL_BYTES,
    largeBytes: LARGE_BYTES,
    requestsPerSecond: REQUESTS_PER_SECOND,
    settled,
    ratios,
    backAfterSeconds,
  };
}

async function ratiosUntilBack(pair: Pair, zipf: Zipf, settled: BySide<number>): Promise<BySide<number[]>> {
  const ratios: BySide<number[]> = { shoal: [], memcached: [] };
  for (let second = 0; second < SECONDS_MAX; second++) {
    const ratio = await ratioOver(pair, zipf, { requests: REQUESTS_PER_SECOND, perSecond: REQUESTS_PER_SECOND });
    for (const side of SIDES) ratios[side].push(ratio[side]);
    if (SIDES.every((side) => backAfter(ratios[side], settled[side]) !== null)) break;
  }
  return ratios;
}

/** The first second from which on the ratio is near the settled one for as long as it takes. */
export function backAfter(ratios: readonly number[], settled: number): number | null {
  let near = 0;
  for (let second = 0; second < ratios.length; second++) {
    near = ratios[second] >= settled - NEAR ? near + 1 : 0;
    if (near === STAYS_SECONDS) return second + 1 - STAYS_SECONDS;
  }
  return null;
}

async function ratioOver(
  pair: Pair,
  zipf: Zipf,
  { requests, perSecond }: { requests: number; perSecond: number },
): Promise<BySide<number>> {
  const hits = { shoal: 0, memcached: 0 };
  const found = { shoal: new Uint8Array(BATCH_KEYS), memcached: new Uint8Array(BATCH_KEYS) };
  const keys = new Int32Array(BATCH_KEYS);
  const startMs = performance.now();
  let asked = 0;
  while (asked < requests) {
    for (let i = 0; i < BATCH_KEYS; i++) keys[i] = zipf.next();
    await pair.both((client, side) => client.readThrough(keys, found[side]));
    for (const side of SIDES) for (const hit of found[side]) hits[side] += hit;
    asked += BATCH_KEYS;
    await pace(startMs, asked, perSecond);
  }
  return { shoal: hits.shoal / asked, memcached: hits.memcached / asked };
}
