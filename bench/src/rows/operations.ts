/**
 * CPU per operation, row by row: memcached, every transport of Shoal and redis in turns within one generator.
 *
 * Called by bench.ts once for each number of workers. All servers stay up for all rows, so that Shoal's code has seen every
 * kind of work, and each row warms its own path up first, on every worker, because each compiles for itself. memcached needs no warm-up beyond its caches.
 */
import type { BenchOptions } from '../bench-options.js';
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { TurnTarget, TurnWindow } from '../load/turns.js';
import { turnsOf } from '../load/turns-process.js';
import { type Field, transportsOf, withField } from '../peers/field.js';
import type { ServerProcess } from '../peers/server-process.js';
import { operationsSection } from '../report/operations-text.js';
import { atMost, type Part } from './check.js';
import type { Operations, RedisRow, TransportTable } from './operations-result.js';
import { type Row, selectRows } from './rows.js';
import { figuresOf, judge, referenceDialect } from './table.js';

export const NATIVE_WARMUP_SECONDS = 0.5;

interface Measured {
  readonly row: Row;
  readonly peer: readonly TurnWindow[];
  readonly reference?: readonly TurnWindow[];
  readonly shoals: readonly (readonly TurnWindow[])[];
  readonly redis?: readonly TurnWindow[];
}

/** The first row also warms up what all rows share: the loop, the connections, the session. */
const FIRST_WARMUPS = 3;

export async function measureOperations(options: BenchOptions, workers: number): Promise<Part> {
  const rows = selectRows(options.only);
  const hasRedis = options.peers.includes('redis') && rows.some((row) => row.hasRedis);
  const plan = { workers, transports: transportsOf(options), hasRedis };
  const operations = await withField(options, plan, async (field) => {
    for (const warning of field.warnings) console.error(warning);
    const measured: Measured[] = [];
    for (const row of rows) {
      const times = measured.length === 0 ? FIRST_WARMUPS * workers : workers;
      const found = await measureRow(row, field, { ...options, warmupSeconds: options.warmupSeconds * times });
      measured.push(found);
      console.error(progressLine(found, field));
    }
    return operationsOf(measured, field, { options, workers });
  });
  return { section: operationsSection(operations), checks: operations.tables.flatMap(checksOf(workers)) };
}

async function measureRow(row: Row, field: Field, options: BenchOptions): Promise<Measured> {
  const reference = referenceDialect(row, field.memcachedVersion);
  const redis = row.hasRedis ? field.redis : undefined;
  const targets: TurnTarget[] = [
    target(field.peer, NATIVE_WARMUP_SECONDS),
    ...field.shoals.map(({ server }) => target(server, options.warmupSeconds)),
    ...(reference === undefined ? [] : [{ ...target(field.peer, NATIVE_WARMUP_SECONDS), dialect: reference }]),
    ...(redis === undefined ? [] : [{ ...target(redis, NATIVE_WARMUP_SECONDS), dialect: 'resp' as const }]),
  ];
  const windows = await turnsOf({
    targets,
    workload: row.workload,
    connections: LOAD_DEFAULTS.connections,
    keyCount: LOAD_DEFAULTS.keyCount,
    areKeysOwn: false,
    windows: options.windows,
    windowSeconds: options.seconds,
    seed: LOAD_DEFAULTS.seed,
    cpu: field.cores.generator,
  });
  const [peer, ...others] = windows;
  const shoals = others.splice(0, field.shoals.length);
  return {
    row,
    peer,
    shoals,
    ...(reference === undefined ? {} : { reference: others.shift() }),
    ...(redis === undefined ? {} : { redis: others.shift() }),
  };
}

export function target({ port, pid }: ServerProcess, warmupSeconds: number): TurnTarget {
  return { port, pid, warmupSeconds };
}

function operationsOf(
  measured: readonly Measured[],
  field: Field,
  { options, workers }: { options: BenchOptions; workers: number },
): Operations {
  const isJudged = field.memcachedVersion !== undefined;
  const tables = field.shoals.map(({ transport }, i) => ({
    transport,
    rows: measured.map(({ shoals, ...rest }) => judge({ ...rest, shoal: shoals[i] }, isJudged ? transport : undefined)),
  }));
  return {
    workers,
    peerName: field.peerName,
    shoalVersion: field.shoals[0]?.server.version ?? '',
    windows: options.windows,
    windowSeconds: options.seconds,
    warmupSeconds: options.warmupSeconds,
    tables,
    ...(field.redis === undefined ? {} : { redis: { version: field.redis.version, rows: redisRows(measured) } }),
    warnings: field.warnings,
  };
}

function redisRows(measured: readonly Measured[]): RedisRow[] {
  return measured.flatMap(({ row: { id, label }, redis }) =>
    redis === undefined ? [] : [{ id, label, figures: figuresOf(redis) }],
  );
}

/** The same goals for every number of workers: both sides have as many. */
function checksOf(workers: number) {
  return ({ transport, rows }: TransportTable) =>
    rows.flatMap(({ id, label, ratio, limit }) => {
      if (limit === undefined) return [];
      const suffix = workers === 1 ? '' : `, ${workers} workers`;
      return [
        atMost({
          id: `${transport}/${id}${workers === 1 ? '' : `-w${workers}`}`,
          label: `${label} (${transport}${suffix})`,
          value: ratio,
          limit,
          unit: "× memcached's CPU",
        }),
      ];
    });
}

function progressLine({ row, peer, shoals }: Measured, field: Field): string {
  const micros = (windows: readonly TurnWindow[]): string => figuresOf(windows).cpuMicrosPerOp.toFixed(2);
  const mine = field.shoals.map(({ transport }, i) => `${transport} ${micros(shoals[i])}`).join(', ');
  return `${row.label.padEnd(26)} µs/op: other side ${micros(peer)}, Shoal on ${mine}`;
}
