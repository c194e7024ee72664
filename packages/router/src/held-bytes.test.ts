import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HashRing } from '@shoal/client';
import { ROUTER_DEFAULTS, type Router, type RouterOptions } from './options.js';
import { startRouter } from './router.js';
import { FakeNode } from './testing/fake-node.js';
import { TextClient, until } from './testing/text-client.js';

const MIB = 1024 * 1024;
const LARGE = 'v'.repeat(900_000);
/** What one client may be owed, one answer more, and output buffers that are not full. */
const SHARE_BYTES = 4 * MIB + 3 * MIB;
const TEST_MS = 120_000;

let nodes: FakeNode[] = [];
let router: Router;
let watcher: TextClient;
let clients: TextClient[] = [];
let mostHeldBytes = 0;
let watching = Promise.resolve();
let isWatching = false;

async function start(options: Partial<RouterOptions> = {}): Promise<void> {
  router = await startRouter({
    ...ROUTER_DEFAULTS,
    listen: [{ host: '127.0.0.1', port: 0 }],
    topology: { config: { version: 1, nodes: nodes.map(({ address }) => address) } },
    nodeTimeoutMs: 60_000,
    ...options,
  });
  watcher = await TextClient.open(router.addresses[0].port);
}

async function open(): Promise<TextClient> {
  const client = await TextClient.open(router.addresses[0].port);
  clients.push(client);
  return client;
}

async function statistic(name: string): Promise<number> {
  const report = await watcher.ask('stats\r\n', 'END\r\n');
  return Number(new RegExp(`STAT ${name} (\\d+)\r\n`).exec(report)?.[1]);
}

