/** Every operation of Shoal's client, over one real node and over three. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@shoal/client';
import { NodeFleet } from './node-fleet.js';

describe.each([1, 3])('the client over %d nodes', (nodeCount) => {
  const fleet = new NodeFleet();
  let client: Client;

  beforeAll(async () => {
    const nodes = await fleet.start(nodeCount);
    await fleet.publish(nodes);
    client = new Client(`127.0.0.1:${nodes[0].port}`, { timeoutMs: 60_000 });
  });
  afterAll(async () => {
    await client.close();
    await fleet.stop();
  });
  beforeEach(() => client.flush());

  test('keeps strings, bytes and JSON apart', async () => {
    const values = ['text', 'ünï', '', Buffer.from([0, 13, 10, 255]), { deep: [1, null] }, 5, null, true];
    for (const value of values) {
      await client.set('a', value);
      expect(await client.get('a')).toEqual(value);
    }
    expect(await client.get('missing')).toBeUndefined();
    expect(await client.get('a', { as: 'string' })).toBe('true');
  });

  test('stores by condition', async () => {
    expect(await client.replace('a', 'one')).toBe(false);
    expect(await client.add('a', 'one')).toBe(true);
    expect(await client.add('a', 'two')).toBe(false);
    expect(await client.replace('a', 'two')).toBe(true);
    expect(await client.append('a', '>')).toBe(true);
    expect(await client.prepend('a', '<')).toBe(true);
    expect(await client.get('a')).toBe('<two>');
    expect(await client.append('missing', 'x')).toBe(false);
  });

  test('compares and swaps', async () => {
    await client.set('a', { n: 1 });
    const found = await client.gets<{ n: number }>('a');
    expect(found?.value).toEqual({ n: 1 });
    const cas = found?.cas as bigint;
    expect(await client.cas('a', { n: 2 }, cas)).toBe('stored');
    expect(await client.cas('a', { n: 3 }, cas)).toBe('exists');
    expect(await client.cas('missing', 1, cas)).toBe('not-found');
    expect(await client.gets('missing')).toBeUndefined();
  });

  test('counts, exactly up to 2⁶⁴', async () => {
    expect(await client.incr('n')).toBeUndefined();
    expect(await client.incr('n', 1, { initial: 10, ttlSeconds: 100 })).toBe(10);
    expect(await client.incr('n', 5)).toBe(15);
    expect(await client.decr('n', 20)).toBe(0);
    expect(await client.incr('n', 2n ** 64n - 1n)).toBe(2n ** 64n - 1n);
    await client.set('a', 'text');
    await expect(client.incr('a')).rejects.toMatchObject({ code: 'NOT_A_NUMBER' });
  });

  test('deletes and touches', async () => {
    await client.set('a', 'x', { ttlSeconds: 100 });
    expect(await client.touch('a', 200)).toBe(true);
    expect(await client.gat('a', 300)).toBe('x');
    expect(await client.delete('a')).toBe(true);
    expect(await client.delete('a')).toBe(false);
    expect(await client.touch('a', 1)).toBe(false);
    expect(await client.gat('a', 1)).toBeUndefined();
  });

  test('takes a lifetime of more than 30 days for what it says', async () => {
    await client.set('a', 'x', { ttlSeconds: 40 * 86_400 });
    expect(await client.get('a')).toBe('x');
  });

  test('reads and stores many', async () => {
    const entries = Array.from({ length: 1000 }, (_, index) => [`key ${index}`, { index }] as const);
    await client.setMany(entries);
    const found = await client.getMany(['missing', ...entries.map(([key]) => key)]);
    expect([...found]).toEqual(entries);
    expect(await client.getMany([])).toEqual(new Map());
    const bytes = Buffer.from('key 5');
    expect((await client.getMany([bytes])).get(bytes)).toEqual({ index: 5 });
  });

  test('takes keys and values of every shape', async () => {
    const keys = ['k'.repeat(250), ' '.repeat(186), 'ü'.repeat(125), '\r\n', Buffer.from([0xff, 1])];
    for (const key of keys) {
      await client.set(key, 'x');
      expect(await client.get(key)).toBe('x');
    }
    const large = 'large '.repeat(150_000);
    await client.set('large', large);
    expect(await client.get('large')).toBe(large);
    await expect(client.set('large', Buffer.alloc(2_000_000))).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
  });

  test('tells statistics of every node', async () => {
    const stats = await client.stats();
    expect([...stats.keys()]).toEqual([...client.nodes]);
    expect(stats.size).toBe(nodeCount);
    for (const rows of stats.values()) expect(rows).toMatchObject({ version: '1.6.45' });
    expect((await client.stats('settings')).size).toBe(nodeCount);
  });
});
