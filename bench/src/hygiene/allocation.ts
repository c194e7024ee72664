/**
 * Heap bytes that a worker allocates for a million operations of each kind.
 *
 * Called by main.ts and index.ts. V8's sampling heap profiler watches the worker while nothing but the exchange happens, on
 * connections that were open before, and counts what is collected meanwhile as well. Warming up comes first, because
 * compiling allocates. A sample stands for SAMPLING_INTERVAL_BYTES, so single ones are noise.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from './exchanges.js';
import { LockstepLoad } from './lockstep-load.js';
import { type AllocationSite, ProbedServer } from './probed-server.js';

const CONNECTIONS = 20;
const SAMPLING_INTERVAL_BYTES = 512;
const MILLION = 1e6;

export interface AllocationPlan {
  readonly exchanges: readonly Exchange[];
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly transport: string;
  /** Command in front that binds the server to cores. */
  readonly pinning: readonly string[];
}

export interface AllocationRow {
  readonly name: string;
  readonly operations: number;
  readonly allocatedBytes: number;
  readonly bytesPerMillion: number;
  /** Of the worker's heap, while it was watched. */
  readonly collections: number;
  /** The places that allocated most. */
  readonly sites: readonly AllocationSite[];
}

export async function measureAllocation(
  plan: AllocationPlan,
  onRow: (row: AllocationRow) => void = () => {},
): Promise<AllocationRow[]> {
  const server = await ProbedServer.start(plan.transport, plan.pinning);
  try {
    const load = await LockstepLoad.open(server.port, CONNECTIONS);
    const rows: AllocationRow[] = [];
    for (const exchange of plan.exchanges) {
      rows.push(await measureExchange(server, load, exchange, plan));
      onRow(rows[rows.length - 1]);
    }
    load.close();
    return rows;
  } finally {
    await server.stop();
  }
}

async function measureExchange(
  server: ProbedServer,
  load: LockstepLoad,
  exchange: Exchange,
  { seconds, warmupSeconds }: AllocationPlan,
): Promise<AllocationRow> {
  await load.prepare(exchange);
  await load.run(exchange, () => delay(warmupSeconds * 1000));
  await server.startSampling(SAMPLING_INTERVAL_BYTES);
  const before = server.collections;
  const operations = await load.run(exchange, () => delay(seconds * 1000));
  const collections = server.collections - before;
  const sites = await server.stopSampling();
  const allocatedBytes = sites.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytesPerMillion = allocatedBytes / (operations / MILLION);
  return { name: exchange.name, operations, allocatedBytes, bytesPerMillion, collections, sites };
}
