/**
 * Hit ratios of both servers under the same read-through traffic: get, and on a miss set.
 *
 * Used by index.ts. Both are filled first with every key once, in a shuffled order, so that the measurement starts from full
 * memory; then the traffic runs, and its first half is not counted. Bounded by the number of requests in the plan.
 */
import { BATCH_KEYS, type BySide, type Pair, pace, type Servers, SIDES, withPair } from './pair.js';
import { type PatternName, type RequestStream, requestStream, shuffledKeys } from './request-stream.js';

export interface HitRatioPlan {
  readonly servers: Servers;
  readonly pattern: PatternName;
  readonly memoryMiB: number;
  readonly seed: number;
  /** Requests to each server in all; default: three times the keys. */
  readonly requests?: number;
  readonly requestsPerSecond?: number;
}

export interface HitRatios {
  readonly pattern: PatternName;
  readonly keys: number;
  readonly requests: number;
  /** Hits over requests, of the counted half. */
  readonly ratio: BySide<number>;
  /** The same without the requests of scans. */
  readonly mainRatio: BySide<number>;
  /** Items held at the end, and the bytes of pages they lie in: a class's first page may go beyond `-m`. */
  readonly items: BySide<number>;
  readonly takenBytes: BySide<number>;
}

const REQUESTS_PER_KEY = 3;
/** A batch never waits longer for a server than this leaves it for its maintenance. */
export const REQUESTS_PER_SECOND = 100_000;

interface Tally {
  hits: number;
  mainHits: number;
}

export function measureHitRatio(plan: HitRatioPlan): Promise<HitRatios> {
  const stream = requestStream(plan);
  return withPair({ ...plan, valueBytes: stream.valueBytes }, async (pair) => {
    const keys = shuffledKeys(stream.keyCount, plan.seed);
    await pair.both((client) => client.store(keys));
    const requests = plan.requests ?? REQUESTS_PER_KEY * stream.keyCount;
    const perSecond = plan.requestsPerSecond ?? REQUESTS_PER_SECOND;
    await run(pair, stream, { requests: requests / 2, perSecond });
    const counted = await run(pair, stream, { requests: requests / 2, perSecond });
    const items = await pair.statistic('curr_items');
    const takenBytes = await pair.statistic('total_malloced', 'slabs');
    return { pattern: plan.pattern, keys: stream.keyCount, requests, items, takenBytes, ...counted };
  });
}

interface Load {
  readonly requests: number;
  readonly perSecond: number;
}

async function run(pair: Pair, stream: RequestStream, { requests, perSecond }: Load): Promise<Ratios> {
  const tallies: BySide<Tally> = { shoal: { hits: 0, mainHits: 0 }, memcached: { hits: 0, mainHits: 0 } };
  const found = { shoal: new Uint8Array(BATCH_KEYS), memcached: new Uint8Array(BATCH_KEYS) };
  const keys = new Int32Array(BATCH_KEYS);
  const startMs = performance.now();
  let asked = 0;
  let mainAsked = 0;
  while (asked < requests) {
    for (let i = 0; i < BATCH_KEYS; i++) {
      keys[i] = stream.next();
      if (keys[i] < stream.mainKeys) mainAsked++;
    }
    await pair.both((client, side) => client.readThrough(keys, found[side]));
    for (const side of SIDES) count(tallies[side], found[side], keys, stream.mainKeys);
    asked += BATCH_KEYS;
    await pace(startMs, asked, perSecond);
  }
  return {
    ratio: { shoal: tallies.shoal.hits / asked, memcached: tallies.memcached.hits / asked },
    mainRatio: { shoal: tallies.shoal.mainHits / mainAsked, memcached: tallies.memcached.mainHits / mainAsked },
  };
}

type Ratios = Pick<HitRatios, 'ratio' | 'mainRatio'>;

function count(tally: Tally, hits: Uint8Array, keys: Int32Array, mainKeys: number): void {
  for (let i = 0; i < keys.length; i++) {
    tally.hits += hits[i];
    if (keys[i] < mainKeys) tally.mainHits += hits[i];
  }
}
