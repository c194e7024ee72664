import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HashRing } from '@shoal/client';
import Memcached from 'memcached';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { testWith } from '../harness/outside-program.js';
import { connectMemjs } from '../peers/memjs-client.js';
import { addressOf, type RouterInFront, startRouterInFront } from './router-in-front.js';

const HAS_MEMCCAPABLE = spawnSync('memccapable', ['-V'], { stdio: 'ignore' }).error === undefined;
const MEMCCAPABLE_TESTS = 54;
const DEADLINE_MS = 180_000;
const KEYS = Array.from({ length: 300 }, (_, index) => `key${index}`);

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

describe('through a router in front of three nodes', () => {
  let front: RouterInFront;

  beforeAll(async () => {
    front = await startRouterInFront(3);
  }, DEADLINE_MS);
  afterAll(() => front.stop());

  async function ask(text: string, end: string): Promise<string> {
    const conversation = await Conversation.open(front.address);
    try {
      return await conversation.askUntil(text, end);
    } finally {
      conversation.destroy();
    }
  }

  async function itemsOfNodes(): Promise<number[]> {
    const counts: number[] = [];
    for (const { address } of front.nodes) {
      const conversation = await Conversation.open(address);
      const text = await conversation.askUntil('stats\r\n', 'END\r\n');
      counts.push(Number(/STAT curr_items (\d+)/.exec(text)?.[1]));
      conversation.destroy();
    }
    return counts;
  }

  test('memjs stores, reads, counts and deletes, on the node that the ring names', async () => {
    const client = connectMemjs(front.address.port);
    for (const key of KEYS) expect(await client.set(key, `value of ${key}`, {})).toBe(true);
    const ring = new HashRing(front.nodes.map(addressOf));
    const owned = [0, 0, 0];
    for (const key of KEYS) owned[ring.ownerOf(Buffer.from(key))]++;
    expect(await itemsOfNodes()).toEqual(owned);
    for (const key of KEYS) expect((await client.get(key)).value?.toString()).toBe(`value of ${key}`);
    expect(await client.increment('count', 5, { initial: 1 })).toEqual({ success: true, value: 1 });
    expect(await client.increment('count', 5, { initial: 1 })).toEqual({ success: true, value: 6 });
    expect(await client.delete('count')).toBe(true);
    client.close();
  });

  test('npm memcached reads many keys in one command, in any mix of hits and misses', async () => {
    const client = new Memcached(`127.0.0.1:${front.address.port}`, { timeout: 60_000, idle: 60_000, retries: 0 });
    const found = await new Promise((resolve, reject) =>
      client.getMulti([...KEYS.slice(0, 200), 'missing'], (error, values) => (error ? reject(error) : resolve(values))),
    );
    expect(Object.keys(found as object)).toHaveLength(200);
    client.end();
  });

  test('stats are sums with a row of the router, stats nodes has a row a node, and reset reaches all', async () => {
    const stats = await ask('stats\r\n', 'END\r\n');
    expect(Number(/STAT curr_items (\d+)/.exec(stats)?.[1])).toBe(KEYS.length);
    expect(stats).toMatch(/STAT limit_maxbytes 201326592\r\n/);
    expect(stats).toMatch(/STAT version 1\.6\.45\r\n/);
    expect(stats).toMatch(/STAT router_nodes 3\r\n/);
    const rows = (await ask('stats nodes\r\n', 'END\r\n')).split('\r\n').filter((line) => line.startsWith('STAT'));
    expect(rows.map((row) => row.split(' ')[1])).toEqual(front.nodes.map(({ port }) => `127.0.0.1:${port}`));
    for (const report of ['items', 'slabs', 'sizes', 'settings', 'conns', 'extstore']) {
      expect(await ask(`stats ${report}\r\n`, 'END\r\n')).toMatch(/END\r\n$/);
    }
    expect(await ask('stats reset\r\n', '\r\n')).toBe('RESET\r\n');
    expect(await ask('stats\r\n', 'END\r\n')).toMatch(/STAT cmd_set 0\r\n/);
    expect(await ask('stats detail on\r\n', '\r\n')).toBe('OK\r\n');
    expect(await ask('get a:1 b:1 a:2\r\n', 'END\r\n')).toBe('END\r\n');
    expect(await ask('stats detail dump\r\n', 'END\r\n')).toContain('PREFIX a get 2 hit 0 set 0 del 0\r\n');
    expect(await ask('stats detail off\r\nstats bogus\r\n', 'ERROR\r\n')).toBe('OK\r\nERROR\r\n');
    expect(await ask('cache_memlimit 100\r\ncache_memlimit 1\r\n', 'than 8m\r\n')).toMatch(/^OK\r\nMEMLIMIT_TOO_SMALL/);
  });

  test('flush_all empties all nodes', async () => {
    expect(await ask('flush_all\r\n', '\r\n')).toBe('OK\r\n');
    expect(await ask(`get ${KEYS.join(' ')}\r\n`, 'END\r\n')).toBe('END\r\n');
  });

  testWith('memccapable', HAS_MEMCCAPABLE)(
    `memccapable passes ${MEMCCAPABLE_TESTS} of ${MEMCCAPABLE_TESTS}`,
    async () => {
      const output = await run('memccapable', ['-h', '127.0.0.1', '-p', String(front.address.port)]);
      expect(output.split('\n').filter((line) => /^(ascii|binary) .*\[pass\]$/.test(line))).toHaveLength(
        MEMCCAPABLE_TESTS,
      );
    },
    DEADLINE_MS,
  );

  test('values of a mebibyte pass in both directions, to many clients at once', async () => {
    const bytes = 1_000_000;
    const clients = await Promise.all(Array.from({ length: 6 }, () => Conversation.open(front.address)));
    const block = 'x'.repeat(bytes);
    await Promise.all(
      clients.map(async (client, index) => {
        expect(await client.askUntil(`set large${index} 0 0 ${bytes}\r\n${block}\r\n`, '\r\n')).toBe('STORED\r\n');
        const expected = `VALUE large${index} 0 ${bytes}\r\n${block}\r\nEND\r\n`;
        expect((await client.askUntil(`get large${index}\r\n`, 'END\r\n')) === expected).toBe(true);
        client.destroy();
      }),
    );
  });

  test(
    'a planned change fails no request',
    async () => {
      const all = front.nodes.map(addressOf);
      const client = await Conversation.open(front.address);
      let isRunning = true;
      let asked = 0;
      const work = (async () => {
        while (isRunning) {
          const key = KEYS[asked++ % KEYS.length];
          const sent = `set ${key} 0 0 1\r\nx\r\nget ${key}\r\nget ${KEYS.slice(0, 20).join(' ')}\r\nmn\r\n`;
          const answer = await client.askUntil(sent, 'MN\r\n');
          if (answer.includes('ERROR') || !answer.startsWith('STORED\r\n')) throw new Error(answer);
        }
      })();
      for (let version = 2; version < 40; version++) {
        const before = asked;
        front.router.apply({ config: { version, nodes: all.slice(0, 1 + (version % 3)) } });
        await eventually('more requests', () => asked > before + 2);
      }
      isRunning = false;
      await work;
      client.destroy();
    },
    DEADLINE_MS,
  );
});
