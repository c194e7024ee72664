/**
 * What a second worker costs: CPU per operation of Shoal with two workers over that with one, on keys that no two connections
 * share and on one key that all want.
 *
 * Called by bench.ts. The load is nine gets to one set, so that the hot key's stripe is written as well as read. Two workers halve
 * the connections of each, and with them the requests that a wake-up finds, which is dearer a request and has nothing to do with
 * sharing. So the batches that are judged are long: a wake-up costs them next to nothing, and what one worker pays for the other's
 * locks and cache lines is all that is left to differ. Short batches stand beside them without a goal. On two cores the second
 * worker has to share its core with the generator: see the section's text for what is made of that.
 */
import { availableParallelism } from 'node:os';
import type { BenchOptions } from '../bench-options.js';
import { LOAD_DEFAULTS } from '../load/load-options.js';
import { turnsOf } from '../load/turns-process.js';
import { pinnedTo } from '../machine/pinning.js';
import { shoalCommand } from '../peers/contenders.js';
import { mayBeMissing, transportsOf } from '../peers/field.js';
import { ServerProcess } from '../peers/server-process.js';
import { atMost, type Check, type Part } from './check.js';
import { target } from './operations.js';
import type { AskedTransport } from './rows.js';
import { type Figures, figuresOf, median, quantile, ratiosOf } from './table.js';

const WORKERS = [1, 2] as const;
const LIMIT = 1.1;
const SHARES = [
  { id: 'disjoint', label: 'disjoint keys', keyCount: LOAD_DEFAULTS.keyCount, areKeysOwn: true },
  { id: 'hot', label: 'one hot key', keyCount: 1, areKeysOwn: false },
] as const;
const WORKLOAD = { verb: 'mix', dialect: 'text', keysPerGet: 1, valueBytes: 100 } as const;
const JUDGED_DEPTH = 100;
const DEPTHS = [JUDGED_DEPTH, 16] as const;

export interface WorkersRow {
  readonly transport: string;
  readonly id: string;
  readonly label: string;
  /** Requests of a batch. */
  readonly depth: number;
  readonly one: Figures;
  readonly two: Figures;
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
}

export async function measureTwoWorkers(options: BenchOptions): Promise<Part> {
  const rows: WorkersRow[] = [];
  for (const transport of transportsOf(options, ['epoll', 'uring'])) rows.push(...(await rowsOf(options, transport)));
  return {
    section: {
      id: 'workers',
      title: 'Two workers against one',
      markdown: textOf(rows),
      data: rows,
      charts: [],
    },
    checks: options.against === undefined ? rows.filter(isJudged).map(checkOf) : [],
  };
}

async function rowsOf(options: BenchOptions, transport: AskedTransport): Promise<WorkersRow[]> {
  const cores = Math.min(2, availableParallelism());
  const pinning = pinnedTo(Array.from({ length: cores }, (_, core) => core).join(','));
  const servers: ServerProcess[] = [];
  try {
    for (const workers of WORKERS) {
      servers.push(await ServerProcess.start(shoalCommand({ ...options, transport, workers }), pinning.command));
    }
    const said = (await servers[0].setting('transport')) ?? transport;
    const rows: WorkersRow[] = [];
    for (const depth of DEPTHS) {
      for (const share of SHARES) rows.push({ transport: said, ...(await measureRow(options, servers, share, depth)) });
    }
    return rows;
  } catch (error) {
    if (servers.length > 0 || !mayBeMissing(transport, options)) throw error;
    return [];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function measureRow(
  options: BenchOptions,
  servers: readonly ServerProcess[],
  { id, label, ...keys }: (typeof SHARES)[number],
  depth: number,
): Promise<Omit<WorkersRow, 'transport'>> {
  const [one, two] = await turnsOf({
    ...keys,
    targets: servers.map((server, i) => target(server, options.warmupSeconds * WORKERS[i])),
    workload: { ...WORKLOAD, depth },
    connections: LOAD_DEFAULTS.connections,
    windows: options.windows,
    windowSeconds: options.seconds,
    seed: LOAD_DEFAULTS.seed,
    cpu: Math.min(2, availableParallelism() - 1),
  });
  const ratios = ratiosOf(two, one);
  const quartiles = [quantile(ratios, 0.25), quantile(ratios, 0.75)] as const;
  const ratio = median(ratios);
  console.error(`two workers, ${label}, ${depth} a batch: ${ratio.toFixed(2)} × the CPU of one`);
  return { id, label, depth, one: figuresOf(one), two: figuresOf(two), ratio, quartiles };
}

function isJudged({ depth }: WorkersRow): boolean {
  return depth === JUDGED_DEPTH;
}

function checkOf({ transport, id, label, ratio }: WorkersRow): Check {
  return atMost({
    id: `${transport}/workers-${id}`,
    label: `two workers against one, ${label} (${transport})`,
    value: ratio,
    limit: LIMIT,
    unit: "× one worker's CPU",
  });
}

function textOf(rows: readonly WorkersRow[]): string {
  const shared = availableParallelism() < 3;
  const lines = rows.map((row) => {
    const { transport, label, depth, one, two, ratio, quartiles } = row;
    const cells = [
      `${label}, ${transport}`,
      String(depth),
      one.cpuMicrosPerOp.toFixed(2),
      two.cpuMicrosPerOp.toFixed(2),
      ratio.toFixed(3),
      quartiles.map((value) => value.toFixed(2)).join('–'),
      isJudged(row) ? `≤ ${LIMIT.toFixed(2)}` : '',
      Math.round(one.opsPerSecond).toLocaleString('en'),
      Math.round(two.opsPerSecond).toLocaleString('en'),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| Shoal, 90 % get | batch | 1 worker µs/op | 2 workers µs/op | ratio | quartiles | goal | 1 worker ops/s | 2 workers ops/s |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
    '',
    SHORT_BATCHES,
    shared ? SHARED_CORES : OWN_CORES,
  ].join('\n');
}

const SHORT_BATCHES = `In short batches a good part of the price is that of waking up, and two workers wake up for half as many connections at a time. That is
no cost of sharing, so they have no goal.`;
const OWN_CORES = 'Both servers may use cores 0 and 1; the generator has core 2.';
const SHARED_CORES = `Both servers may use both cores, and the generator is bound to core 1, so the second worker gets what the generator leaves of
it. CPU of the server's threads alone is counted. Sharing a core works in both directions: the worker is interrupted, with cold caches after,
but it is woken on the spot and finds the generator's bytes in its own cache, and requests that piled up meanwhile share a wake-up. Throughput
with two workers says nothing here. What the ratio can show on two cores is whether locks and shared lines make an operation dearer; that
it scales needs more cores.`;
