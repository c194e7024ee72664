/** Nodes come and go while requests run: none of them fails, and only keys whose owner changed are missed. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, HashRing } from '@shoal/client';
import type { RunningServer } from '@shoal/server';
import { eventually } from '../harness/eventually.js';
import { NodeFleet } from './node-fleet.js';

const KEYS = Array.from({ length: 500 }, (_, index) => `key${index}`);
const CALLERS = 20;
const POLL_MS = 50;

let fleet = new NodeFleet();
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await fleet.stop();
  fleet = new NodeFleet();
});

/** Callers that read and write without pause; what fails is kept. */
class Load {
  readonly failures: unknown[] = [];
  requestCount = 0;
  #isOver = false;
  readonly #callers: Promise<void>[];

  constructor(client: Client) {
    this.#callers = Array.from({ length: CALLERS }, (_, index) => this.#call(client, index));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }

  async #call(client: Client, first: number): Promise<void> {
    for (let at = first; !this.#isOver; at = (at + CALLERS + 1) % KEYS.length) {
      const key = KEYS[at];
      const work = [client.get(key), client.set(`load ${key}`, key), client.getMany(KEYS.slice(at, at + 50))];
      for (const outcome of await Promise.allSettled(work)) {
        this.requestCount++;
        if (outcome.status === 'rejected') this.failures.push(outcome.reason);
      }
    }
  }
}

function ringOf(nodes: readonly RunningServer[]): HashRing {
  return new HashRing(nodes.map(({ port }) => ({ hostname: 'localhost', ip: '127.0.0.1', port })));
}

function stays(key: string, before: readonly RunningServer[], after: readonly RunningServer[]): boolean {
  const bytes = Buffer.from(key);
  return before[ringOf(before).ownerOf(bytes)] === after[ringOf(after).ownerOf(bytes)];
}

async function follow(client: Client, nodes: readonly RunningServer[]): Promise<void> {
  await fleet.publish(nodes);
  const names = nodes.map(({ port }) => `localhost:${port}`);
  await eventually('the new list', () => String(client.nodes) === String(names));
}

async function start(nodes: readonly RunningServer[]): Promise<Client> {
  await fleet.publish(nodes);
  const client = new Client(`127.0.0.1:${nodes[0].port}`, { pollIntervalMs: POLL_MS, timeoutMs: 60_000 });
  clients.push(client);
  await client.setMany(KEYS.map((key) => [key, key]));
  return client;
}

describe('a planned change under load', () => {
  test('fails no request, and keeps every key whose owner did not change', async () => {
    const all = await fleet.start(5);
    const client = await start(all.slice(0, 3));
    const load = new Load(client);
    let known = all.slice(0, 3);
    for (const next of [all, all.slice(0, 2), [all[0], all[3]], all.slice(0, 4)]) {
      await client.setMany(KEYS.map((key) => [key, key]));
      await follow(client, next);
      const found = await client.getMany(KEYS);
      const kept = KEYS.filter((key) => stays(key, known, next));
      expect(kept.filter((key) => found.get(key) !== key)).toEqual([]);
      expect(kept.length).toBeGreaterThan(0);
      known = next;
    }
    await load.end();
    expect(load.failures).toEqual([]);
    expect(load.requestCount).toBeGreaterThan(100);
  });

  test('fails no request even when the node stops before the client has heard of it', async () => {
    const all = await fleet.start(3);
    await fleet.publish(all);
    const client = await start(all);
    const load = new Load(client);
    await eventually('the load', () => load.requestCount > 100);
    await fleet.publish(all.slice(0, 2));
    await fleet.close(all[2]);
    await eventually('the new list', () => client.nodes.length === 2);
    await load.end();
    expect(load.failures).toEqual([]);
  });
});

describe('a node that dies', () => {
  test('fails only requests for its own keys, and serves again as soon as it is back', async () => {
    const all = await fleet.start(2);
    const client = await start(all);
    await fleet.close(all[1]);
    const outcomes = await Promise.allSettled(KEYS.map((key) => client.get(key)));
    const ring = ringOf(all);
    for (const [index, key] of KEYS.entries()) {
      const owner = ring.ownerOf(Buffer.from(key));
      const value = owner === 0 ? { status: 'fulfilled', value: key } : { status: 'rejected' };
      expect(outcomes[index]).toMatchObject(value);
    }
  });
});
