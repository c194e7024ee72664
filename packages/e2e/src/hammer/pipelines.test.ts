/**
 * Hundreds of requests pipelined on few connections, as the shared links of a router bring them: on one node of each
 * transport with one and two workers, with and without evictions, and through a router in front of one node and of three.
 * Every answer must be that of its request. The seed is in the name of each test; SHOAL_E2E_SEED repeats one.
 */
import { describe, expect, test } from '@jest/globals';
import { shoalOnPort, TRANSPORTS_HERE, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import { startRouterInFront } from '../router/router-in-front.js';
import { hammerPipelines } from './pipelines.js';

const SEED = Number(process.env.SHOAL_E2E_SEED ?? Date.now() % 1_000_000);
const DURATION_MS = Number(process.env.SHOAL_E2E_HAMMER_SECONDS ?? 1) * 1000;
const DEADLINE_MS = 240_000 + DURATION_MS;
const CLIENTS = 8;
const FEW_KEYS = 200;
/** More than MEMORY_MEGABYTES hold. */
const MANY_KEYS = 12_000;
const MEMORY_MEGABYTES = '8';

describe(`pipelined requests, seed ${SEED}`, () => {
  for (const [transport, threads] of TRANSPORTS_HERE.flatMap((transport) => [
    [transport, '1'] as const,
    [transport, '2'] as const,
  ])) {
    test(
      `are answered in their order by a node over ${transport} with ${threads} workers`,
      async () => {
        const server = await ServerProcess.start(shoalOnPort(transport, ['-t', threads]));
        try {
          const plan = { address: server.address, clientCount: CLIENTS, keyCount: FEW_KEYS, mayMiss: false };
          const timing = { seed: SEED, durationMs: DURATION_MS, stalledPids: [server.pid] };
          expect(await hammerPipelines({ ...plan, ...timing })).toBeGreaterThan(0);
        } finally {
          await server.stop();
        }
      },
      DEADLINE_MS,
    );
  }

  test(
    'are answered in their order while a node evicts',
    async () => {
      const server = await ServerProcess.start(shoalOnPort(Transport.EPOLL, ['-t', '2', '-m', MEMORY_MEGABYTES]));
      try {
        const plan = { address: server.address, clientCount: CLIENTS, keyCount: MANY_KEYS, mayMiss: true };
        const timing = { seed: SEED, durationMs: DURATION_MS, stalledPids: [server.pid] };
        expect(await hammerPipelines({ ...plan, ...timing })).toBeGreaterThan(0);
      } finally {
        await server.stop();
      }
    },
    DEADLINE_MS,
  );

  for (const nodeCount of [1, 3]) {
    test(
      `are answered in their order through a router in front of ${nodeCount}`,
      async () => {
        const front = await startRouterInFront(nodeCount);
        try {
          const plan = { address: front.address, clientCount: CLIENTS, keyCount: FEW_KEYS, mayMiss: false };
          const timing = { seed: SEED, durationMs: DURATION_MS, stalledPids: front.nodes.map(({ pid }) => pid) };
          expect(await hammerPipelines({ ...plan, ...timing })).toBeGreaterThan(0);
        } finally {
          await front.stop();
        }
      },
      DEADLINE_MS,
    );
  }
});
