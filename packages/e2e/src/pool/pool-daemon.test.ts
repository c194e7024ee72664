import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { handlesOf, PoolProcess, pidOf, portsOf } from './pool-process.js';

let pool = new PoolProcess();
const strangers: Server[] = [];

beforeEach(() => {
  pool = new PoolProcess();
});

afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.close();
  await pool.remove();
});

async function strangerOn(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  strangers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const DEV = { CacheClusterId: 'dev', NumCacheNodes: 2, Port: 0, MemoryMegabytes: 8, DrainSeconds: 1 };

describe('a pool daemon', () => {
  test('gets its nodes back at their places when their host is killed', async () => {
    await pool.start();
    await pool.client.createCacheCluster(DEV);
    const before = await pool.settled('dev', 2);
    process.kill(pool.hostPid, 'SIGKILL');
    await eventually('new nodes', async () => {
      const now = await pool.describe('dev');
      return handlesOf(now).every((handle, i) => handle !== null && handle !== handlesOf(before)[i]);
    });
    const after = await pool.settled('dev', 2);
    expect(portsOf(after)).toEqual(portsOf(before));
    expect(after.Shoal.Version).toBe(before.Shoal.Version);
  });

  test('stops its nodes when it is told to end with them', async () => {
    await pool.start({ onStop: 'stop' });
    await pool.client.createCacheCluster(DEV);
    const cluster = await pool.settled('dev', 2);
    expect(await pool.end('SIGINT')).toBe(0);
    expect([0, 1].some((i) => isAlive(pidOf(cluster, i)))).toBe(false);
    await pool.start();
    const again = await pool.settled('dev', 2);
    expect(portsOf(again)).toEqual(portsOf(cluster));
    expect(again.Shoal.Version).toBe(cluster.Shoal.Version);
  });

  test('makes the clusters that it was told of, once', async () => {
    const clusters = [{ id: 'remote', nodeCount: 0, driver: 'registered', port: 0 }];
    await pool.start({ clusters, registration: { host: '127.0.0.1', port: 0 } });
    const { Pool } = await pool.client.describePool();
    expect(Pool.Registration?.Port).toBeGreaterThan(0);
    const before = await pool.describe('remote');
    await pool.end('SIGTERM');
    await pool.start({ clusters });
    expect((await pool.describe('remote')).ConfigurationEndpoint).toEqual(before.ConfigurationEndpoint);
  });

  test('refuses a port that a stranger holds, and changes nothing', async () => {
    await pool.start();
    const port = await strangerOn(0);
    await expect(pool.client.createCacheCluster({ ...DEV, Port: port })).rejects.toMatchObject({
      code: 'InsufficientCacheClusterCapacity',
      message: `Cannot create cluster dev: port ${port} of 127.0.0.1 is in use`,
    });
    expect((await pool.client.describeCacheClusters()).CacheClusters).toEqual([]);
  });

  test('says which endpoint it cannot open, serves the rest, and opens it when it can', async () => {
    await pool.start();
    await pool.client.createCacheCluster(DEV);
    const { Port: port } = (await pool.settled('dev', 2)).ConfigurationEndpoint;
    await pool.end('SIGKILL');
    await strangerOn(port);
    await pool.start();
    await eventually('the problem to be told', async () => {
      const { Problems = [] } = (await pool.describe('dev')).Shoal;
      return Problems.some((problem) => problem.startsWith(`port ${port}: `));
    });
    for (const stranger of strangers.splice(0)) stranger.close();
    await eventually('the endpoint', async () => {
      const { Problems = [] } = (await pool.describe('dev')).Shoal;
      return Problems.length === 0;
    });
  });

  test('does not start beside another one on its data directory', async () => {
    await pool.start();
    const second = await pool.startSecond();
    expect(second.code).toBe(69);
    expect(second.output).toContain(`the daemon with pid ${pool.pid} uses it`);
  });

  test('does not start on a registry that it cannot read, unless it is told to set that aside', async () => {
    writeFileSync(join(pool.directory, 'registry.json'), '{"format":"from the future"');
    const refused = await pool.startSecond();
    expect(refused.code).toBe(65);
    expect(refused.output).toContain('Cannot read the registry');
    await pool.start({ setAsideRegistry: true });
    expect((await pool.client.describeCacheClusters()).CacheClusters).toEqual([]);
  });

  test('names every option that is wrong', async () => {
    const { code, output } = await pool.startSecond({ registry: 'nowhere', threads: 0 });
    expect(code).toBe(64);
    expect(output).toMatch(/registry: .*threads: /);
  });
});
