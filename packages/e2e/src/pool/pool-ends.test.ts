/** Daemons that are told to end while they start, are killed in the middle of a change, or find no room on their disk. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { handlesOf, PoolProcess, pidOf } from './pool-process.js';

const DEV = { CacheClusterId: 'dev', NumCacheNodes: 2, Port: 0, MemoryMegabytes: 8, DrainSeconds: 1 };
/** What shells say of SIGINT and SIGTERM; of two signals that are pending, either may be the second. */
const IMPATIENT_EXITS = [130, 143];
let pool = new PoolProcess();

beforeEach(() => {
  pool = new PoolProcess();
});

afterEach(async () => {
  await pool.remove();
});

describe('a daemon that starts', () => {
  const sockets: Socket[] = [];
  let silence: Server | null = null;

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    silence?.close();
  });

  /** An etcd that takes connections and never answers: a start that goes on for a while. */
  async function startingDaemon(): Promise<ChildProcess> {
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    silence = server;
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const child = pool.spawn({ registry: `etcd://127.0.0.1:${port}` });
    await once(server, 'connection');
    return child;
  }

  test('ends at once when it is told so twice, and leaves the data directory to the next one', async () => {
    const child = await startingDaemon();
    child.kill('SIGTERM');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(IMPATIENT_EXITS).toContain(code);
    await pool.start();
  });

  test('and is told to end does not run on once it has started', async () => {
    const child = await startingDaemon();
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(69);
    expect(readdirSync(pool.directory)).not.toContain('pool.sock');
    const next = pool.spawn({});
    await eventually('the lock to be taken', () => readdirSync(pool.directory).some((name) => name === 'lock-2'));
    next.kill('SIGTERM');
    expect((await once(next, 'exit'))[0]).toBe(0);
  });
});

describe('a daemon that is killed in the middle of', () => {
  test('a new size is followed by one that brings it to its end', async () => {
    await pool.start();
    await pool.client.createCacheCluster(DEV);
    const before = await pool.settled('dev', 2);
    await pool.client.modifyCacheCluster({ CacheClusterId: 'dev', NumCacheNodes: 5 });
    await pool.end('SIGKILL');
    await pool.start();
    const grown = await pool.settled('dev', 5);
    expect(handlesOf(grown).slice(0, 2)).toEqual(handlesOf(before));
    expect(grown.Shoal.Version).toBeGreaterThan(before.Shoal.Version);
    await pool.client.modifyCacheCluster({ CacheClusterId: 'dev', NumCacheNodes: 1 });
    await pool.end('SIGKILL');
    await pool.start();
    const shrunk = await pool.settled('dev', 1);
    expect(handlesOf(shrunk)).toEqual(handlesOf(before).slice(0, 1));
    expect(shrunk.Shoal.Version).toBe(grown.Shoal.Version + 1);
  });
});

describe('a disk that takes no writes', () => {
  /** Where each text is written before it takes the registry's place. */
  const obstacle = () => join(pool.directory, 'registry.json.tmp');

  test('keeps a daemon that has to write from starting, with a reason', async () => {
    mkdirSync(obstacle());
    const clusters = [{ id: 'dev', nodeCount: 1, port: 0 }];
    const { code, output } = await pool.startSecond({ clusters });
    expect(code).toBe(69);
    expect(output).toMatch(/Cannot write the registry .*registry\.json: /);
    rmdirSync(obstacle());
  });

  test('keeps no node from being replaced, refuses changes, and gets what is to be written when it has room', async () => {
    await pool.start();
    await pool.client.createCacheCluster(DEV);
    const before = await pool.settled('dev', 2);
    mkdirSync(obstacle());
    process.kill(pidOf(before, 1), 'SIGKILL');
    await eventually('another process', async () => {
      const [, handle] = handlesOf(await pool.describe('dev'));
      return handle !== null && handle !== handlesOf(before)[1];
    });
    await expect(pool.client.modifyCacheCluster({ CacheClusterId: 'dev', NumCacheNodes: 3 })).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    });
    expect((await pool.client.describePool()).Pool.Registry.Reachable).toBe(false);
    rmdirSync(obstacle());
    await eventually('it to be written', async () => (await pool.client.describePool()).Pool.Registry.Reachable);
    expect((await pool.settled('dev', 2)).Shoal.Version).toBe(before.Shoal.Version);
  });
});
