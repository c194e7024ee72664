/** The API of a real pool, with real nodes: a cluster from its creation to its end, and what a node that registers sees. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CacheCluster, PoolApiError, PoolClient } from '@shoal/pool/api-client';
import { type RunningPool, startPool } from '@shoal/pool/main';
import { eventually } from '../harness/eventually.js';

/** Longer than a request takes that has to find a node draining. */
const DRAIN_SECONDS = 5;
const TOKEN = 'token-of-this-test';

let folder = '';
let pool: RunningPool | null = null;
let client = new PoolClient('');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-pool-'));
  const registration = { host: '127.0.0.1', port: 0 };
  pool = await startPool({ dataDirectory: folder, registration, token: TOKEN, memoryMegabytes: 8, logLevel: 'error' });
  client = new PoolClient(pool.socketPath);
});

afterAll(async () => {
  await pool?.shutDown();
  await rm(folder, { recursive: true });
});

async function described(id: string): Promise<CacheCluster> {
  const asked = { CacheClusterId: id, ShowCacheNodeInfo: true };
  return (await client.describeCacheClusters(asked)).CacheClusters[0];
}

function available(id: string): Promise<void> {
  return eventually(
    `cluster ${id} to be available`,
    async () => (await described(id)).CacheClusterStatus === 'available',
  );
}

function gone(id: string): Promise<void> {
  return eventually(
    `cluster ${id} to be gone`,
    async () => (await refusal(client.describeCacheClusters({ CacheClusterId: id }))).code === 'CacheClusterNotFound',
  );
}

/** A refusal with its words; `none` when the request was granted. */
async function refusal(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
    return { code: 'none', message: '' };
  } catch (error) {
    if (error instanceof PoolApiError) return error;
    throw error;
  }
}

function nodeIds({ CacheNodes = [] }: CacheCluster): readonly string[] {
  return CacheNodes.map(({ CacheNodeId }) => CacheNodeId);
}

describe('a cluster', () => {
  const CacheClusterId = 'life';
  let handles: readonly (string | null)[] = [];

  test('is made, and is creating until its nodes serve', async () => {
    const request = { CacheClusterId: 'LIFE', NumCacheNodes: 2, Port: 0, DrainSeconds: DRAIN_SECONDS };
    const { CacheCluster: made } = await client.createCacheCluster(request);
    expect(made).toMatchObject({ CacheClusterId, CacheClusterStatus: 'creating', NumCacheNodes: 2 });
    expect(made.ConfigurationEndpoint.Port).toBeGreaterThan(0);
    await available(CacheClusterId);
    const cluster = await described(CacheClusterId);
    expect(nodeIds(cluster)).toEqual(['0001', '0002']);
    for (const { CacheNodeStatus, Endpoint, Shoal } of cluster.CacheNodes ?? []) {
      expect([CacheNodeStatus, Endpoint?.Address, Shoal.Health]).toEqual(['available', '127.0.0.1', 'healthy']);
      expect(Shoal.Handle).toMatch(/^pid \d+$/);
    }
    expect(cluster.Shoal).toMatchObject({ Driver: 'process', DrainSeconds: DRAIN_SECONDS, MemoryMegabytes: 8 });
  });

  test('is not made twice, and not on a port that is taken', async () => {
    const twice = await refusal(client.createCacheCluster({ CacheClusterId, NumCacheNodes: 1, Port: 0 }));
    expect(twice.code).toBe('CacheClusterAlreadyExists');
    const stranger = await listening();
    const { port } = stranger.address() as { port: number };
    const taken = await refusal(client.createCacheCluster({ CacheClusterId: 'other', NumCacheNodes: 1, Port: port }));
    expect(taken.message).toContain(String(port));
    stranger.close();
    const { CacheClusters } = await client.describeCacheClusters();
    expect(CacheClusters.map((cluster) => cluster.CacheClusterId)).toEqual([CacheClusterId]);
  });

  test('grows, with the old number of nodes until the new ones serve', async () => {
    const { Shoal: before } = await described(CacheClusterId);
    const { CacheCluster } = await client.modifyCacheCluster({ CacheClusterId, NumCacheNodes: 3 });
    expect(CacheCluster).toMatchObject({
      CacheClusterStatus: 'modifying',
      NumCacheNodes: 2,
      PendingModifiedValues: { NumCacheNodes: 3 },
    });
    await available(CacheClusterId);
    const after = await described(CacheClusterId);
    expect([after.NumCacheNodes, after.PendingModifiedValues]).toEqual([3, {}]);
    expect(after.Shoal.Version).toBe(before.Version + 1);
  });

  test('loses the nodes that were named, which drain first', async () => {
    const wrong = { CacheClusterId, NumCacheNodes: 1, CacheNodeIdsToRemove: ['0002'] };
    await expect(refusal(client.modifyCacheCluster(wrong))).resolves.toMatchObject({
      code: 'InvalidParameterCombination',
    });
    const { CacheCluster } = await client.modifyCacheCluster({ ...wrong, NumCacheNodes: 2 });
    expect(CacheCluster).toMatchObject({
      NumCacheNodes: 3,
      PendingModifiedValues: { NumCacheNodes: 2, CacheNodeIdsToRemove: ['0002'] },
    });
    const leaving = (await described(CacheClusterId)).CacheNodes?.[1];
    expect(leaving).toMatchObject({ CacheNodeStatus: 'deleting', Shoal: { Phase: 'draining' } });
    expect(leaving).not.toHaveProperty('Endpoint');
    await available(CacheClusterId);
    expect(nodeIds(await described(CacheClusterId))).toEqual(['0001', '0003']);
  });

  test('has its nodes rebooted, and one replaced, at their places', async () => {
    const before = await described(CacheClusterId);
    handles = before.CacheNodes?.map(({ Shoal }) => Shoal.Handle) ?? [];
    const reboot = { CacheClusterId, CacheNodeIdsToReboot: ['0001'] };
    const { CacheCluster } = await client.rebootCacheCluster(reboot);
    expect(CacheCluster.CacheClusterStatus).toBe('rebooting cluster nodes');
    await available(CacheClusterId);
    await client.replaceCacheNode({ CacheClusterId, CacheNodeId: '0003' });
    await available(CacheClusterId);
    const after = await described(CacheClusterId);
    expect(after.CacheNodes?.map(({ Endpoint }) => Endpoint)).toEqual(
      before.CacheNodes?.map(({ Endpoint }) => Endpoint),
    );
    const newHandles = after.CacheNodes?.map(({ Shoal }) => Shoal.Handle) ?? [];
    expect(newHandles.filter((handle) => handles.includes(handle))).toEqual([]);
    expect(after.Shoal.Version).toBe(before.Shoal.Version);
  });

  test('is deleted, at once to be seen, and its name is free again with a later version', async () => {
    const { Shoal } = await described(CacheClusterId);
    const { CacheCluster } = await client.deleteCacheCluster({ CacheClusterId });
    expect(CacheCluster.CacheClusterStatus).toBe('deleting');
    await gone(CacheClusterId);
    await client.createCacheCluster({ CacheClusterId, NumCacheNodes: 1, Port: 0 });
    await available(CacheClusterId);
    expect((await described(CacheClusterId)).Shoal.Version).toBeGreaterThan(Shoal.Version);
    await client.deleteCacheCluster({ CacheClusterId });
    await gone(CacheClusterId);
  });

  test.each([
    [
      'a node of none',
      () => client.replaceCacheNode({ CacheClusterId: 'none', CacheNodeId: '0001' }),
      'CacheClusterNotFound',
    ],
    ['no cluster', () => client.deleteCacheCluster({ CacheClusterId: 'none' }), 'CacheClusterNotFound'],
    [
      'too many nodes',
      () => client.createCacheCluster({ CacheClusterId: 'big', NumCacheNodes: 41, Port: 0 }),
      'NodeQuotaForClusterExceeded',
    ],
    [
      'a bad name',
      () => client.createCacheCluster({ CacheClusterId: 'a--b', NumCacheNodes: 1 }),
      'InvalidParameterValue',
    ],
  ])('of %s is refused', async (_, ask, code) => {
    await expect(refusal(ask())).resolves.toMatchObject({ code });
  });
});

