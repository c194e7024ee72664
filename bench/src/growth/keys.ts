/**
 * Cost with more keys, and latency while the table grows under them.
 *
 * Called by index.ts. Up to a million keys both servers hold all of them and take turns. The ten million take 2 GiB a server, so there one
 * follows the other: it grows from nothing to all keys while gets are timed, goes on with sets of the same keys, and is then asked.
 */
import type { Section } from '../report/section.js';
import { costChart, expansionChart } from './charts.js';
import { type Expansion, runExpansion } from './expansion-run.js';
import { pointData, pointTable, tableOf, wholeText } from './point-table.js';
import { keyPoints, MOST_KEYS, MOST_KEYS_SETUP } from './points.js';
import { generatorCore, type Measured, type Sampling, takeSample } from './sampling.js';
import { SIDES, type Side, startServer } from './servers.js';
import { isExpandingIn, type Latency, latencyOf, type Window } from './windows.js';

/** Of sets of keys that are there already, in multiples of a sample. */
const STEADY_SAMPLES = 5;

export interface MostKeys {
  readonly expansions: Readonly<Record<Side, Expansion>>;
  readonly measured: readonly Measured[];
}

export async function measureMostKeys(sampling: Sampling, keyCount = MOST_KEYS): Promise<MostKeys> {
  const measured = keyPoints(keyCount, MOST_KEYS_SETUP).map(
    (point): Measured => ({ point, samples: { Shoal: [], memcached: [] }, firstCrowd: {} }),
  );
  const expansions: Partial<Record<Side, Expansion>> = {};
  for (const side of SIDES) expansions[side] = await growAndAsk(side, measured, sampling, keyCount);
  return { expansions: expansions as Record<Side, Expansion>, measured };
}

async function growAndAsk(
  side: Side,
  measured: readonly Measured[],
  sampling: Sampling,
  keyCount: number,
): Promise<Expansion> {
  const { plan } = sampling;
  const server = await startServer(side, plan, MOST_KEYS_SETUP);
  try {
    console.error(`keys: ${side} grows to ${keyCount} keys`);
    const core = generatorCore(MOST_KEYS_SETUP);
    const expansion = await runExpansion(server, { keyCount, steadySeconds: plan.seconds * STEADY_SAMPLES, core });
    for (let round = 0; round <= plan.rounds; round++) {
      for (const { point, samples } of measured) {
        const sample = await takeSample(point, sampling, { server, round, isStored: true });
        if (round > 0) samples[side].push(sample);
      }
    }
    return expansion;
  } finally {
    await server.stop();
  }
}

export function keysSection(all: readonly Measured[], { expansions, measured }: MostKeys): Section {
  const points = [...all, ...measured];
  return {
    id: 'growth-keys',
    title: 'Keys',
    markdown: [
      pointTable(points, [
        { head: 'work', of: ({ point }) => point.label },
        { head: 'keys', of: ({ point }) => point.keyCount.toLocaleString('en') },
      ]),
      '',
      `Latency of lone gets beside sets in batches of 16, while a table grows from nothing to ${expansions.Shoal.keyCount.toLocaleString('en')} keys:`,
      '',
      expansionTable(expansions),
    ].join('\n'),
    data: {
      points: pointData(points),
      expansions: Object.fromEntries(SIDES.map((side) => [side, expansionData(expansions[side])])),
    },
    charts: [
      costChart(
        { name: 'growth-keys', title: 'Cost with more keys', xLabel: 'keys' },
        points,
        ({ point }) => point.keyCount,
      ),
      expansionChart(expansions),
    ],
  };
}

interface Stage {
  readonly name: string;
  readonly windows: readonly Window[];
}

/** memcached's table grows at times, Shoal's with nearly every key. */
export function stagesOf({ growing, steady, states }: Expansion): Stage[] {
  return [
    { name: 'new keys, table growing', windows: growing.filter((window) => isExpandingIn(window, states)) },
    { name: 'new keys, table as it is', windows: growing.filter((window) => !isExpandingIn(window, states)) },
    { name: 'the same keys again', windows: steady },
  ];
}

function expansionTable(expansions: Readonly<Record<Side, Expansion>>): string {
  const lines = SIDES.flatMap((side) =>
    stagesOf(expansions[side]).map(({ name, windows }) => [side, name, ...latencyCells(windows)]),
  );
  const heads = ['server', 'stage', 'seconds', 'sets/s', 'gets', 'p50 µs', 'p99 µs', 'p99.9 µs', 'max µs'];
  return tableOf(heads, lines);
}

function latencyCells(windows: readonly Window[]): string[] {
  const latency = latencyOf(windows);
  if (latency === undefined) return ['0', ...Array.from({ length: 6 }, () => '–')];
  const seconds = windows.reduce((sum, { lengthMs }) => sum + lengthMs, 0) / 1000;
  const { setsPerSecond, gets, p50, p99, p999, max }: Latency = latency;
  return [seconds.toFixed(1), ...[setsPerSecond, gets, p50, p99, p999, max].map(wholeText)];
}

/** A line a window: what a chart or a closer look needs. */
function expansionData({ growing, steady, states }: Expansion): unknown {
  const lines = (windows: readonly Window[]): unknown[] =>
    windows.map((window) => ({
      keys: window.keys,
      sets: window.sets,
      isExpanding: isExpandingIn(window, states),
      ...latencyOf([window]),
    }));
  return { growing: lines(growing), steady: lines(steady) };
}
