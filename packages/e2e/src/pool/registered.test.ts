/** Nodes that are started by somebody else and register: they come, go in order, die, and outlive their daemon. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CacheCluster } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';
import { freePort } from '../harness/free-port.js';
import { shoalCommand, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import { PoolProcess } from './pool-process.js';

const CLUSTER = 'guests';
const TOKEN = 'token-of-this-test';
/** Longer than this test needs to see that a node drains and to ask it something. */
const DRAIN_SECONDS = 5;

const pool = new PoolProcess();
const nodes: ServerProcess[] = [];
const options = { token: TOKEN, heartbeatMs: 200, registration: { host: '127.0.0.1', port: 0 } };
let registration = { host: '', port: 0 };

beforeAll(async () => {
  await pool.start(options);
  const { Registration } = (await pool.client.describePool()).Pool;
  registration = { host: Registration?.Address ?? '', port: Registration?.Port ?? 0 };
  await pool.client.createCacheCluster({
    CacheClusterId: CLUSTER,
    Driver: 'registered',
    Port: 0,
    DrainSeconds: DRAIN_SECONDS,
  });
});

afterAll(async () => {
  for (const node of nodes) await node.stop('SIGKILL');
  await pool.remove();
});

async function startNode(token = TOKEN): Promise<ServerProcess> {
  const address = `127.0.0.1:${await freePort()}`;
  const port = address.split(':')[1];
  const where = ['--pool', `${registration.host}:${registration.port}`, '--cluster', CLUSTER, '--advertise', address];
  const command = shoalCommand(Transport.EPOLL, ['-l', '127.0.0.1', '-p', port, '-U', '0', '-m', '8', ...where]);
  const node = await ServerProcess.start(command, { SHOAL_POOL_TOKEN: token });
  nodes.push(node);
  return node;
}

/** Once the cluster has exactly these nodes, and they all know its version. */
async function listed(expected: readonly ServerProcess[]): Promise<CacheCluster> {
  let cluster = await pool.describe(CLUSTER);
  const ports = expected.map(({ port }) => port).sort();
  await eventually(`the list to be of ports ${ports}`, async () => {
    cluster = await pool.describe(CLUSTER);
    const { CacheNodes = [], Shoal } = cluster;
    const shown = CacheNodes.map(({ Endpoint }) => Endpoint?.Port).sort();
    const agreed = CacheNodes.every((node) => node.Shoal.ConfigVersion === Shoal.Version);
    return agreed && shown.join() === ports.join();
  });
  return cluster;
}

async function ask(port: number, request: string, end: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
    if (text.includes(end)) socket.destroy();
  });
  socket.write(request);
  await once(socket, 'close');
  return text;
}

test('three nodes register themselves, and clients find them at the endpoint', async () => {
  await Promise.all([startNode(), startNode(), startNode()]);
  const cluster = await listed(nodes);
  expect(cluster.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId)).toEqual(['0001', '0002', '0003']);
  const list = await ask(cluster.ConfigurationEndpoint.Port, 'config get cluster\r\n', 'END\r\n');
  for (const { port } of nodes) {
    expect(list).toContain(`127.0.0.1|127.0.0.1|${port}`);
    await expect(ask(port, 'config get cluster\r\n', 'END\r\n')).resolves.toBe(list);
  }
  await expect(ask(cluster.ConfigurationEndpoint.Port, 'set a 0 0 1\r\nb\r\n', '\r\n')).resolves.toBe('STORED\r\n');
});

test('nobody but the pool changes their list', async () => {
  const answer = await ask(nodes[0].port, 'config set cluster 0 3\r\n1\na\r\n', '\r\n');
  expect(answer).toBe('CLIENT_ERROR config is managed by the pool\r\n');
});

test('a node without the token is not listed', async () => {
  const node = await startNode('another');
  await eventually('the node to log the refusal', () => node.output.includes('token'));
  expect((await pool.describe(CLUSTER)).CacheNodes).toHaveLength(3);
  await node.stop('SIGKILL');
  nodes.pop();
});

test('a node that is told to stop leaves the list first and serves until it is drained', async () => {
  const before = await pool.describe(CLUSTER);
  const leaving = nodes.pop() as ServerProcess;
  leaving.child.kill('SIGTERM');
  const leavingId = await eventuallyDraining();
  await expect(ask(leaving.port, 'version\r\n', '\r\n')).resolves.toMatch(/^VERSION /);
  await expect(leaving.exited).resolves.toEqual({ code: 0, signal: null });
  const after = await listed(nodes);
  expect(after.Shoal.Version).toBe(before.Shoal.Version + 1);
  expect(after.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId)).not.toContain(leavingId);
});

async function eventuallyDraining(): Promise<string | undefined> {
  let draining: string | undefined;
  await eventually('a node to drain', async () => {
    const { CacheNodes = [] } = await pool.describe(CLUSTER);
    draining = CacheNodes.find(({ Shoal }) => Shoal.Phase === 'draining')?.CacheNodeId;
    return draining !== undefined;
  });
  return draining;
}

test('a daemon that was killed finds its nodes again, with the same version', async () => {
  const before = await listed(nodes);
  await pool.end('SIGKILL');
  for (const { port } of nodes) await expect(ask(port, 'version\r\n', '\r\n')).resolves.toMatch(/^VERSION /);
  await pool.start({ ...options, registration });
  const after = await listed(nodes);
  expect(after.Shoal.Version).toBe(before.Shoal.Version);
  expect(after.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId)).toEqual(
    before.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId),
  );
});

test('a node that dies without a word is taken off the list, and its id goes to the next', async () => {
  const dead = nodes.shift() as ServerProcess;
  await dead.stop('SIGKILL');
  await listed(nodes);
  await startNode();
  const cluster = await listed(nodes);
  expect(cluster.CacheNodes).toHaveLength(2);
  expect(cluster.CacheNodes?.[0].CacheNodeId).toBe('0001');
});
