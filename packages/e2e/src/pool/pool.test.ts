import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { handlesOf, PoolProcess, pidOf, portsOf } from './pool-process.js';

const pool = new PoolProcess();
let endpointPort = 0;

beforeAll(async () => {
  await pool.start();
});

afterAll(async () => {
  await pool.remove();
});

/** Sends a request and answers what came until `end` stands in it. */
function ask(port: number, request: string, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.includes(end)) socket.destroy();
    });
    socket.write(request);
  });
}

async function listOn(port: number): Promise<string> {
  return ask(port, 'config get cluster\r\n', 'END\r\n');
}

test('a cluster of three nodes comes up, and its endpoint and nodes show one list', async () => {
  await pool.client.createCacheCluster({
    CacheClusterId: 'dev',
    NumCacheNodes: 3,
    Port: 0,
    MemoryMegabytes: 8,
    Threads: 1,
    DrainSeconds: 1,
  });
  const cluster = await pool.settled('dev', 3);
  endpointPort = cluster.ConfigurationEndpoint.Port;
  expect(cluster.Shoal.Version).toBeGreaterThanOrEqual(1);
  const list = await listOn(endpointPort);
  expect(list).toContain(
    portsOf(cluster)
      .map((port) => `127.0.0.1|127.0.0.1|${port}`)
      .join(' '),
  );
  for (const port of portsOf(cluster)) expect(await listOn(port ?? 0)).toBe(list);
});

test('keys set through the endpoint are got through it', async () => {
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`);
  const sets = keys.map((key) => `set ${key} 0 0 ${key.length}\r\n${key}\r\n`).join('');
  const stored = await ask(endpointPort, `${sets}mn\r\n`, 'MN\r\n');
  expect(stored).toBe(`${'STORED\r\n'.repeat(keys.length)}MN\r\n`);
  const got = await ask(endpointPort, `get ${keys.join(' ')}\r\n`, 'END\r\n');
  expect(got).toBe(`${keys.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`).join('')}END\r\n`);
});

test('it grows to five and shrinks to two, with higher versions, all nodes agreeing', async () => {
  const before = await pool.settled('dev', 3);
  await pool.client.modifyCacheCluster({ CacheClusterId: 'dev', NumCacheNodes: 5 });
  const grown = await pool.settled('dev', 5);
  expect(grown.Shoal.Version).toBeGreaterThan(before.Shoal.Version);
  const { CacheCluster } = await pool.client.modifyCacheCluster({ CacheClusterId: 'dev', NumCacheNodes: 2 });
  expect(CacheCluster.CacheClusterStatus).toBe('modifying');
  const shrunk = await pool.settled('dev', 2);
  expect(shrunk.Shoal.Version).toBe(grown.Shoal.Version + 1);
  expect(portsOf(shrunk)).toEqual(portsOf(grown).slice(0, 2));
  expect(await listOn(endpointPort)).toContain(`\r\n${shrunk.Shoal.Version}\n`);
});

test.each(['SIGKILL', 'SIGSTOP'] as const)('a node that gets %s is replaced at its place', async (signal) => {
  const before = await pool.settled('dev', 2);
  process.kill(pidOf(before, 0), signal);
  await eventually('the replacement to serve', async () => {
    const now = await pool.describe('dev');
    return handlesOf(now)[0] !== handlesOf(before)[0] && now.CacheNodes?.[0].Shoal.Health === 'healthy';
  });
  const after = await pool.settled('dev', 2);
  expect(portsOf(after)).toEqual(portsOf(before));
  expect(after.Shoal.Version).toBe(before.Shoal.Version);
});

test('the daemon that follows a killed one adopts the nodes: same processes, same version', async () => {
  const before = await pool.settled('dev', 2);
  await pool.end('SIGKILL');
  for (const port of portsOf(before)) expect(await listOn(port ?? 0)).toContain(`\r\n${before.Shoal.Version}\n`);
  await pool.start();
  const after = await pool.settled('dev', 2);
  expect(handlesOf(after)).toEqual(handlesOf(before));
  expect(after.Shoal.Version).toBe(before.Shoal.Version);
  await eventually('the endpoint to listen', () =>
    listOn(endpointPort).then(
      (list) => list.includes(`\r\n${before.Shoal.Version}\n`),
      () => false,
    ),
  );
});

test('a daemon that is told to end lets its nodes serve on', async () => {
  const before = await pool.settled('dev', 2);
  expect(await pool.end('SIGTERM')).toBe(0);
  for (const port of portsOf(before)) expect(await listOn(port ?? 0)).toContain('CONFIG cluster');
  await pool.start();
  expect(handlesOf(await pool.settled('dev', 2))).toEqual(handlesOf(before));
});

test('a deletion ends the nodes and closes the endpoint', async () => {
  const before = await pool.settled('dev', 2);
  await pool.client.deleteCacheCluster({ CacheClusterId: 'dev' });
  await eventually('the cluster to be gone', async () => {
    const { CacheClusters } = await pool.client.describeCacheClusters();
    return CacheClusters.length === 0;
  });
  for (const port of [endpointPort, ...portsOf(before)])
    await expect(listOn(port ?? 0)).rejects.toThrow('ECONNREFUSED');
});
