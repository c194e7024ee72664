/**
 * What maintenance costs in latency: two servers, one with LRU maintainer, crawler and page mover, one without, measured in
 * turns by an open loop at a fixed rate while both get the same work to do beside it (stirrer.ts).
 *
 * Called by main.ts and index.ts. The counters of both are read at the end, to show that there was work.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { TurnWindow } from '../load/turns.js';
import { turnsOf } from '../load/turns-process.js';
import { SHOAL_BIN, sharedFlags } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import { median } from '../rows/table.js';
import { Stirrer } from './stirrer.js';

/** Small, so that it is soon full. */
const MEMORY_MIB = 64;
const WITHOUT = 'no_lru_maintainer,no_lru_crawler,slab_automove=0';
const KEYS = 1000;
const WARMUP_SECONDS = 3;
/** Until memory is full. */
const STIR_SECONDS = 20;
/** Not gets: an item may be evicted while the other server has its turn. */
const WORKLOAD = { verb: 'set', dialect: 'text', depth: 1, keysPerGet: 1, valueBytes: 100 } as const;
const COUNTERS = [
  'evictions',
  'expired_unfetched',
  'crawler_reclaimed',
  'lru_maintainer_juggles',
  'moves_to_cold',
  'slabs_moved',
  'hash_power_level',
] as const;

export interface StallPlan {
  readonly transport: string;
  readonly perSecond: number;
  readonly windows: number;
  readonly windowSeconds: number;
  readonly pinning: readonly string[];
}

export interface StallSide {
  readonly name: string;
  /** Medians of the windows. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  /** The median and the worst of the windows. */
  readonly maxMicros: number;
  readonly worstMicros: number;
  readonly counters: Readonly<Record<string, number>>;
}

export async function measureStalls(plan: StallPlan): Promise<StallSide[]> {
  const servers: ServerProcess[] = [];
  const stirrers: Stirrer[] = [];
  try {
    for (const flags of [[], ['-o', WITHOUT]]) servers.push(await startServer(plan, flags));
    for (const { port } of servers) stirrers.push(await Stirrer.start(port));
    await delay(STIR_SECONDS * 1000);
    const windows = await turnsOf({
      targets: servers.map(({ port, pid }) => ({
        port,
        pid,
        warmupSeconds: WARMUP_SECONDS,
        perSecond: plan.perSecond,
      })),
      workload: WORKLOAD,
      connections: LOAD_DEFAULTS.connections,
      keyCount: KEYS,
      areKeysOwn: false,
      windows: plan.windows,
      windowSeconds: plan.windowSeconds,
      seed: LOAD_DEFAULTS.seed,
      cpu: LOAD_DEFAULTS.cpu,
    });
    const names = ['with maintenance', 'without'];
    return await Promise.all(servers.map(async ({ port }, i) => sideOf(names[i], windows[i], await countersOf(port))));
  } finally {
    for (const stirrer of stirrers) stirrer.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function startServer({ transport, pinning }: StallPlan, more: readonly string[]): Promise<ServerProcess> {
  const flags = sharedFlags(1);
  flags[flags.indexOf('-m') + 1] = String(MEMORY_MIB);
  const command = [process.execPath, SHOAL_BIN, 'server', ...flags, '--transport', transport, ...more];
  return ServerProcess.start({ name: 'Shoal', command }, pinning);
}

function sideOf(name: string, windows: readonly TurnWindow[], counters: Record<string, number>): StallSide {
  const of = (figure: keyof TurnWindow['latencyMicros']) => windows.map(({ latencyMicros }) => latencyMicros[figure]);
  return {
    name,
    p50Micros: median(of('p50')),
    p99Micros: median(of('p99')),
    p999Micros: median(of('p999')),
    maxMicros: median(of('max')),
    worstMicros: Math.max(...of('max')),
    counters,
  };
}

async function countersOf(port: number): Promise<Record<string, number>> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end('stats\r\nquit\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  const of = (name: string) => Number(new RegExp(`^STAT ${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return Object.fromEntries(COUNTERS.map((name) => [name, of(name)]));
}
