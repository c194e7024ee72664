/** Real work with memjs: the binary dialect as Node.js applications speak it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { ServerProcess } from '../harness/server-process.js';
import { serversUnderTest } from '../harness/server-under-test.js';
import { connectMemjs, type MemjsClient } from './memjs-client.js';

describe.each(serversUnderTest())('memjs on $name', ({ command, version }) => {
  let server: ServerProcess;
  let client: MemjsClient;

  const text = async (key: string) => (await client.get(key)).value?.toString() ?? null;

  beforeAll(async () => {
    server = await ServerProcess.start(command());
    client = connectMemjs(server.port);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test('stores, reads, adds, replaces and deletes', async () => {
    expect(await client.set('a', 'one', {})).toBe(true);
    expect(await text('a')).toBe('one');
    expect(await client.add('a', 'two', {})).toBe(false);
    expect(await client.add('b', 'two', {})).toBe(true);
    expect(await client.replace('b', 'three', {})).toBe(true);
    expect(await client.replace('missing', 'x', {})).toBe(false);
    expect(await text('b')).toBe('three');
    expect(await client.delete('a')).toBe(true);
    expect(await client.delete('a')).toBe(false);
    expect(await text('a')).toBeNull();
  });

  // Its prepend sends the opcode of append (1.3.2), so there is nothing to learn from it.
  test('appends', async () => {
    await expect(client.append('missing', 'x')).rejects.toThrow('not stored');
    await client.set('a', 'mid', {});
    expect(await client.append('a', '>')).toBe(true);
    expect(await text('a')).toBe('mid>');
  });

  test('counts', async () => {
    expect(await client.increment('n', 5, { initial: 10 })).toEqual({ success: true, value: 10 });
    expect(await client.increment('n', 5, {})).toEqual({ success: true, value: 15 });
    expect(await client.decrement('n', 100, {})).toEqual({ success: true, value: 0 });
  });

  test('expires and touches', async () => {
    // On a busy machine the second may be over before the touch.
    do await client.set('long', 'x', { expires: 1 });
    while (!(await client.touch('long', 100)));
    await client.set('short', 'x', { expires: 1 });
    await eventually('an item of one second to go', async () => (await text('short')) === null);
    expect(await text('long')).toBe('x');
    expect(await client.touch('missing', 100)).toBe(false);
  });

  test('takes large values as they are', async () => {
    const value = Buffer.alloc(900_000, 'large value ');
    await client.set('large', value, {});
    expect((await client.get('large')).value?.equals(value)).toBe(true);
  });

  test('does many things at once', async () => {
    const keys = Array.from({ length: 500 }, (_, index) => `key${index}`);
    await Promise.all(keys.map((key) => client.set(key, `value of ${key}`, {})));
    const values = await Promise.all(keys.map(text));
    expect(values).toEqual(keys.map((key) => `value of ${key}`));
    const clients = Array.from({ length: 5 }, () => connectMemjs(server.port));
    await client.set('together', '0', {});
    await Promise.all(clients.flatMap((one) => Array.from({ length: 50 }, () => one.increment('together', 1, {}))));
    expect(await text('together')).toBe('250');
    for (const one of clients) one.close();
  });

  test('reads statistics and flushes', async () => {
    const stats = await new Promise<Record<string, string> | null>((resolve, reject) => {
      client.stats((error, _server, found) => (error === null ? resolve(found) : reject(error)));
    });
    expect(stats?.version).toBe(version);
    expect(Object.values(await client.flush())).toEqual([true]);
  });
});
