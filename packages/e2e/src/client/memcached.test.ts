/** Shoal's client with a real memcached: no discovery there, and every flag means the same. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Client } from '@shoal/client';
import { testWith } from '../harness/outside-program.js';
import { installedMemcached, memcachedOnPort } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

const installed = installedMemcached();
const test = testWith('memcached', installed !== null);

describe('the client with memcached', () => {
  let server: ServerProcess | null = null;
  let client: Client;

  beforeAll(async () => {
    if (installed === null) return;
    server = await ServerProcess.start(memcachedOnPort(installed.program, []));
    client = new Client(`127.0.0.1:${server.port}`, { timeoutMs: 60_000 });
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  test('takes it for the only node, and reads what it stored', async () => {
    await client.setMany({ text: 'ünï', json: { a: [1] }, 'blank key': Buffer.from([0, 10]) });
    const found = await client.getMany(['text', 'missing', 'json', 'blank key']);
    expect(Object.fromEntries(found)).toEqual({ text: 'ünï', json: { a: [1] }, 'blank key': Buffer.from([0, 10]) });
    expect(client.nodes).toEqual([`127.0.0.1:${server?.port}`]);
  });

  test('stores by condition, counts and compares', async () => {
    expect(await client.add('a', 'one')).toBe(true);
    expect(await client.add('a', 'two')).toBe(false);
    expect(await client.append('a', '>')).toBe(true);
    expect(await client.append('none', '>')).toBe(false);
    const found = await client.gets('a');
    expect(found?.value).toBe('one>');
    expect(await client.cas('a', 'three', found?.cas as bigint)).toBe('stored');
    expect(await client.cas('a', 'four', found?.cas as bigint)).toBe('exists');
    expect(await client.incr('n', 2, { initial: 5 })).toBe(5);
    expect(await client.incr('n', 2)).toBe(7);
    expect(await client.gat('a', 100)).toBe('three');
    expect(await client.touch('none', 100)).toBe(false);
    expect(await client.delete('a')).toBe(true);
  });

  test('loads once, hands out what is stale, and loads anew', async () => {
    let loads = 0;
    const load = (): string => `load ${++loads}`;
    const ask = (): Promise<string> => client.getOrSet('loaded', load, { ttlSeconds: 100 });
    expect(await Promise.all([ask(), ask()])).toEqual(['load 1', 'load 1']);
    await client.invalidate('loaded', { staleSeconds: 50 });
    expect(await ask()).toBe('load 2');
    const failing = (): Promise<string> => Promise.reject(new Error('no'));
    await expect(client.getOrSet('failed', failing)).rejects.toThrow('no');
    expect(await client.getOrSet('failed', () => 'found')).toBe('found');
  });
});
