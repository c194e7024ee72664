/** The client against the real server over a real unix socket, and against what is no server. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PoolError, PoolErrorCode } from './api/errors.js';
import { type Api, startApi } from './api/server.js';
import { PoolApiError, PoolClient } from './api-client.js';
import { FakePoolControl, POOL } from './testing/fake-pool-control.js';
import { FakePoolRequests, nodeRecord } from './testing/fake-pool-requests.js';
import { storedCluster } from './testing/stored-cluster.js';

let folder = '';
let socketPath = '';
let api: Api | null = null;
const sockets: Socket[] = [];
const servers: Server[] = [];
const requests = new FakePoolRequests();
const control = new FakePoolControl();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-client-'));
  socketPath = join(folder, 'pool.sock');
  requests.calls.length = 0;
  requests.failure = null;
});

afterEach(async () => {
  await api?.close();
  api = null;
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true });
});

async function startPool(): Promise<PoolClient> {
  api = await startApi({ socketPath, requests, control, onFailure: () => {} });
  return new PoolClient(socketPath);
}

/** Something that listens there and does this with each connection. */
async function startStranger(onConnection: (socket: Socket) => void): Promise<PoolClient> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => onConnection(socket));
  });
  servers.push(server);
  server.listen(socketPath);
  await once(server, 'listening');
  return new PoolClient({ socketPath, timeoutMs: 30_000 });
}

async function failure(work: Promise<unknown>): Promise<PoolApiError> {
  const error = await work.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(PoolApiError);
  return error;
}

describe('a client', () => {
  test('asks for every action', async () => {
    const client = await startPool();
    const cluster = { ...storedCluster('dev', 3), nodes: [nodeRecord('0001', 'available')] };
    requests.clusters = [{ cluster, observations: [] }];
    const made = await client.createCacheCluster({ CacheClusterId: 'Dev', NumCacheNodes: 3 });
    expect(made.CacheCluster.CacheClusterId).toBe('made');
    const { CacheClusters } = await client.describeCacheClusters({ CacheClusterId: 'dev', ShowCacheNodeInfo: true });
    expect(CacheClusters[0].CacheNodes?.[0].Endpoint).toEqual({ Address: '127.0.0.1', Port: 11_212 });
    await client.describeCacheClusters();
    await client.modifyCacheCluster({
      CacheClusterId: 'dev',
      NumCacheNodes: 1,
      CacheNodeIdsToRemove: ['0002', '0003'],
    });
    await client.rebootCacheCluster({ CacheClusterId: 'dev', CacheNodeIdsToReboot: ['0001'] });
    await client.replaceCacheNode({ CacheClusterId: 'dev', CacheNodeId: '0001' });
    await client.deleteCacheCluster({ CacheClusterId: 'dev' });
    await expect(client.describePool()).resolves.toEqual({ Pool: POOL });
    await client.stopPool({ StopNodes: true });
    expect(control.stops).toEqual([{ stopNodes: true }]);
    expect(requests.calls).toEqual([
      ['createCluster', { id: 'dev', nodeCount: 3 }],
      ['describe', 'dev'],
      ['describeAll'],
      ['resizeCluster', { clusterId: 'dev', nodeCount: 1, removeNodeIds: ['0002', '0003'] }],
      ['rebootNodes', 'dev', ['0001']],
      ['replaceNode', 'dev', '0001'],
      ['deleteCluster', 'dev'],
    ]);
  });

  test('tells a refusal with the code and the words of the pool', async () => {
    const client = await startPool();
    requests.failure = new PoolError(PoolErrorCode.INVALID_STATE, 'Cache cluster dev is being deleted.');
    const error = await failure(client.deleteCacheCluster({ CacheClusterId: 'dev' }));
    expect([error.code, error.message]).toEqual(['InvalidCacheClusterState', 'Cache cluster dev is being deleted.']);
  });

  test('makes many requests at one time', async () => {
    const client = await startPool();
    const results = await Promise.all(Array.from({ length: 50 }, () => client.describePool()));
    expect(results).toHaveLength(50);
  });

  test('says what to do when no daemon listens', async () => {
    const none = await failure(new PoolClient(socketPath).describePool());
    expect([none.code, none.message]).toEqual([
      'NOT_RUNNING',
      `Cannot reach a pool at ${socketPath}: there is no such socket; start one with shoal up or shoal pool`,
    ]);
    await writeFile(socketPath, '');
    await expect(failure(new PoolClient(socketPath).describePool())).resolves.toMatchObject({ code: 'NOT_RUNNING' });
    const long = new PoolClient(join(folder, 'x'.repeat(200)));
    await expect(failure(long.describePool())).resolves.toMatchObject({ code: 'NOT_RUNNING' });
  });

  test('gives up by its deadline, and says so', async () => {
    await startStranger(() => {});
    const error = await failure(new PoolClient({ socketPath, timeoutMs: 100 }).describePool());
    expect([error.code, error.message]).toEqual(['TIMEOUT', `The pool at ${socketPath} did not answer within 0.1 s`]);
  });

  test('gives up in the middle of an answer too', async () => {
    await startStranger((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{'));
    const error = await failure(new PoolClient({ socketPath, timeoutMs: 200 }).describePool());
    expect(error.code).toBe('TIMEOUT');
  });

  test('gives up when its caller does', async () => {
    const abort = new AbortController();
    await startStranger(() => abort.abort());
    const error = await failure(new PoolClient({ socketPath, signal: abort.signal }).describePool());
    expect(error.code).toBe('ABORTED');
  });

  test.each([
    ['cuts the connection', '', 'DISCONNECTED'],
    ['breaks off its answer', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{', 'DISCONNECTED'],
    ['speaks memcached', 'ERROR\r\n', 'DISCONNECTED'],
    ['answers no JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK', 'BAD_ANSWER'],
    ['answers another JSON', 'HTTP/1.1 502 Bad\r\ncontent-length: 11\r\n\r\n{"error":1}', 'BAD_ANSWER'],
  ])('tells what went wrong when the other side %s', async (_, answer, code) => {
    const client = await startStranger((socket) => socket.end(answer));
    await expect(failure(client.describePool())).resolves.toMatchObject({ code });
  });
});

test('importing the client loads node:http and nothing else', async () => {
  const source = await readFile(join(import.meta.dirname, 'api-client.ts'), 'utf8');
  const loaded = [...source.matchAll(/^(?:import|export) (?!type)[^;]*? from '(.+)'/gm)].map(([, name]) => name);
  expect(loaded).toEqual(['node:http']);
});
