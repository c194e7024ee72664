/**
 * memjs with the adapter that gives it discovery, on real nodes whose list is set by hand: it follows every change while
 * it works, loses no request, and places keys where the ring says. memjs's own second tries are off.
 */
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HashRing } from '@shoal/client';
import {
  createFollowingClient,
  type MemjsClient as FollowedClient,
  type FollowOptions,
  type MemjsFollower,
} from '@shoal/client/memjs';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import type { MemjsClient } from './memjs-client.js';

const NODE_COUNT = 5;
const KEYS = Array.from({ length: 300 }, (_, index) => `key:${index}`);
const OPTIONS = { timeout: 60, retries: 0, logger: { log: () => undefined } };

type Client = MemjsClient & FollowedClient;

const memjs = createRequire(import.meta.url)('memjs') as {
  Client: { create(servers: string, options?: object): Client };
};

describe('memjs, following a cluster of Shoal nodes', () => {
  let nodes: ServerProcess[];
  let client: Client;
  let follower: MemjsFollower;
  let version = 0;

  beforeAll(async () => {
    nodes = await Promise.all(
      Array.from({ length: NODE_COUNT }, () => ServerProcess.start(shoalOnPort(Transport.EPOLL))),
    );
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  const listed = (indices: readonly number[]) =>
    indices.map((index) => ({ hostname: '127.0.0.1', ip: '127.0.0.1', port: nodes[index].port }));

  /** On every node, as a pool does. */
  async function publish(indices: readonly number[]): Promise<void> {
    const words = listed(indices).map(({ hostname, ip, port }) => `${hostname}|${ip}|${port}`);
    const payload = `${++version}\n${words.join(' ')}\n`;
    for (const node of nodes) {
      await ask(node, `config set cluster 0 ${payload.length}\r\n${payload}\r\n`, 'STORED\r\n');
    }
  }

  async function ask(node: ServerProcess, request: string, until: string): Promise<string> {
    const conversation = await Conversation.open(node.address);
    try {
      return await conversation.askUntil(request, until);
    } finally {
      conversation.destroy();
    }
  }

  const keysOn = async (index: number): Promise<string[]> => {
    const found = await ask(nodes[index], `get ${KEYS.join(' ')}\r\n`, 'END\r\n');
    return [...found.matchAll(/^VALUE (\S+)/gm)].map(([, key]) => key);
  };
  const connectionsOn = async (index: number): Promise<number> =>
    Number(/STAT curr_connections (\d+)/.exec(await ask(nodes[index], 'stats\r\n', 'END\r\n'))?.[1]);
  const ports = () => client.servers.map(({ port }) => port);
  const portsOf = (indices: readonly number[]) => indices.map((index) => nodes[index].port);
  const text = async (key: string) => (await client.get(key)).value?.toString() ?? null;
  const follow = async (options: FollowOptions = {}): Promise<void> => {
    ({ client, follower } = await createFollowingClient(memjs.Client.create, `127.0.0.1:${nodes[0].port}`, {
      intervalMs: 25,
      graceMs: 100,
      memjs: OPTIONS,
      ...options,
    }));
  };

  beforeEach(async () => {
    for (const node of nodes) await ask(node, 'flush_all\r\n', 'OK\r\n');
  });
  afterEach(() => client.close());

  test('places every key on the node that the ring names', async () => {
    await publish([0, 1, 2]);
    await follow();
    expect(ports()).toEqual(portsOf([0, 1, 2]));
    await Promise.all(KEYS.map((key) => client.set(key, `value of ${key}`, {})));
    const ring = new HashRing(listed([0, 1, 2]));
    for (const index of [0, 1, 2]) {
      const owned = KEYS.filter((key) => ring.ownerOf(Buffer.from(key)) === index);
      expect(await keysOn(index)).toEqual(owned);
      expect(owned.length).toBeGreaterThan(KEYS.length / 6);
    }
    expect(await Promise.all(KEYS.map(text))).toEqual(KEYS.map((key) => `value of ${key}`));
  });

  test('by its own remainder, if asked to, it places them where memjs would', async () => {
    await publish([0, 1, 2]);
    await follow({ hashing: 'modulo' });
    const plain = memjs.Client.create(
      ports()
        .map((port) => `127.0.0.1:${port}`)
        .join(','),
      OPTIONS,
    );
    await Promise.all(KEYS.map((key) => client.set(key, `value of ${key}`, {})));
    const values = await Promise.all(KEYS.map(async (key) => (await plain.get(key)).value?.toString()));
    plain.close();
    expect(values).toEqual(KEYS.map((key) => `value of ${key}`));
  });

  test('follows 2 → 5 → 1 → 3 nodes under load: no call fails, and only keys that moved are missed', async () => {
    await publish([0, 1]);
    await follow();
    const failures: unknown[] = [];
    let working = true;
    let calls = 0;
    const work = async (worker: number): Promise<void> => {
      for (let turn = 0; working; turn++) {
        const key = `work:${worker}:${turn % 50}`;
        try {
          await client.set(key, 'x', {});
          await client.get(key);
          calls += 2;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const workers = Array.from({ length: 10 }, (_, worker) => work(worker));
    let before = [0, 1];
    for (const indices of [[0, 1, 2, 3, 4], [3], [1, 3, 4]]) {
      await Promise.all(KEYS.map((key) => client.set(key, 'kept', {})));
      await publish(indices);
      await eventually('the new list', () => follower.poller.current?.version === version);
      expect(ports()).toEqual(portsOf(indices));
      const values = await Promise.all(KEYS.map(text));
      const ownerOf = (list: readonly number[], key: string) =>
        list[new HashRing(listed(list)).ownerOf(Buffer.from(key))];
      const stayed = KEYS.map((key) => ownerOf(before, key) === ownerOf(indices, key));
      expect(values.map((value, index) => value === 'kept' || !stayed[index])).toEqual(KEYS.map(() => true));
      expect(stayed).toContain(true);
      before = indices;
    }
    working = false;
    await Promise.all(workers);
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(100);
  });

  test('lets go of a node that left, after the grace time', async () => {
    await publish([0, 1]);
    await follow();
    await Promise.all(KEYS.map((key) => client.set(key, 'x', {})));
    const connected = await connectionsOn(1);
    await publish([0]);
    // The number alone may fall because an earlier question has hung up.
    await eventually('the node to be let go', () => ports().length === 1);
    expect(ports()).toEqual(portsOf([0]));
    await eventually('the connection to be closed', async () => (await connectionsOn(1)) < connected);
    await Promise.all(KEYS.map((key) => client.set(key, 'x', {})));
    expect(await keysOn(0)).toEqual(KEYS);
  });

  test('refuses a server that knows no discovery', async () => {
    await ask(nodes[4], 'config delete cluster\r\n', '\r\n');
    const following = createFollowingClient(memjs.Client.create, `127.0.0.1:${nodes[4].port}`, { memjs: OPTIONS });
    await expect(following).rejects.toMatchObject({ code: 'NO_NODES' });
    await follow();
  });
});