describe('a node that registers', () => {
  const CacheClusterId = 'guests';
  const member = { clusterId: CacheClusterId, instanceId: 'first' };

  test('is known, is heard of, and leaves', async () => {
    await client.createCacheCluster({ CacheClusterId, Driver: 'registered', Port: 0, DrainSeconds: 0 });
    const address = { hostname: '127.0.0.1', ip: '127.0.0.1', port: 9 };
    const admission = await tell('/v1/register', { ...member, address });
    expect(admission).toMatchObject([200, { nodeId: '0001', drainMs: 0 }]);
    expect((await described(CacheClusterId)).CacheNodes).toMatchObject([
      { CacheNodeId: '0001', CacheNodeStatus: 'creating' },
    ]);
    await expect(tell('/v1/heartbeat', { ...member, nodeId: '0001' })).resolves.toEqual([200, {}]);
    const stranger = { ...member, nodeId: '0001', instanceId: 'second' };
    await expect(tell('/v1/heartbeat', stranger)).resolves.toMatchObject([404, { code: 'CacheNodeNotFound' }]);
    await expect(tell('/v1/leave', { ...member, nodeId: '0001' })).resolves.toEqual([200, { drainMs: 0 }]);
    await eventually('the node to be forgotten', async () => nodeIds(await described(CacheClusterId)).length === 0);
    await client.deleteCacheCluster({ CacheClusterId });
    await gone(CacheClusterId);
  });

  test('without the token is not', async () => {
    await expect(tell('/v1/register', member, 'another')).resolves.toMatchObject([401, { code: 'NotAuthorized' }]);
  });
});

describe('the daemon', () => {
  test('describes itself', async () => {
    const { Pool } = await client.describePool();
    expect(Pool).toMatchObject({
      ProcessId: process.pid,
      DataDirectory: folder,
      DefaultDriver: 'process',
      Registry: { Reachable: true, Leader: true },
      Registration: { Address: '127.0.0.1', Port: pool?.registration?.port },
    });
  });

  test('lets nobody else at its socket', async () => {
    expect((await stat(client.socketPath)).mode & 0o777).toBe(0o600);
  });

  test('stops when it is told to, with an answer first, and is then not there', async () => {
    await client.createCacheCluster({ CacheClusterId: 'last', NumCacheNodes: 1, Port: 0 });
    await available('last');
    const pid = Number((await described('last')).CacheNodes?.[0].Shoal.Handle?.slice('pid '.length));
    await expect(client.stopPool({ StopNodes: true })).resolves.toEqual({});
    await expect(pool?.stopped).resolves.toBe('stopped');
    await expect(refusal(client.describePool())).resolves.toMatchObject({ code: 'NOT_RUNNING' });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return server;
}

/** A node's request to the pool. */
function tell(path: string, body: object, token = TOKEN): Promise<readonly [status: number, body: object]> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const { host, port } = pool?.registration ?? { host: '', port: 0 };
    const outgoing = request({ host, port, path, method: 'POST', headers, agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve([answer.statusCode ?? 0, JSON.parse(text)]);
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
