/**
 * The pipelines hammer: many clients at once on one address, all writing and reading the same keys, while the processes that
 * serve them are stopped for moments at a time, as a busy machine does. Any answer that is not its request's is an error.
 *
 * Called by pipelines.test.ts, for a few seconds; SHOAL_E2E_HAMMER_SECONDS makes them minutes.
 */
import type { NetConnectOpts } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { RandomBytes } from '../harness/random-bytes.js';
import { Pipeliner } from './pipeliner.js';

export interface PipelinesPlan {
  readonly address: NetConnectOpts;
  readonly seed: number;
  readonly durationMs: number;
  readonly clientCount: number;
  readonly keyCount: number;
  readonly mayMiss: boolean;
  /** Processes to stop and continue. */
  readonly stalledPids: readonly number[];
}

const LARGE_ONE_IN = 400;
const RUNNING_MS_MAX = 150;
const STALL_MS_MAX = 30;

/** Resolves with the number of right answers. */
export async function hammerPipelines(plan: PipelinesPlan): Promise<number> {
  const { address, seed, keyCount, mayMiss } = plan;
  const keys = Array.from({ length: keyCount }, (_, index) => `key-${'k'.repeat(index % 40)}-${index}`);
  // A value of many chunks may run out of memory midway, where there is little.
  const choices = { keys, mayMiss, largeOneIn: mayMiss ? Number.POSITIVE_INFINITY : LARGE_ONE_IN };
  const clients = Array.from({ length: plan.clientCount }, (_, index) => {
    return new Pipeliner({ name: `client ${index}`, address, choices, random: new RandomBytes(seed + index) });
  });
  await clients[0].preload(keys);
  const overAtMs = performance.now() + plan.durationMs;
  let hasFailed = false;
  const isOver = () => hasFailed || performance.now() > overAtMs;
  const runs = clients.map((client) =>
    client.run(isOver).catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const results = await Promise.allSettled([...runs, stall(plan.stalledPids, new RandomBytes(seed), isOver)]);
  for (const client of clients) client.close();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return clients.reduce((sum, { answers }) => sum + answers, 0);
}

/** Stops each process for moments, never beyond the end. */
async function stall(pids: readonly number[], random: RandomBytes, isOver: () => boolean): Promise<void> {
  while (pids.length > 0 && !isOver()) {
    const pid = random.oneOf(pids);
    await pause(random.below(RUNNING_MS_MAX));
    process.kill(pid, 'SIGSTOP');
    try {
      await pause(random.below(STALL_MS_MAX));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }
}
