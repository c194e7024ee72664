/** Real work with the npm client `memcached`: the text dialect as Node.js applications speak it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Memcached from 'memcached';
import { eventually } from '../harness/eventually.js';
import { ServerProcess } from '../harness/server-process.js';
import { serversUnderTest } from '../harness/server-under-test.js';

const LIFETIME_SECONDS = 1000;
/** Its `idle` too, 5 seconds if not given: then it drops a connection with all that waits on it, and tells nobody. */
const PATIENCE_MS = 60_000;

describe.each(serversUnderTest())('npm memcached on $name', ({ command, version }) => {
  let server: ServerProcess;
  let client: Memcached;

  /** One call of the client, as a promise; it tells a miss and a refused store as `false`, or as an error. */
  function call<Result>(start: (done: (error: unknown, result: Result) => void) => void): Promise<Result> {
    return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
  }
  const get = (key: string) => call<unknown>((done) => client.get(key, done));
  const set = (key: string, value: unknown, seconds = LIFETIME_SECONDS) =>
    call<boolean>((done) => client.set(key, value, seconds, done));

  beforeAll(async () => {
    server = await ServerProcess.start(command());
    client = new Memcached(`127.0.0.1:${server.port}`, {
      timeout: PATIENCE_MS,
      idle: PATIENCE_MS,
      retries: 0,
      poolSize: 5,
    });
  });
  afterAll(async () => {
    client.end();
    await server.stop();
  });

  test('stores, reads, adds, replaces and deletes', async () => {
    expect(await set('a', 'one')).toBe(true);
    expect(await get('a')).toBe('one');
    await expect(call((done) => client.add('a', 'two', LIFETIME_SECONDS, done))).rejects.toThrow('not stored');
    expect(await call((done) => client.add('b', 'two', LIFETIME_SECONDS, done))).toBe(true);
    expect(await call((done) => client.replace('b', 'three', LIFETIME_SECONDS, done))).toBe(true);
    expect(await get('b')).toBe('three');
    expect(await call((done) => client.del('a', done))).toBe(true);
    expect(await call((done) => client.del('a', done))).toBe(false);
    expect(await get('a')).toBeUndefined();
  });

  test('keeps objects, numbers and bytes apart by the flags', async () => {
    await set('object', { deep: [1, null, 'x'] });
    await set('number', 42);
    await set('bytes', Buffer.from([0, 13, 10, 255]));
    expect(await get('object')).toEqual({ deep: [1, null, 'x'] });
    expect(await get('number')).toBe(42);
    expect(await get('bytes')).toEqual(Buffer.from([0, 13, 10, 255]));
  });

  test('reads many keys in one command', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key${index}`);
    await Promise.all(keys.map((key) => set(key, `value of ${key}`)));
    const found = await call<Record<string, unknown>>((done) => client.getMulti([...keys, 'missing'], done));
    expect(found).toEqual(Object.fromEntries(keys.map((key) => [key, `value of ${key}`])));
  });

  test('compares and swaps', async () => {
    await set('a', 'one');
    const { cas } = await call<{ cas: string }>((done) => client.gets('a', done as never));
    expect(await call((done) => client.cas('a', 'two', cas, LIFETIME_SECONDS, done))).toBe(true);
    expect(await call((done) => client.cas('a', 'three', cas, LIFETIME_SECONDS, done))).toBe(false);
    expect(await get('a')).toBe('two');
  });

  test('appends, prepends and counts', async () => {
    await set('a', 'mid');
    expect(await call((done) => client.append('a', '>', done))).toBe(true);
    expect(await call((done) => client.prepend('a', '<', done))).toBe(true);
    expect(await get('a')).toBe('<mid>');
    await set('n', 5);
    expect(await call((done) => client.incr('n', 10, done))).toBe(15);
    expect(await call((done) => client.decr('n', 20, done))).toBe(0);
    expect(await call((done) => client.incr('missing', 1, done))).toBe(false);
  });

  test('expires and touches', async () => {
    // On a busy machine the second may be over before the touch.
    do await set('long', 'x', 1);
    while (!(await call((done) => client.touch('long', 100, done as never))));
    await set('short', 'x', 1);
    await eventually('an item of one second to go', async () => (await get('short')) === undefined);
    expect(await get('long')).toBe('x');
  });

  test('takes large values as they are', async () => {
    const value = 'large value '.repeat(80_000);
    expect(await set('large', value)).toBe(true);
    expect(await get('large')).toBe(value);
  });

  test('does many things at once', async () => {
    await set('together', 0);
    await Promise.all(Array.from({ length: 300 }, () => call((done) => client.incr('together', 1, done))));
    expect(await get('together')).toBe(300);
  });

  test('reads statistics and the version, and flushes', async () => {
    const [stats] = await call<Record<string, unknown>[]>((done) => client.stats(done as never));
    expect(stats.version).toBe(version);
    const [found] = await call<{ version: string }[]>((done) => client.version(done as never));
    expect(found.version).toBe(version);
    expect(await call((done) => client.flush(done as never))).toEqual([true]);
  });
});
