/**
 * The commands that know where keys lie, on a real pool: `shoal ring` has to name the node on which each client library
 * really put a key, and `shoal proxy` has to put it there for a library that discovers nothing, also after a resize.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CacheCluster } from '@shoal/pool/api-client';
import { ClientChild } from '../discovering/client-child.js';
import { CLIENT_PROGRAMS } from '../discovering/client-programs.js';
import { placesOf } from '../discovering/key-places.js';
import { eventually } from '../harness/eventually.js';
import { testWith } from '../harness/outside-program.js';
import { ShoalPool, ShoalProgram, shoal } from './shoal-program.js';

const KEYS = 150;
/** Longer than the proxy needs to look again, on a busy machine too. */
const DRAIN_SECONDS = 10;
const pool = new ShoalPool();
let endpoint = '';
let nodes: readonly string[] = [];

beforeAll(async () => {
  await pool.start();
  const settings = ['--port', '0', '--memory', '8', '--threads', '1', '--drain', String(DRAIN_SECONDS), '--wait'];
  note(await pool.json('cluster', 'create', 'dev', '-n', '3', ...settings));
});
afterAll(() => pool.stop());

function note({ CacheCluster: cluster }: { readonly CacheCluster: CacheCluster }): void {
  endpoint = `${cluster.ConfigurationEndpoint.Address}:${cluster.ConfigurationEndpoint.Port}`;
  nodes = cluster.CacheNodes?.map(({ Endpoint }) => `${Endpoint?.Address}:${Endpoint?.Port}`) ?? [];
}

function keysOf(prefix: string): string[] {
  return Array.from({ length: KEYS }, (_, index) => `${prefix}:${index}`);
}

async function startClient(name: string, servers: string): Promise<ClientChild> {
  const program = CLIENT_PROGRAMS.find((each) => each.name === name);
  if (program === undefined) throw new Error(`There is no client ${name}`);
  return ClientChild.start(program.program, [...program.args, servers]);
}

/** By what `shoal ring` says, asked of the endpoint. */
async function ownersOf(library: string, keys: readonly string[]): Promise<(string | undefined)[]> {
  const { exitCode, text, errors } = await shoal(
    'ring',
    '--json',
    '--library',
    library,
    '--endpoint',
    endpoint,
    ...keys,
  );
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  const { owners } = JSON.parse(text) as { owners: Record<string, Record<string, string>> };
  return keys.map((key) => owners[library][key]);
}

/** By asking the nodes; each key has to lie on one of them alone. */
async function holdersOf(keys: readonly string[], value: string): Promise<(string | undefined)[]> {
  const places = await placesOf(keys, value, nodes);
  expect(keys.filter((key) => places.get(key)?.length !== 1)).toEqual([]);
  return keys.map((key) => places.get(key)?.[0]);
}

describe('shoal ring names the node on which a key lies that was set by', () => {
  const LIBRARIES = [
    { library: 'shoal', client: 'memcached', servers: 'endpoint' },
    { library: 'shoal', client: 'memjs-following', servers: 'endpoint' },
    { library: 'memcached', client: 'ecad', servers: 'endpoint' },
    { library: 'memjs', client: 'memjs', servers: 'nodes' },
    { library: 'pymemcache', client: 'pymemcache', servers: 'endpoint' },
    { library: 'dalli', client: 'dalli', servers: 'nodes' },
  ];

  for (const { library, client, servers } of LIBRARIES) {
    const { needs, present } = CLIENT_PROGRAMS.find(({ name }) => name === client) ?? { needs: client, present: false };

    testWith(needs, present)(`${client} over the ${servers} (${library})`, async () => {
      const child = await startClient(client, servers === 'endpoint' ? endpoint : nodes.join(','));
      const keys = keysOf(`ring:${client}`);
      const { errors } = await child.tell({ set: keys, value: 'set' });
      expect({ errors, exit: await child.end() }).toEqual({ errors: [], exit: '0' });
      const holders = await holdersOf(keys, 'set');
      expect(await ownersOf(library, keys)).toEqual(holders);
      expect(new Set(holders).size).toBe(nodes.length);
    });
  }
});

describe('shoal proxy', () => {
  let proxy: ShoalProgram;
  let client: ClientChild;
  const addressOf = () => /^Routing on (\S+);/m.exec(proxy.text)?.[1] ?? '';

  beforeAll(async () => {
    proxy = new ShoalProgram(['proxy', '--endpoint', endpoint, '--listen', '127.0.0.1:0', '--interval', '1']);
    await proxy.prints(/^Version \d+: .*$/m);
    client = await startClient('memcached', addressOf());
  });
  afterAll(() => Promise.all([client.end(), proxy.stop()]));

  async function keysLieWhereRingSays(prefix: string): Promise<void> {
    const keys = keysOf(prefix);
    await client.tell({ set: keys, value: 'set' });
    const { values } = await client.tell({ get: keys });
    expect(values).toEqual(keys.map((key) => `set ${key}`));
    expect(await holdersOf(keys, 'set')).toEqual(await ownersOf('shoal', keys));
  }

  test('lets npm memcached work with all nodes as with one server', () => keysLieWhereRingSays('before'));

  test.each([4, 2])('follows the cluster to %i nodes, and no call through it fails', async (count) => {
    note(await pool.json('cluster', 'scale', 'dev', String(count)));
    const config = await eventuallyListed(count);
    await proxy.prints(new RegExp(`^Version ${config.version}: ${nodes.join(' ')}$`, 'm'));
    await keysLieWhereRingSays(`scaled-${count}`);
    note(await pool.json('cluster', 'scale', 'dev', String(count), '--wait'));
    const { failed, errors } = await client.tell({});
    expect({ failed, errors }).toEqual({ failed: 0, errors: [] });
  });

  test('leaves with 0 when it is told to end, having said nothing of trouble', async () => {
    expect(await client.end()).toBe('0');
    expect(await proxy.stop()).toBe(0);
    expect(proxy.errors).toBe('');
  });

  async function eventuallyListed(count: number): Promise<{ readonly version: number }> {
    let config = { version: 0, nodes: [] as { ip: string; port: number }[] };
    await eventually(`a list of ${count} nodes`, async () => {
      config = JSON.parse((await shoal('config', 'get', endpoint, '--json')).text);
      return config.nodes.length === count;
    });
    nodes = config.nodes.map(({ ip, port }) => `${ip}:${port}`);
    return config;
  }
});

test('shoal proxy says that it cannot listen on a port that is in use', async () => {
  const { exitCode, text, errors } = await shoal('proxy', '--endpoint', endpoint, '--listen', nodes[0]);
  expect({ exitCode, text }).toEqual({ exitCode: 69, text: '' });
  expect(errors).toMatch(/^Cannot start the proxy: .*\n$/);
});
