/**
 * What a node costs that nobody talks to: CPU, resident memory with one worker, and what each further worker adds.
 *
 * Called by bench.ts, on freshly started servers of its own; memcached stands beside them for scale. "No measurable CPU" is
 * at most CPU_LIMIT_MS_PER_SECOND, a thousandth of a core: memcached itself wakes up every second or oftener (clock, LRU
 * maintainer) and takes 0.1 to 0.3 ms a second, and ten times less than a thousandth drowns in what a virtual machine bills
 * to whoever runs. Stops what it starts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchOptions } from '../bench-options.js';
import { CpuReader } from '../machine/cpu-reader.js';
import { shoalCommand } from '../peers/contenders.js';
import { transportsOf, withField } from '../peers/field.js';
import { ServerProcess } from '../peers/server-process.js';
import { atMost, type Check, type Part } from './check.js';
import { median } from './table.js';

const CPU_LIMIT_MS_PER_SECOND = 1;
const RESIDENT_LIMIT_MIB = 90;
const WORKER_LIMIT_MIB = 15;
const SETTLE_MS = { quick: 1000, usual: 3000 };
const WINDOW_MS = { quick: 1000, usual: 2000 };
const WINDOWS = 5;
const MANY_WORKERS = 3;
const MIB = 2 ** 20;

export interface IdleSide {
  readonly name: string;
  /** Median of the windows, and the smallest and largest. */
  readonly cpuMsPerSecond: number;
  readonly cpuRange: readonly [number, number];
  readonly residentMib: number;
  /** Of Shoal: what each worker beyond the first adds. */
  readonly workerMib?: number;
}

export async function measureIdle(options: BenchOptions): Promise<Part> {
  const length = options.isQuick ? 'quick' : 'usual';
  const plan = { workers: 1, transports: transportsOf(options, ['epoll', 'uring']), isPinned: false };
  const sides = await withField(options, plan, async ({ peer, peerName, shoals }) => {
    const many: ServerProcess[] = [];
    try {
      for (const { transport } of shoals) {
        many.push(await ServerProcess.start(shoalCommand({ ...options, transport, workers: MANY_WORKERS }), []));
      }
      await delay(SETTLE_MS[length]);
      const [first, ...mine] = await idleOf([peer, ...shoals.map(({ server }) => server)], WINDOW_MS[length]);
      return [
        { name: peerName, ...first },
        ...shoals.map(({ transport }, i) => ({
          name: `Shoal, ${transport}`,
          ...mine[i],
          workerMib: (residentMib(many[i]) - mine[i].residentMib) / (MANY_WORKERS - 1),
        })),
      ];
    } finally {
      await Promise.all(many.map((server) => server.stop()));
    }
  });
  return {
    section: { id: 'idle', title: 'A node that nobody talks to', markdown: textOf(sides), data: sides, charts: [] },
    checks: sides.slice(1).flatMap(checksOf),
  };
}

type Idle = Omit<IdleSide, 'name' | 'workerMib'>;

async function idleOf(servers: readonly ServerProcess[], windowMs: number): Promise<Idle[]> {
  const readers = servers.map(({ pid }) => new CpuReader(pid));
  const samples: number[][] = readers.map(() => []);
  for (let window = 0; window < WINDOWS; window++) {
    const before = readers.map((reader) => reader.nanos());
    const startMs = performance.now();
    await delay(windowMs);
    const seconds = (performance.now() - startMs) / 1000;
    readers.forEach((reader, i) => {
      samples[i].push((reader.nanos() - before[i]) / 1e6 / seconds);
    });
  }
  return servers.map((server, i) => ({
    cpuMsPerSecond: median(samples[i]),
    cpuRange: [Math.min(...samples[i]), Math.max(...samples[i])],
    residentMib: residentMib(server),
  }));
}

function residentMib({ pid }: ServerProcess): number {
  return new CpuReader(pid).residentBytes() / MIB;
}

export function checksOf({ name, cpuMsPerSecond, residentMib, workerMib = Number.NaN }: IdleSide): Check[] {
  const transport = name.replace('Shoal, ', '');
  const line = (id: string, label: string, figure: { value: number; limit: number; unit: string }): Check =>
    atMost({ id: `${transport}/${id}`, label: `${label} (${transport})`, ...figure });
  return [
    line('idle-cpu', 'idle: CPU', { value: cpuMsPerSecond, limit: CPU_LIMIT_MS_PER_SECOND, unit: 'ms/s' }),
    line('idle-memory', 'idle: resident, -t 1', { value: residentMib, limit: RESIDENT_LIMIT_MIB, unit: 'MiB' }),
    line('idle-worker', 'idle: each further worker', { value: workerMib, limit: WORKER_LIMIT_MIB, unit: 'MiB' }),
  ];
}

function textOf(sides: readonly IdleSide[]): string {
  const lines = sides.map(({ name, cpuMsPerSecond, cpuRange, residentMib, workerMib }) => {
    const range = cpuRange.map((value) => value.toFixed(2)).join('–');
    const worker = workerMib === undefined ? '' : workerMib.toFixed(1);
    return `| ${name} | ${cpuMsPerSecond.toFixed(2)} | ${range} | ${residentMib.toFixed(1)} | ${worker} |`;
  });
  return [
    '| server, `-t 1` | CPU ms/s | in windows | resident MiB | each further worker MiB |',
    '|---|---:|---:|---:|---:|',
    ...lines,
    '',
    `Goals: CPU ≤ ${CPU_LIMIT_MS_PER_SECOND} ms a second (a thousandth of a core; see bench/README.md), resident ≤ ${RESIDENT_LIMIT_MIB} MiB, ` +
      `each further worker ≤ ${WORKER_LIMIT_MIB} MiB. Median of ${WINDOWS} windows.`,
  ].join('\n');
}
