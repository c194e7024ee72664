/** getOrSet across clients and across processes: one loads, the others get what it loaded. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@shoal/client';
import type { RunningServer } from '@shoal/server';
import { NodeFleet } from './node-fleet.js';

const LOADER = fileURLToPath(new URL('./loader-process.mjs', import.meta.url));
const fleet = new NodeFleet();
const clients: Client[] = [];
let node: RunningServer;
let number = 0;

beforeAll(async () => {
  [node] = await fleet.start(1);
});
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
afterAll(() => fleet.stop());

function connect(): Client {
  const client = new Client([`127.0.0.1:${node.port}`], { timeoutMs: 60_000 });
  clients.push(client);
  return client;
}

const freshKey = (): string => `key${number++}`;

/** A load that ends when the test says so, and the moment it begins. */
class Gate {
  loads = 0;
  open!: (value: string) => void;
  fail!: (error: Error) => void;
  begun!: () => void;
  readonly beginning = new Promise<void>((resolve) => {
    this.begun = resolve;
  });
  readonly #opened = new Promise<string>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
  readonly load = (): Promise<string> => {
    this.loads++;
    this.begun();
    return this.#opened;
  };
}

describe('getOrSet', () => {
  test('loads once for all callers of several clients', async () => {
    const key = freshKey();
    const gate = new Gate();
    const work = [connect(), connect(), connect()].flatMap((client) =>
      Array.from({ length: 10 }, () => client.getOrSet(key, gate.load, { ttlSeconds: 60 })),
    );
    await gate.beginning;
    gate.open('loaded');
    expect(await Promise.all(work)).toEqual(new Array(30).fill('loaded'));
    expect(gate.loads).toBe(1);
    expect(await connect().get(key)).toBe('loaded');
  });

  test('loads once for all callers of several processes', async () => {
    const key = freshKey();
    const processes = Array.from({ length: 3 }, () => fork(LOADER, [String(node.port), key]));
    const results = processes.map(async (child) => {
      const [result] = await once(child, 'message');
      await once(child, 'exit');
      return result as { loads: number; values: string[] };
    });
    const told = await Promise.all(results);
    expect(told.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
    expect(new Set(told.flatMap(({ values }) => values)).size).toBe(1);
  });

  test('lets another win when a load fails', async () => {
    const key = freshKey();
    const failing = new Gate();
    const first = connect().getOrSet(key, failing.load);
    await failing.beginning;
    const second = connect().getOrSet(key, () => 'second');
    failing.fail(new Error('the origin is down'));
    await expect(first).rejects.toThrow('the origin is down');
    expect(await second).toBe('second');
  });

  test('hands out a stale value while one caller loads it anew', async () => {
    const key = freshKey();
    const [one, other] = [connect(), connect()];
    await one.set(key, 'old');
    expect(await one.invalidate(key, { staleSeconds: 60 })).toBe(true);
    const gate = new Gate();
    const winner = one.getOrSet(key, gate.load);
    await gate.beginning;
    expect(await other.getOrSet(key, () => 'not me')).toBe('old');
    gate.open('new');
    expect(await winner).toBe('new');
    expect(await other.getOrSet(key, () => 'not me')).toBe('new');
  });

  test('gives a stale value back to be won again when its load fails', async () => {
    const key = freshKey();
    const [one, other] = [connect(), connect()];
    await one.set(key, 'old');
    await one.invalidate(key, { staleSeconds: 60 });
    await expect(one.getOrSet(key, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await other.getOrSet(key, () => 'new')).toBe('new');
  });

  test('refreshes a value near its end by one caller, and keeps it when that fails', async () => {
    const key = freshKey();
    const client = connect();
    await client.set(key, 'old', { ttlSeconds: 50 });
    const failing = (): Promise<string> => Promise.reject(new Error('no'));
    expect(await client.getOrSet(key, failing, { recacheSeconds: 100 })).toBe('old');
    expect(await client.getOrSet(key, () => 'new', { recacheSeconds: 100, ttlSeconds: 200 })).toBe('new');
    expect(await client.getOrSet(key, failing, { recacheSeconds: 100 })).toBe('new');
  });

  test('shows nothing to plain reads while the first load runs', async () => {
    const key = freshKey();
    const gate = new Gate();
    const loading = connect().getOrSet(key, gate.load);
    await gate.beginning;
    const client = connect();
    expect(await client.get(key)).toBeUndefined();
    expect(await client.gets(key)).toBeUndefined();
    expect(await client.getMany([key])).toEqual(new Map());
    gate.open('loaded');
    expect(await loading).toBe('loaded');
    expect(await client.get(key)).toBe('loaded');
  });

  test('wins a stale value also when a plain read has seen it before', async () => {
    const key = freshKey();
    const client = connect();
    await client.set(key, 'old');
    await client.invalidate(key, { staleSeconds: 60 });
    expect(await client.get(key)).toBe('old');
    expect(await client.getMany(['missing', key])).toEqual(new Map([[key, 'old']]));
    expect(await client.getOrSet(key, () => 'new')).toBe('new');
    expect(await client.get(key)).toBe('new');
  });

  test('does not overwrite what was written while it loaded', async () => {
    const key = freshKey();
    const client = connect();
    const gate = new Gate();
    const loading = client.getOrSet(key, gate.load);
    await gate.beginning;
    await connect().set(key, 'written');
    gate.open('loaded');
    expect(await loading).toBe('loaded');
    expect(await client.get(key)).toBe('written');
  });

  test('waits no longer than it may, and loads then', async () => {
    const key = freshKey();
    const gate = new Gate();
    const first = connect().getOrSet(key, gate.load);
    await gate.beginning;
    expect(await connect().getOrSet(key, () => 'mine', { waitMs: 50 })).toBe('mine');
    gate.open('late');
    expect(await first).toBe('late');
    expect(await connect().get(key)).toBe('mine');
  });

  test('lets a caller give up without the others', async () => {
    const key = freshKey();
    const client = connect();
    const gate = new Gate();
    const controller = new AbortController();
    const first = client.getOrSet(key, gate.load, { signal: controller.signal });
    const second = client.getOrSet(key, gate.load);
    await gate.beginning;
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    gate.open('loaded');
    expect(await second).toBe('loaded');
  });

  test('loads without the cache when there is none, unless that shall be an error', async () => {
    const client = new Client(['127.0.0.1:1'], { timeoutMs: 2000 });
    clients.push(client);
    expect(await client.getOrSet('a', () => 'loaded')).toBe('loaded');
    const strict = client.getOrSet('a', () => 'loaded', { onCacheError: 'throw' });
    await expect(strict).rejects.toMatchObject({ code: 'NODE_DOWN' });
    await expect(connect().getOrSet('', () => 'loaded')).rejects.toMatchObject({ code: 'BAD_KEY' });
    await expect(connect().getOrSet('a', () => 'x', { leaseSeconds: -1 })).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
    });
  });

  test('refuses to store nothing, and leaves the key to others', async () => {
    const key = freshKey();
    await expect(connect().getOrSet(key, () => undefined)).rejects.toMatchObject({ code: 'BAD_VALUE' });
    expect(await connect().getOrSet(key, () => 'something')).toBe('something');
  });
});
