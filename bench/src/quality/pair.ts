/**
 * Both servers of a comparison, fed the same requests at the same time.
 *
 * Used by every measurement of this folder. The two run side by side, so that what works in real time (the LRU maintainers,
 * the page movers) has as long on either side; `pace` keeps the traffic at a rate that leaves them time to work. Hit ratios
 * and item counts do not depend on which server was faster.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerCommand, ServerProcess } from '../peers/server-process.js';
import { CacheClient } from './cache-client.js';

/** How to start each side, by a program and flags; `-m` and what else a measurement needs is appended, and wins. */
export interface Servers {
  readonly shoal: ServerCommand;
  readonly memcached: ServerCommand;
}

export const SIDES = ['shoal', 'memcached'] as const;
export type Side = (typeof SIDES)[number];
export type BySide<Value> = Readonly<Record<Side, Value>>;

export interface PairPlan {
  readonly servers: Servers;
  readonly memoryMiB: number;
  valueBytes(key: number): number;
}

export class Pair {
  readonly #processes: readonly ServerProcess[];
  readonly clients: BySide<CacheClient>;

  private constructor(processes: readonly ServerProcess[], clients: BySide<CacheClient>) {
    this.#processes = processes;
    this.clients = clients;
  }

  static async start({ servers, memoryMiB, valueBytes }: PairPlan): Promise<Pair> {
    const processes = await Promise.all(
      SIDES.map((side) => {
        const { name, command } = servers[side];
        return ServerProcess.start({ name, command: [...command, '-m', String(memoryMiB)] }, []);
      }),
    );
    const [shoal, memcached] = await Promise.all(processes.map(({ port }) => CacheClient.connect(port, valueBytes)));
    return new Pair(processes, { shoal, memcached });
  }

  async stop(): Promise<void> {
    for (const side of SIDES) this.clients[side].close();
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  async both<Value>(action: (client: CacheClient, side: Side) => Promise<Value>): Promise<BySide<Value>> {
    const [shoal, memcached] = await Promise.all(SIDES.map((side) => action(this.clients[side], side)));
    return { shoal, memcached };
  }

  /** A number of `stats`, of both. */
  statistic(name: string, group = ''): Promise<BySide<number>> {
    return this.both(async (client) => Number((await client.statistics(group)).get(name)));
  }
}

/** Runs `measure` on a fresh pair and stops it, whatever happens. */
export async function withPair<Value>(plan: PairPlan, measure: (pair: Pair) => Promise<Value>): Promise<Value> {
  const pair = await Pair.start(plan);
  try {
    return await measure(pair);
  } finally {
    await pair.stop();
  }
}

/** Keys of one batch: as many gets are under way at once. */
export const BATCH_KEYS = 200;

/** Waits so that `requests` since `startMs` are no more than the rate allows. */
export async function pace(startMs: number, requests: number, perSecond: number): Promise<void> {
  const dueMs = startMs + (requests / perSecond) * 1000;
  const waitMs = dueMs - performance.now();
  if (waitMs >= 1) await delay(waitMs);
}