/** Notes the most that the router has held, over and over, until the test is over. */
function watch(): void {
  isWatching = true;
  watching = (async () => {
    while (isWatching) {
      mostHeldBytes = Math.max(mostHeldBytes, await statistic('router_held_bytes'));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
}

async function endWatch(): Promise<void> {
  isWatching = false;
  await watching;
}

/** Until the node has been asked nothing new for some looks. */
async function untilQuiet(): Promise<void> {
  let before = -1;
  let looks = 0;
  await until(
    'the nodes to be asked no more',
    () => {
      const now = nodes.reduce((sum, { asked }) => sum + asked.filter((line) => line !== 'stats').length, 0);
      looks = now === before ? looks + 1 : 0;
      before = now;
      return looks > 50 && now > 0;
    },
    TEST_MS,
  );
}

/** Not `toBe`: a difference of megabytes is of no use to anybody. */
async function receive(client: TextClient, expected: string): Promise<void> {
  await until('all answers', () => client.received.length >= expected.length, TEST_MS);
  expect(client.received === expected).toBe(true);
}

function keysOf(index: number, count: number): string[] {
  const ring = new HashRing(nodes.map(({ address }) => address));
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (ring.ownerOf(Buffer.from(`key${i}`)) === index) keys.push(`key${i}`);
  return keys;
}

const value = (key: string, bytes: string) => `VALUE ${key} 0 ${bytes.length}\r\n${bytes}\r\n`;

beforeEach(async () => {
  nodes = await Promise.all([FakeNode.start(), FakeNode.start(), FakeNode.start()]);
  clients = [];
  mostHeldBytes = 0;
});

afterEach(async () => {
  await endWatch();
  for (const client of [...clients, watcher]) client?.close();
  await router?.destroy();
  await Promise.all(nodes.map((node) => node.stop()));
});

describe('what a router holds for a client that does not read', () => {
  test(
    'is bounded when small answers were followed by large ones, and all of it comes in order later',
    async () => {
      await start();
      const client = await open();
      const [missed] = keysOf(0, 1);
      const large = [0, 1, 2].map((index) => keysOf(index, 2)[1]);
      for (const [index, node] of nodes.entries()) node.items.set(large[index], LARGE);
      await client.ask(`${`get ${missed}\r\n`.repeat(300)}mn\r\n`, 'MN\r\n');
      client.socket.pause();
      watch();
      const count = 60;
      const asked = Array.from({ length: count }, (_, index) => large[index % large.length]);
      client.send(`${asked.map((key) => `get ${key}\r\n`).join('')}mn\r\n`);
      await untilQuiet();
      await endWatch();
      expect(mostHeldBytes).toBeLessThan(SHARE_BYTES);
      expect(mostHeldBytes).toBeGreaterThan(LARGE.length);
      expect(await statistic('router_postponed_replies')).toBeGreaterThan(0);
      client.socket.resume();
      await receive(client, `${asked.map((key) => `${value(key, LARGE)}END\r\n`).join('')}MN\r\n`);
      expect(await statistic('router_held_bytes')).toBeLessThan(MIB);
    },
    TEST_MS,
  );

  test(
    'is bounded for one line of many large values, which comes whole',
    async () => {
      await start();
      const client = await open();
      const keys = [0, 1, 2].flatMap((index) => keysOf(index, 30)).sort();
      for (const node of nodes) for (const key of keys) node.items.set(key, `${key}${LARGE.slice(0, 300_000)}`);
      client.socket.pause();
      watch();
      client.send(`get ${keys.join(' ')}\r\nget ${keysOf(0, 30).join(' ')}\r\nmn\r\n`);
      await untilQuiet();
      await endWatch();
      // A part of each node may be under way.
      expect(mostHeldBytes).toBeLessThan(SHARE_BYTES);
      client.socket.resume();
      const lines = [keys, keysOf(0, 30)].map((line) =>
        line.map((key) => value(key, `${key}${LARGE.slice(0, 300_000)}`)).join(''),
      );
      await receive(client, `${lines.join('END\r\n')}END\r\nMN\r\n`);
    },
    TEST_MS,
  );

  test(
    'is bounded for all clients together; the others are served, and those that take nothing are cut off',
    async () => {
      const heldBytesMax = 8 * MIB;
      await start({ heldBytesMax });
      const [small, large] = keysOf(0, 2);
      nodes[0].items.set(small, 'small');
      nodes[0].items.set(large, LARGE);
      watch();
      const sleepers = await Promise.all(Array.from({ length: 8 }, open));
      for (const sleeper of sleepers) {
        sleeper.socket.pause();
        sleeper.send(`get ${large}\r\n`.repeat(60));
      }
      const reader = await open();
      for (let round = 0; round < 50; round++) {
        expect(await reader.ask(`get ${small}\r\n`, 'END\r\n')).toBe(`${value(small, 'small')}END\r\n`);
      }
      reader.send(`get ${large}\r\n`.repeat(3));
      const expected = `${value(large, LARGE)}END\r\n`.repeat(3);
      await until('the large values', () => reader.received.length === expected.length, TEST_MS);
      await endWatch();
      expect(mostHeldBytes).toBeLessThan(heldBytesMax + 3 * MIB);
      expect(await statistic('router_dropped_slow_clients')).toBeGreaterThan(0);
    },
    TEST_MS,
  );

  test('does not grow with data blocks that never become whole', async () => {
    await start({ heldBytesMax: 8 * MIB });
    const [key] = keysOf(0, 1);
    const senders = await Promise.all(Array.from({ length: 60 }, open));
    for (const sender of senders) sender.send(`set ${key} 0 0 1000000\r\nbegun`);
    let held = 0;
    while (held < 4 * MIB) held = await statistic('router_held_bytes');
    for (let round = 0; round < 20; round++) {
      expect(await statistic('router_held_bytes')).toBeLessThan(10 * MIB);
    }
    for (const sender of senders) sender.close();
    while (held > MIB) held = await statistic('router_held_bytes');
  });
});

describe('an answer that was let go', () => {
  test(
    'comes to each of many clients that read, however little room there is for all',
    async () => {
      await start({ heldBytesMax: 2 * MIB });
      const keys = [0, 1, 2].flatMap((index) => keysOf(index, 3)).sort();
      for (const node of nodes) for (const key of keys) node.items.set(key, `${key}${LARGE.slice(0, 200_000)}`);
      const shown = (key: string) => value(key, `${key}${LARGE.slice(0, 200_000)}`);
      const readers = await Promise.all(Array.from({ length: 12 }, open));
      for (const reader of readers) {
        reader.send(`${keys.map((key) => `get ${key}\r\n`).join('')}get ${keys.join(' ')} none\r\nmn\r\n`);
      }
      const singly = keys.map((key) => `${shown(key)}END\r\n`).join('');
      const expected = `${singly}${keys.map(shown).join('')}END\r\nMN\r\n`;
      for (const reader of readers) await receive(reader, expected);
    },
    TEST_MS,
  );

  test.each([
    { gets: 30, heldBytesMax: ROUTER_DEFAULTS.heldBytesMax },
    { gets: 3, heldBytesMax: 1 },
    { gets: 30, heldBytesMax: 1 },
  ])(
    'never shows a change that was asked behind $gets of them, with $heldBytesMax bytes for all',
    async ({ gets, heldBytesMax }) => {
      await start({ heldBytesMax });
      const client = await open();
      const [key, missed] = keysOf(1, 2);
      nodes[1].items.set(key, LARGE);
      await client.ask(`${`get ${missed}\r\n`.repeat(50)}mn\r\n`, 'MN\r\n');
      client.socket.pause();
      client.send(`${`get ${key}\r\n`.repeat(gets)}set ${key} 0 0 3\r\nnew\r\nget ${key}\r\nmn\r\n`);
      await untilQuiet();
      client.socket.resume();
      const before = `${value(key, LARGE)}END\r\n`.repeat(gets);
      await receive(client, `${before}STORED\r\n${value(key, 'new')}END\r\nMN\r\n`);
    },
    TEST_MS,
  );

  test(
    'is asked of the owner that its key has by then',
    async () => {
      await start();
      const client = await open();
      const [key, missed] = keysOf(1, 2);
      for (const node of nodes) node.items.set(key, LARGE);
      await client.ask(`${`get ${missed}\r\n`.repeat(50)}mn\r\n`, 'MN\r\n');
      client.socket.pause();
      client.send(`${`get ${key}\r\n`.repeat(40)}mn\r\n`);
      await untilQuiet();
      router.apply({ config: { version: 2, nodes: [nodes[0].address] } });
      client.socket.resume();
      await receive(client, `${`${value(key, LARGE)}END\r\n`.repeat(40)}MN\r\n`);
      expect(nodes[0].asked).toContain(`get ${key}`);
    },
    TEST_MS,
  );
});
