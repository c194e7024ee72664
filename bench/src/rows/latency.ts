/**
 * Latency at 50 % and 80 % of the measured capacity, open-loop and corrected for coordinated omission.
 *
 * Called by bench.ts; the load is single text gets. First each server's closed-loop throughput is measured; the smallest of
 * them is the capacity, so that all get the same absolute load in requests a second. Then requests are due by a schedule,
 * the same for all, and count from when they were due (load/schedule.ts).
 *
 * A virtual machine is stopped for a millisecond or more some times a second, whatever runs on it, and a thousandth of a second of requests
 * is then all from those moments: p99.9 of long windows compares the hypervisor with itself. So the windows are short, most of
 * them see no such stop, and the median window is what a server's own tail is. A server that stops itself in every other window
 * shows; what happens less often shows in the quartiles, and is measured by itself (bench/src/hygiene).
 */
import type { BenchOptions } from '../bench-options.js';
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { TurnTarget, TurnWindow } from '../load/turns.js';
import { turnsOf } from '../load/turns-process.js';
import { type Field, transportsOf, withField } from '../peers/field.js';
import { barChart } from '../report/chart.js';
import { atMost, type Check, type Part } from './check.js';
import { NATIVE_WARMUP_SECONDS, target } from './operations.js';
import { type Figures, figuresOf, quantile } from './table.js';

const LOADS = [0.5, 0.8] as const;
const JUDGED_LOAD = 0.5;
/** At 70,000 a second a window holds three or four of the slowest thousandth. */
const WINDOW_SECONDS = 0.05;
const WINDOWS_FACTOR = 10;
const CAPACITY_WINDOWS = 5;
/** The load that is judged has more windows than the other. */
const JUDGED_WINDOWS_FACTOR = 2;
const WORKLOAD = { verb: 'get', dialect: 'text', depth: 1, keysPerGet: 1, valueBytes: 100 } as const;

export interface LatencySide {
  readonly name: string;
  readonly figures: Figures;
  /** Median of the windows over the first side's; 1 for the first side. Not paired: what stops a window does not stop its neighbour. */
  readonly p999Ratio: number;
  /** Of the windows, in microseconds. */
  readonly p999Quartiles: readonly [number, number];
}

export interface LatencyAt {
  readonly load: number;
  readonly perSecond: number;
  readonly sides: readonly LatencySide[];
}

export async function measureLatency(options: BenchOptions): Promise<Part> {
  const plan = { workers: 1, transports: transportsOf(options, ['epoll', 'uring']) };
  const { peerName, found } = await withField(options, plan, async (field) => {
    const capacity = await capacityOf(field, options);
    const found: LatencyAt[] = [];
    for (const load of LOADS) found.push(await latencyAt(load, { field, options, capacity }));
    return { peerName: field.peerName, found };
  });
  return {
    section: {
      id: 'latency',
      title: 'Latency below full load',
      markdown: textOf(found, peerName),
      data: found,
      charts: [{ name: 'latency', svg: chartOf(found) }],
    },
    checks: options.against === undefined ? checksOf(found) : [],
  };
}

function targetsOf({ peer, shoals }: Field, shoalWarmup: number, perSecond?: number): TurnTarget[] {
  const rate = perSecond === undefined ? {} : { perSecond };
  return [
    { ...target(peer, NATIVE_WARMUP_SECONDS), ...rate },
    ...shoals.map(({ server }) => ({ ...target(server, shoalWarmup), ...rate })),
  ];
}

function planFor(field: Field) {
  const { connections, keyCount, seed } = LOAD_DEFAULTS;
  return { workload: WORKLOAD, connections, keyCount, seed, areKeysOwn: false, cpu: field.cores.generator };
}

async function capacityOf(field: Field, { warmupSeconds, seconds }: BenchOptions): Promise<number> {
  const windows = await turnsOf({
    ...planFor(field),
    targets: targetsOf(field, warmupSeconds),
    windows: CAPACITY_WINDOWS,
    windowSeconds: seconds,
  });
  return Math.min(...windows.map((side) => figuresOf(side).opsPerSecond));
}

