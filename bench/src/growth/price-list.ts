/**
 * What an operation pays for: the names of the model's prices, and how often a point pays each. Pure; called by model-section.ts.
 *
 * Caches are shares, not measurements: of things that are asked for at random, as many are in a cache as fit it. A point whose keys take twice
 * the cache misses with every second key.
 */

import type { Observation } from './model.js';
import type { Point } from './points.js';
import type { Measured } from './sampling.js';
import { microsOf } from './sampling.js';
import type { Side } from './servers.js';

export const PRICES = [
  'readable event',
  'get',
  'set',
  'byte of a get',
  'byte of a set',
  'key beyond the second-level cache',
  'key beyond the third-level cache',
  'connection beyond the second-level cache',
  'sleep before every event',
] as const;

export interface Caches {
  readonly secondBytes: number;
  readonly thirdBytes: number;
}

/** What an operation is, as far as prices go. */
export interface Work {
  readonly verb: 'get' | 'set';
  readonly depth: number;
  readonly valueBytes: number;
  readonly keyCount: number;
  readonly busy: number;
}

/** An item with its key and header, its place in the table, and the share of its page that holds nothing. */
const BYTES_BESIDE_VALUE = 100;
/** Of the kernel's socket and of ours, what serving an event touches: an estimate. */
const TOUCHED_BYTES_OF_CONNECTION = 6 * 1024;

export function countsOf(work: Work, { secondBytes, thirdBytes }: Caches): number[] {
  const { verb, depth, valueBytes, keyCount, busy } = work;
  const events = 1 / depth;
  const isGet = verb === 'get' ? 1 : 0;
  const itemsBytes = keyCount * (valueBytes + BYTES_BESIDE_VALUE);
  return [
    events,
    isGet,
    1 - isGet,
    isGet * valueBytes,
    (1 - isGet) * valueBytes,
    shareBeyond(itemsBytes, secondBytes),
    shareBeyond(itemsBytes, thirdBytes),
    events * shareBeyond(busy * TOUCHED_BYTES_OF_CONNECTION, secondBytes),
    busy === 1 ? events : 0,
  ];
}

/**
 * Of servers with one worker and many keys. With two workers on two cores the generator shares a core with one of them, which changes what the
 * kernel bills to whom by more than a worker costs: that price comes from the store alone (contention.ts).
 */
export function observationsOf(all: readonly Measured[], side: Side, caches: Caches): Observation[] {
  return all
    .filter(({ point, samples }) => point.keyCount > 1 && point.setup.workers === 1 && samples[side].length > 0)
    .map(({ point, samples }) => ({
      label: labelOf(point),
      micros: microsOf(samples[side]),
      counts: countsOf(workOf(point), caches),
    }));
}

function workOf({ workload, keyCount, busy }: Point): Work {
  const { verb, depth, valueBytes } = workload;
  return { verb: verb === 'set' ? 'set' : 'get', depth, valueBytes, keyCount, busy };
}

function labelOf({ part, label, workload, keyCount }: Point): string {
  switch (part) {
    case 'workers':
      return label;
    case 'connections':
      return `get, connections: ${label}`;
    case 'keys':
      return `${label}, ${keyCount.toLocaleString('en')} keys`;
    case 'values':
      return `${label}, ${workload.valueBytes.toLocaleString('en')} bytes`;
  }
}

function shareBeyond(bytes: number, cacheBytes: number): number {
  return Math.max(0, 1 - cacheBytes / bytes);
}
