/**
 * The judged lines of cache quality: items held and hit ratio at the same `-m` as memcached.
 *
 * Called by bench.ts; the measuring is quality/'s. These are counts, not times: neighbours do not move them, and one run is
 * enough. Shoal runs on the transport that it takes by itself, because none of this depends on it.
 */
import type { BenchOptions } from '../bench-options.js';
import { peerCommand, shoalCommand } from '../peers/contenders.js';
import { compareHitRatio, compareItemsHeld, ITEMS_HELD_VALUE_BYTES, type Servers } from '../quality/index.js';
import { barChart } from '../report/chart.js';
import { atLeast, type Part } from './check.js';

const ITEMS_MIB = { quick: 16, usual: 64 };
const HITS_MIB = { quick: 8, usual: 16 };
const MEAN_GOAL = 1.1;
const EACH_GOAL = 1;
const PATTERNS = [
  { pattern: 'zipf-1.0', label: 'Zipf 1.0' },
  { pattern: 'zipf-1.0-scans', label: 'Zipf 1.0 with scans' },
] as const;

export async function measureItems(options: BenchOptions): Promise<Part> {
  const memoryMiB = ITEMS_MIB[lengthOf(options)];
  console.error(`items held with -m ${memoryMiB}`);
  const held = await compareItemsHeld({ servers: serversOf(options), valueBytes: ITEMS_HELD_VALUE_BYTES, memoryMiB });
  const mean = held.reduce((sum, { ratio }) => sum + ratio, 0) / held.length;
  const least = Math.min(...held.map(({ ratio }) => ratio));
  const lines = held.map(({ valueBytes, shoal, memcached, ratio }) => {
    const counts = [shoal, memcached].map((items) => items.toLocaleString('en'));
    return `| ${valueBytes.toLocaleString('en')} | ${counts.join(' | ')} | ${ratio.toFixed(3)} |`;
  });
  const unit = "× memcached's";
  return {
    section: {
      id: 'items',
      title: `Items held with -m ${memoryMiB}`,
      markdown: [
        '| value bytes | Shoal | memcached | ratio |',
        '|---:|---:|---:|---:|',
        ...lines,
        '',
        `Mean ${mean.toFixed(3)} (goal ≥ ${MEAN_GOAL.toFixed(2)}), smallest ${least.toFixed(3)} (goal ≥ ${EACH_GOAL.toFixed(2)}).`,
      ].join('\n'),
      data: { memoryMiB, mean, held },
      charts: [
        {
          name: 'items',
          svg: barChart({
            title: `Items held with -m ${memoryMiB}, memcached = 1 (higher is better)`,
            yLabel: 'ratio',
            categories: held.map(({ valueBytes }) => `${valueBytes.toLocaleString('en')} B`),
            series: [
              { name: 'memcached', values: held.map(() => 1) },
              { name: 'Shoal', values: held.map(({ ratio }) => Math.round(ratio * 1000) / 1000) },
            ],
          }),
        },
      ],
    },
    checks: [
      atLeast({ id: 'items-mean', label: 'items held, mean of the sizes', value: mean, limit: MEAN_GOAL, unit }),
      atLeast({ id: 'items-least', label: 'items held, worst size', value: least, limit: EACH_GOAL, unit }),
    ],
  };
}

export async function measureHits(options: BenchOptions): Promise<Part> {
  const memoryMiB = HITS_MIB[lengthOf(options)];
  const found: { pattern: string; label: string; shoal: number; memcached: number }[] = [];
  for (const { pattern, label } of PATTERNS) {
    console.error(`hit ratio with -m ${memoryMiB}, ${label}`);
    const ratios = await compareHitRatio({ servers: serversOf(options), pattern, memoryMiB });
    found.push({ pattern, label, ...ratios });
  }
  const lines = found.map(
    ({ label, shoal, memcached }) =>
      `| ${label} | ${(shoal * 100).toFixed(2)} % | ${(memcached * 100).toFixed(2)} % | ${(shoal / memcached).toFixed(3)} |`,
  );
  return {
    section: {
      id: 'hits',
      title: `Hit ratio with -m ${memoryMiB}`,
      markdown: ['| keys asked for | Shoal | memcached | ratio |', '|---|---:|---:|---:|', ...lines].join('\n'),
      data: { memoryMiB, found },
      charts: [],
    },
    checks: found.map(({ pattern, label, shoal, memcached }) =>
      atLeast({
        id: `hits-${pattern}`,
        label: `hit ratio, ${label}`,
        value: shoal / memcached,
        limit: 1,
        unit: "× memcached's",
      }),
    ),
  };
}

/** Both with the flags of the other parts; `-m` is put behind them and wins. */
export function serversOf(options: BenchOptions): Servers {
  const transport = options.transports?.[0] ?? 'auto';
  return {
    shoal: shoalCommand({ ...options, transport, workers: 1 }),
    memcached: peerCommand({ ...options, transport, workers: 1 }),
  };
}

function lengthOf({ isQuick }: BenchOptions): 'quick' | 'usual' {
  return isQuick ? 'quick' : 'usual';
}
