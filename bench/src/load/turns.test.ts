// The turns against small servers on loopback, and the open loop against one that stops for a moment.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { redisCommand, sharedFlags } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import type { TurnsPlan } from './turns.js';
import { turnsOf } from './turns-process.js';

const STALL_MS = 300;
/** Answers STORED to sets and END to gets, and stops once, for STALL_MS, at the first get after it was told to. */
const STALLING_SERVER = `
  import { createServer } from 'node:net';
  let gets = 0;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (!text.startsWith('get ')) return socket.write('STORED\\r\\n'.repeat(text.match(/^set /gm)?.length ?? 0));
      gets += 1;
      if (gets === Number(process.argv[1])) {
        const until = performance.now() + ${STALL_MS};
        while (performance.now() < until);
      }
      socket.write('END\\r\\n');
    });
  }).listen(0, '127.0.0.1', () => console.log(server.address().port));
`;
// Behind the gets of the warm-up, some hundreds, and before the last of the thousand that are due in the window.
const GETS_BEFORE_STALL = 900;
const PER_SECOND = 500;

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

async function stallingServer(): Promise<{ port: number; pid: number }> {
  const args = ['--input-type=module', '-e', STALLING_SERVER, String(GETS_BEFORE_STALL)];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout!, 'data');
  return { port: Number(String(port)), pid: child.pid! };
}

function plan(more: Partial<TurnsPlan>): TurnsPlan {
  return {
    targets: [],
    workload: { verb: 'miss', dialect: 'text', depth: 1, keysPerGet: 1, valueBytes: 10 },
    connections: 2,
    keyCount: 20,
    areKeysOwn: false,
    windows: 1,
    windowSeconds: 2,
    seed: 1,
    cpu: -1,
    ...more,
  };
}

const arePeersRequired = process.env.SHOAL_REQUIRE_PEERS === '1';
const hasMemcached = arePeersRequired || spawnSync('memcached', ['-V']).status === 0;
const hasRedis = arePeersRequired || spawnSync('redis-server', ['--version']).status === 0;
const withMemcached = hasMemcached ? describe : describe.skip;
const withRedis = hasRedis ? describe : describe.skip;

describe('the open loop', () => {
  test('charges a server that stops with every request that was due meanwhile, sent or not', async () => {
    const server = await stallingServer();
    const targets = [{ ...server, warmupSeconds: 0, perSecond: PER_SECOND }];
    const [[window]] = await turnsOf(plan({ targets }));
    // A closed loop of two connections would have seen two slow requests, and none in its p99. Due in the stall are STALL_MS *
    // PER_SECOND, 15 % of all; a busy machine may hold the generator itself up for a part of it.
    expect(window.latencyMicros.p99).toBeGreaterThan(STALL_MS * 1000 * 0.2);
    expect(window.latencyMicros.max).toBeGreaterThanOrEqual(STALL_MS * 1000 * 0.9);
    expect(window.operations).toBeGreaterThan(PER_SECOND * 2 * 0.8);
    expect(window.operations).toBeLessThan(PER_SECOND * 2 * 1.2);
  });
});

withMemcached('turns', () => {
  test('measure each server in each round, in all ways of sharing keys', async () => {
    const command = ['memcached', ...sharedFlags(1)];
    const server = await ServerProcess.start({ name: 'memcached', command }, []);
    try {
      for (const areKeysOwn of [false, true]) {
        const closed = { port: server.port, pid: server.pid, warmupSeconds: 0.01 };
        const workload = { verb: 'mix', dialect: 'text', depth: 2, keysPerGet: 1, valueBytes: 10 } as const;
        const targets = [closed, { ...closed, dialect: 'binary' as const }];
        const windows = await turnsOf(plan({ targets, workload, windows: 3, windowSeconds: 0.05, areKeysOwn }));
        expect(windows.map((side) => side.length)).toEqual([3, 3]);
        for (const window of windows.flat()) {
          expect(window.operations).toBeGreaterThan(0);
          expect(window.serverCpuMicrosPerOp).toBeGreaterThan(0);
        }
      }
      expect(await server.setting('maxconns')).toBe('1024');
      expect(await server.setting('transport')).toBeUndefined();
    } finally {
      await server.stop();
    }
  });
});

withRedis('the dialect of redis', () => {
  test.each(['get', 'set', 'miss', 'mget'] as const)('finds every reply to %s right', async (verb) => {
    const server = await ServerProcess.start(redisCommand('redis-server'), []);
    try {
      const workload = { verb, dialect: 'resp', depth: 3, keysPerGet: 4, valueBytes: 100 } as const;
      const targets = [{ port: server.port, pid: server.pid, warmupSeconds: 0 }];
      const [[window]] = await turnsOf(plan({ targets, workload, windowSeconds: 0.05 }));
      expect(window.operations).toBeGreaterThan(0);
      expect(server.version).toMatch(/^\d+\./);
    } finally {
      await server.stop();
    }
  });
});
