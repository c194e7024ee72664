// The comparison itself: starts both sides once with the same flags, then samples every row of the table in rounds, the two sides in turn
// and every second round in the other order, so that a machine that slows down slows both. Called by main.ts.
// Stops its servers also when a sample fails; a failed sample (a wrong reply above all) fails the bench.
import { availableParallelism } from 'node:os';
import type { BenchOptions } from './bench-options.js';
import { LOAD_DEFAULTS } from './load/load-options.js';
import { loadOnce } from './load/load-process.js';
import type { LoadReport } from './load/load-run.js';
import { type Cores, planCores } from './machine/cores.js';
import { busyWarning, type MachineFacts, machineFacts } from './machine/machine.js';
import { pinnedTo } from './machine/pinning.js';
import { peerCommand, shoalCommand } from './peers/contenders.js';
import { ServerProcess } from './peers/server-process.js';
import { type IdleResult, measureIdle } from './rows/idle.js';
import { type Row, selectRows } from './rows/rows.js';
import { measureStartup, type StartupResult } from './rows/startup.js';
import { judge, type RowResult } from './rows/table.js';

export interface BenchResult {
  readonly machine: MachineFacts;
  readonly transport: string;
  readonly workers: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** "memcached 1.6.45", or what stands in its place. */
  readonly peer: string;
  /** What Shoal answers to `version`; absent when no row was run. */
  readonly shoalVersion?: string;
  readonly rows: readonly RowResult[];
  readonly startup?: StartupResult;
  readonly idle?: IdleResult;
  readonly warnings: readonly string[];
}

interface Sampled {
  readonly row: Row;
  readonly shoal: LoadReport[];
  readonly peer: LoadReport[];
}

export async function runBench(options: BenchOptions, args: readonly string[]): Promise<BenchResult> {
  const wanted = (id: string): boolean => options.only === undefined || options.only.includes(id);
  const machine = machineFacts(args, new Date());
  const warnings = [busyWarning(machine)].filter((warning) => warning !== undefined);
  const startup = wanted('help') && options.shoal === undefined ? measureStartup() : undefined;
  const table = await runTable(options, warnings);
  const idle = wanted('idle') ? await measureIdle(options, options.idleSeconds) : undefined;
  return {
    machine,
    transport: options.transport,
    workers: options.workers,
    rounds: options.rounds,
    seconds: options.seconds,
    connections: LOAD_DEFAULTS.connections,
    ...table,
    ...(startup === undefined ? {} : { startup }),
    ...(idle === undefined ? {} : { idle }),
    warnings,
  };
}

/** Everything that misses its limit, by name. */
export function missesOf({ rows, startup }: BenchResult): string[] {
  const missed = rows.filter((row) => row.verdict === 'miss').map((row) => row.id);
  return startup?.verdict === 'miss' ? [...missed, 'help'] : missed;
}

async function runTable(
  options: BenchOptions,
  warnings: string[],
): Promise<Pick<BenchResult, 'rows' | 'peer' | 'shoalVersion'>> {
  const rows = selectRows(options.only);
  if (rows.length === 0) return { rows: [], peer: options.peer ?? 'memcached' };
  const cores = planCores(options.workers, availableParallelism());
  const pinning = pinnedTo(cores.server);
  for (const warning of [cores.warning, pinning.warning]) if (warning !== undefined) warnings.push(warning);
  for (const warning of warnings) console.error(warning);
  const servers: ServerProcess[] = [];
  try {
    servers.push(await ServerProcess.start(peerCommand(options), pinning.command));
    servers.push(await ServerProcess.start(shoalCommand(options), pinning.command));
    const [peer, shoal] = servers;
    const samples = await sampleRows(options, rows, { peer, shoal, cores });
    const isMemcached = options.peer === undefined;
    const judging = { transport: options.transport, ...(isMemcached ? { memcachedVersion: peer.version } : {}) };
    return {
      rows: judge(samples, judging),
      peer: isMemcached ? `memcached ${peer.version}` : `${options.peer} (${peer.version})`,
      shoalVersion: shoal.version,
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

interface Ring {
  readonly peer: ServerProcess;
  readonly shoal: ServerProcess;
  readonly cores: Cores;
}

async function sampleRows(
  options: BenchOptions,
  rows: readonly Row[],
  { peer, shoal, cores }: Ring,
): Promise<Sampled[]> {
  const all: Sampled[] = rows.map((row) => ({ row, shoal: [], peer: [] }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const { row, ...reports } of all) {
      const turns = [
        { server: peer, into: reports.peer },
        { server: shoal, into: reports.shoal },
      ];
      if (round % 2 === 0) turns.reverse();
      for (const { server, into } of turns) into.push(await sample(options, row, { server, cores, round }));
      console.error(progressLine(options, { row, ...reports }, round));
    }
  }
  return all;
}

function sample(
  options: BenchOptions,
  row: Row,
  turn: { server: ServerProcess; cores: Cores; round: number },
): Promise<LoadReport> {
  return loadOnce({
    host: '127.0.0.1',
    port: turn.server.port,
    pid: turn.server.pid,
    workload: row.workload,
    connections: LOAD_DEFAULTS.connections,
    keyCount: LOAD_DEFAULTS.keyCount,
    seconds: options.seconds,
    warmupSeconds: LOAD_DEFAULTS.warmupSeconds,
    seed: turn.round,
    cpu: turn.cores.generator,
    isJson: true,
  });
}

function progressLine({ rounds }: BenchOptions, { row, shoal, peer }: Sampled, round: number): string {
  const figure = (reports: LoadReport[]): string => (reports.at(-1)?.serverCpuMicrosPerOp ?? Number.NaN).toFixed(2);
  return `round ${round}/${rounds}  ${row.label.padEnd(26)} Shoal ${figure(shoal)} µs/op, other side ${figure(peer)} µs/op`;
}