interface Setting {
  readonly field: Field;
  readonly options: BenchOptions;
  readonly capacity: number;
}

async function latencyAt(load: number, { field, options, capacity }: Setting): Promise<LatencyAt> {
  const perSecond = capacity * load;
  const windows = await turnsOf({
    ...planFor(field),
    targets: targetsOf(field, NATIVE_WARMUP_SECONDS, perSecond),
    windows: WINDOWS_FACTOR * options.windows * (load === JUDGED_LOAD ? JUDGED_WINDOWS_FACTOR : 1),
    windowSeconds: WINDOW_SECONDS,
  });
  const names = ['memcached', ...field.shoals.map(({ transport }) => `Shoal, ${transport}`)];
  const sides = windows.map((side, i) => sideOf(names[i], side, figuresOf(windows[0])));
  const figures = sides.map(({ name, figures }) => `${name} ${figures.p999Micros.toFixed(0)} µs`);
  console.error(`p99.9 at ${load * 100} % (${Math.round(perSecond)}/s): ${figures.join(', ')}`);
  return { load, perSecond, sides };
}

function sideOf(name: string, windows: readonly TurnWindow[], first: Figures): LatencySide {
  const figures = figuresOf(windows);
  const tails = windows.map(({ latencyMicros }) => latencyMicros.p999);
  return {
    name,
    figures,
    p999Ratio: figures.p999Micros / first.p999Micros,
    p999Quartiles: [quantile(tails, 0.25), quantile(tails, 0.75)],
  };
}

function checksOf(found: readonly LatencyAt[]): Check[] {
  const judged = found.find(({ load }) => load === JUDGED_LOAD);
  return (judged?.sides.slice(1) ?? []).map(({ name, p999Ratio }) =>
    atMost({
      id: `${name.replace('Shoal, ', '')}/p999`,
      label: `p99.9 at 50 % load (${name.replace('Shoal, ', '')})`,
      value: p999Ratio,
      limit: 1,
      unit: "× memcached's",
    }),
  );
}

function textOf(found: readonly LatencyAt[], peerName: string): string {
  const lines = found.flatMap(({ load, perSecond, sides }) =>
    sides.map(({ name, figures, p999Ratio, p999Quartiles }) => {
      const quartiles = p999Quartiles.map((micros) => micros.toFixed(0)).join('–');
      const cells = [
        `${load * 100} %`,
        Math.round(perSecond).toLocaleString('en'),
        name,
        figures.p50Micros.toFixed(0),
        figures.p99Micros.toFixed(0),
        `${figures.p999Micros.toFixed(0)} (${quartiles})`,
        name === sides[0].name ? '' : p999Ratio.toFixed(2),
        figures.cpuMicrosPerOp.toFixed(2),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  return [
    `| load | gets/s | server | p50 µs | p99 µs | p99.9 µs (quartiles) | p99.9 over ${peerName} | server µs/op |`,
    '|---:|---:|---|---:|---:|---:|---:|---:|',
    ...lines,
    '',
    'One text get at a time on 50 connections, open-loop: requests are due by a schedule of independent arrivals, the same for all servers, wait for a',
    'free connection if they must, and count from when they were due to the last byte of the reply. The load is a share of the smallest closed-loop',
    `throughput of these servers. Medians of windows of ${WINDOW_SECONDS * 1000} ms: a hypervisor that takes a core away some times a second would`,
    'otherwise be all that p99.9 shows; the upper quartile shows it. The generator polls and so uses its core whole.',
  ].join('\n');
}

function chartOf(found: readonly LatencyAt[]): string {
  return barChart({
    title: 'Latency of a get below full load (µs, lower is better)',
    yLabel: 'µs',
    categories: found.flatMap(({ load }) => [
      `p50 at ${load * 100} %`,
      `p99 at ${load * 100} %`,
      `p99.9 at ${load * 100} %`,
    ]),
    series: found[0].sides.map(({ name }, i) => ({
      name,
      values: found.flatMap(({ sides }) => {
        const { p50Micros, p99Micros, p999Micros } = sides[i].figures;
        return [p50Micros, p99Micros, p999Micros];
      }),
    })),
  });
}
