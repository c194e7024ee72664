/** How the client reaches its nodes: TLS, and the hostname where the ip of the list does not answer. */
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { Client } from './client.js';
import type { ClientOptions } from './options.js';
import { eventually } from './testing/eventually.js';
import { FakeNode } from './testing/fake-node.js';
import { TLS_CERTIFICATE, TLS_KEY } from './testing/tls-identity.js';

const PATIENT: ClientOptions = { timeoutMs: 60_000, connectTimeoutMs: 60_000 };
const SHOWN = { key: TLS_KEY, cert: TLS_CERTIFICATE };
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startNode(tls?: typeof SHOWN): Promise<FakeNode> {
  const node = await FakeNode.start(undefined, 0, tls);
  closing.push(() => node.stop());
  return node;
}

function connect(target: ConstructorParameters<typeof Client>[0], options: ClientOptions): Client {
  const client = new Client(target, { ...PATIENT, ...options });
  closing.push(() => client.destroy());
  return client;
}

test('TLS carries requests and large values', async () => {
  const node = await startNode(SHOWN);
  const client = connect([`localhost:${node.port}`], { tls: { ca: TLS_CERTIFICATE } });
  const large = 'large '.repeat(100_000);
  await client.setMany({ a: 'x', large });
  expect(await client.getMany(['a', 'large', 'missing'])).toEqual(new Map(Object.entries({ a: 'x', large })));
  await client.close();
});

test('TLS with a certificate that nobody vouches for is a node that is down', async () => {
  const node = await startNode(SHOWN);
  const client = connect([`localhost:${node.port}`], { tls: true });
  await expect(client.get('a')).rejects.toMatchObject({ code: 'NODE_DOWN' });
});

test('a certificate for another name is refused', async () => {
  const node = await startNode(SHOWN);
  const client = connect([`127.0.0.1:${node.port}`], { tls: { ca: TLS_CERTIFICATE } });
  await expect(client.get('a')).rejects.toMatchObject({ code: 'NODE_DOWN' });
});

test('the endpoint is asked over TLS too, and its nodes by the names of the list', async () => {
  const node = await startNode(SHOWN);
  const answer = node.answer;
  node.answer = (command, socket) => {
    const payload = `1\nlocalhost|127.0.0.1|${node.port}\n`;
    if (command.line !== 'config get cluster') return answer(command, socket);
    return `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
  };
  const client = connect(`localhost:${node.port}`, { tls: { ca: TLS_CERTIFICATE } });
  await client.set('a', 'x');
  expect(await client.get('a')).toBe('x');
  expect(client.nodes).toEqual([`localhost:${node.port}`]);
});

test('the hostname is tried when the ip of the list does not answer', async () => {
  const node = await startNode();
  const endpoint = await startNode();
  // Nobody listens on this address of the loopback network.
  const payload = `1\nlocalhost|127.86.75.30|${node.port}\n`;
  endpoint.answer = () => `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
  const client = connect(endpoint.address, {});
  await client.set('a', 'x');
  expect(await client.get('a')).toBe('x');
  expect(node.items.get('a')).toBe('x');
});

test('a node that is delisted a while after it died is forgotten long before the next poll', async () => {
  const [endpoint, dead, alive] = [await startNode(), await startNode(), await startNode()];
  const list = (version: number, nodes: readonly FakeNode[]) => {
    const payload = `${version}\n${nodes.map(({ port }) => `localhost|127.0.0.1|${port}`).join(' ')}\n`;
    endpoint.answer = () => `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
  };
  list(1, [dead, alive]);
  const client = connect(endpoint.address, { reconnectMinMs: 10, reconnectMaxMs: 100, deadReads: 'miss' });
  const isDown = once(client, 'node-down');
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  await client.getMany(keys);
  await dead.stop();
  await client.getMany(keys);
  await isDown;
  // The questions that the loss itself causes are answered with the old list.
  const askedBefore = endpoint.commands.length;
  await eventually('questions in vain', () => endpoint.commands.length >= askedBefore + 2);
  const changed = once(client, 'topology');
  list(2, [alive]);
  await changed;
  expect(client.nodes).toEqual([`localhost:${alive.port}`]);
});
