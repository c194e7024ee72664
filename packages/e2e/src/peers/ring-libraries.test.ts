/**
 * `shoal ring` against the libraries it speaks for: each library itself says, or shows on listening sockets, where it
 * places keys, and the command has to say the same. What it says of Shoal's own ring is tested in ring-pylibmc.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Memcached from 'memcached';
import { Conversation } from '../harness/conversation.js';
import { testWith } from '../harness/outside-program.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import {
  askDalli,
  askPymemcache,
  askSpymemcached,
  HAS_DALLI,
  HAS_PYLIBMC,
  HAS_PYMEMCACHE,
  HAS_SPYMEMCACHED,
  type Names,
  storeWithPylibmc,
} from './ring-programs.js';
import { startRecorders, stopRecorders } from './ring-recorders.js';

const SHOAL = fileURLToPath(new URL('../../../cli/bin/shoal.js', import.meta.url));
const DEADLINE_MS = 240_000;
/** Around the sizes where some ring has fewer points than elsewhere. */
const SIZES = [1, 2, 3, 7, 25, 40];
/** A JVM takes a second to start. */
const SPYMEMCACHED_SIZES = [3, 25];

/** Short, long, numbers, punctuation, and letters of more than one byte. */
const KEYS = [
  ...Array.from({ length: 400 }, (_, index) => `key:${index}`),
  ...Array.from({ length: 60 }, (_, index) => `user-${index * 7919}/${'abc%'.repeat(index)}`),
  ...['a', '007', '1e3', '{}', "it's", '"quoted"', 'naïve', 'ключ', '日本', '🦆', '🦆🦆'],
];

const onPorts = (size: number): Names => Array.from({ length: size }, (_, index) => `127.0.0.1:${21_201 + index}`);
const onHosts = (size: number): Names => Array.from({ length: size }, (_, index) => `10.0.0.${index + 1}:11211`);

function ringOf(library: string, list: readonly string[], keys = KEYS): (string | null)[] {
  const args = [SHOAL, 'ring', '--json', '--library', library, ...list, ...keys];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`shoal ring left with ${status}: ${stderr}`);
  const { owners } = JSON.parse(stdout) as { owners: Record<string, Record<string, string | null>> };
  return keys.map((key) => owners[library][key]);
}

const ringOver = (library: string, servers: Names): (string | null)[] =>
  ringOf(library, ['--nodes', servers.join(',')]);

describe.each([
  { place: 'ports', serversOf: onPorts },
  { place: 'hosts on 11211', serversOf: onHosts },
])('shoal ring, for nodes on $place, agrees with', ({ serversOf }) => {
  const everySize = async (
    library: string,
    ask: (servers: Names) => Promise<Names> | Names,
    sizes = SIZES,
  ): Promise<void> => {
    for (const size of sizes) {
      const servers = serversOf(size);
      expect({ size, owners: ringOver(library, servers) }).toEqual({ size, owners: await ask(servers) });
    }
  };

  test(
    'npm memcached',
    async () => {
      await everySize('memcached', (servers) => {
        const client = new Memcached([...servers]) as unknown as { HashRing: { get(key: string): string } };
        return KEYS.map((key) => client.HashRing.get(key));
      });
    },
    DEADLINE_MS,
  );

  test(
    'memjs',
    async () => {
      const { Client } = createRequire(import.meta.url)('memjs') as {
        Client: { create(servers: string): { server(key: string): { host: string; port: number } } };
      };
      await everySize('memjs', (servers) => {
        const client = Client.create(servers.join(','));
        return KEYS.map((key) => client.server(key)).map(({ host, port }) => `${host}:${port}`);
      });
    },
    DEADLINE_MS,
  );

  testWith('python3-pymemcache', HAS_PYMEMCACHE)(
    "pymemcache's HashClient",
    () => everySize('pymemcache', (servers) => askPymemcache(servers, KEYS)),
    DEADLINE_MS,
  );

  testWith('ruby-dalli', HAS_DALLI)(
    'dalli',
    () => everySize('dalli', (servers) => askDalli(servers, KEYS)),
    DEADLINE_MS,
  );

  testWith('libspymemcached-java and a JDK', HAS_SPYMEMCACHED)(
    'spymemcached and its ketama locator',
    async () => {
      await everySize('spymemcached', (servers) => askSpymemcached('array', servers, KEYS), SPYMEMCACHED_SIZES);
      const askKetama = (servers: Names) => askSpymemcached('ketama', servers, KEYS);
      await everySize('spymemcached-ketama', askKetama, SPYMEMCACHED_SIZES);
    },
    DEADLINE_MS,
  );
});

testWith('python3-pylibmc', HAS_PYLIBMC)(
  'shoal ring agrees with pylibmc as it is unless told otherwise',
  async () => {
    for (const size of [2, 3, 25]) {
      const recorders = await startRecorders(size, () => ({ host: '127.0.0.1', port: 0 }));
      try {
        expect(await storeWithPylibmc(recorders, KEYS, {})).toBe(`${KEYS.length} stored\n`);
        const owners = ringOver(
          'libmemcached',
          recorders.map(({ name }) => name),
        );
        for (const { name, keys } of recorders) {
          const expected = KEYS.filter((_, index) => owners[index] === name);
          expect(keys.map((key) => Buffer.from(key, 'latin1').toString()).sort()).toEqual(expected.sort());
        }
      } finally {
        await stopRecorders(recorders);
      }
    }
  },
  DEADLINE_MS,
);

describe('with the nodes that an endpoint tells', () => {
  let endpoint: ServerProcess;
  const list = ['--endpoint', ''];
  beforeAll(async () => {
    endpoint = await ServerProcess.start(shoalOnPort(Transport.NET));
    list[1] = `127.0.0.1:${endpoint.port}`;
    const config = '3\nlocalhost|127.0.0.1|21201 localhost|127.0.0.1|21202 localhost|127.0.0.1|21203\n';
    const client = await Conversation.open(endpoint.address);
    await client.askUntil(`config set cluster 0 ${config.length}\r\n${config}\r\n`, 'STORED\r\n');
    client.destroy();
  });
  afterAll(() => endpoint.stop());

  testWith('libspymemcached-java and a JDK', HAS_SPYMEMCACHED)(
    "spymemcached's ketama, which hashes names and addresses, is told too",
    async () => {
      const servers = ['localhost:21201', 'localhost:21202', 'localhost:21203'];
      expect(ringOf('spymemcached-ketama', list)).toEqual(await askSpymemcached('ketama', servers, KEYS));
      expect(ringOver('spymemcached-ketama', servers)).toEqual(KEYS.map(() => null));
    },
    DEADLINE_MS,
  );
});
