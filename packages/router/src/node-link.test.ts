import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClusterNode } from '@shoal/protocol';
import { ROUTER_DEFAULTS, type Router, type RouterOptions } from './options.js';
import { startRouter } from './router.js';
import { FakeNode } from './testing/fake-node.js';
import { TextClient, until } from './testing/text-client.js';

let node: FakeNode;
let router: Router;
let client: TextClient;

async function start(address: ClusterNode, options: Partial<RouterOptions> = {}): Promise<void> {
  router = await startRouter({
    ...ROUTER_DEFAULTS,
    listen: [{ host: '127.0.0.1', port: 0 }],
    topology: { config: { version: 1, nodes: [address] } },
    ...options,
  });
  client = await TextClient.open(router.addresses[0].port);
}

async function askUntil(expected: string): Promise<void> {
  let answer = '';
  while (answer !== expected) answer = await client.ask('get a\r\n', '\r\n');
}

beforeEach(async () => {
  node = await FakeNode.start();
});

afterEach(async () => {
  client?.close();
  await router?.destroy();
  await node.stop();
});

describe('a node that is reached under its host name only', () => {
  test('is reached, and comes back after it was down', async () => {
    await start({ hostname: 'localhost', ip: '127.0.0.9', port: node.port });
    expect(await client.ask('get a\r\n', '\r\n')).toBe('END\r\n');
    const { port } = node;
    await node.stop();
    await until('the node to be gone', () => node.connections > 0);
    expect(await client.ask('get a\r\n', '\r\n')).toBe(`SERVER_ERROR localhost:${port}: connection refused\r\n`);
    await node.listen(port);
    await askUntil('END\r\n');
  });

  test('is reached although something else under the other address says nothing', async () => {
    const mute = await FakeNode.start();
    await mute.stop();
    await mute.listen(node.port, '127.0.0.9');
    mute.isSilent = true;
    await start({ hostname: 'localhost', ip: '127.0.0.9', port: node.port }, { nodeTimeoutMs: 100 });
    expect(await client.ask('get a\r\n', '\r\n')).toContain('no answer within 100 ms');
    await askUntil('END\r\n');
    await mute.stop();
  });
});

describe('time', () => {
  test('in which the router itself stood still is not taken for the silence of a node', async () => {
    await start(node.address, { nodeTimeoutMs: 400 });
    expect(await client.ask('get a\r\n', '\r\n')).toBe('END\r\n');
    node.isSilent = true;
    client.send('get a\r\n');
    await until('the node to be asked', () => node.asked.length === 2);
    const untilMs = performance.now() + 1000;
    while (performance.now() < untilMs);
    setTimeout(() => node.speak(), 20);
    expect(await client.ask('', '\r\n')).toBe('END\r\n');
  });
});

describe('a failure of a node', () => {
  test('is told at once, and not again within a second', async () => {
    const told: ClusterNode[] = [];
    await start(node.address, { onNodeFailure: (address) => told.push(address) });
    await node.stop();
    const beganAtMs = performance.now();
    await client.ask('get a\r\n', '\r\n');
    await until('the failure to be told', () => told.length > 0);
    expect(told).toEqual([node.address]);
    while (told.length === 1) await client.ask('get a\r\n', '\r\n');
    expect(performance.now() - beganAtMs).toBeGreaterThan(900);
  });
});

describe('the largest item', () => {
  test('is what the owner says, when it has said it', async () => {
    node.itemSizeMaxBytes = 600_000;
    await start(node.address);
    expect(await client.ask('get a\r\n', '\r\n')).toBe('END\r\n');
    const set = (bytes: number) => `set a 0 0 ${bytes}\r\n${'x'.repeat(bytes)}\r\n`;
    expect(await client.ask(set(600_001), '\r\n')).toBe('SERVER_ERROR object too large for cache\r\n');
    expect(node.asked).toEqual(['get a', 'delete a 0']);
    expect(await client.ask(set(600_000), '\r\n')).toBe('STORED\r\n');
    node.itemSizeMaxBytes = 2_000_000;
    node.hangUp();
    expect(await client.ask('get b\r\n', '\r\n')).toBe('END\r\n');
    expect(await client.ask(set(1_900_000), '\r\n')).toBe('STORED\r\n');
  });
});
