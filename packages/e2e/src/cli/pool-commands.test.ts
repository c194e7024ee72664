/** A cluster from its creation to its end by the command line alone, on a daemon that `shoal pool` runs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CacheCluster } from '@shoal/pool/api-client';
import type { ClusterConfig } from '@shoal/protocol';
import { ShoalPool, shoal } from './shoal-program.js';

const SETTINGS = ['--port', '0', '--memory', '8', '--threads', '1', '--drain', '5'];
const pool = new ShoalPool();

beforeAll(() => pool.start());
afterAll(() => pool.stop());

const describeShop = async (): Promise<CacheCluster> =>
  (await pool.json<{ CacheCluster: CacheCluster }>('cluster', 'describe', 'shop')).CacheCluster;

const changed = async (...words: string[]): Promise<CacheCluster> =>
  (await pool.json<{ CacheCluster: CacheCluster }>(...words)).CacheCluster;

const endpointOf = ({ ConfigurationEndpoint: { Address, Port } }: CacheCluster) => `${Address}:${Port}`;
const idsOf = ({ CacheNodes = [] }: CacheCluster) => CacheNodes.map(({ CacheNodeId }) => CacheNodeId);
const handlesOf = ({ CacheNodes = [] }: CacheCluster) => CacheNodes.map(({ Shoal }) => Shoal.Handle);
const addressesOf = ({ CacheNodes = [] }: CacheCluster) =>
  CacheNodes.map(({ Endpoint }) => `${Endpoint?.Address}:${Endpoint?.Port}`);

async function configAt(address: string): Promise<ClusterConfig> {
  const { exitCode, text, errors } = await shoal('config', 'get', address, '--json');
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  return JSON.parse(text) as ClusterConfig;
}

test('a pool without clusters says how to make one', async () => {
  const { exitCode, text } = await pool.shoal('cluster', 'list');
  expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('shoal cluster create') });
});

test('create --wait tells its progress and returns once every node serves', async () => {
  const { exitCode, text, errors } = await pool.shoal('cluster', 'create', 'shop', '-n', '2', ...SETTINGS, '--wait');
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: expect.stringMatching(/^shop: creating, /) });
  expect(text).toMatch(/^Status +available$/m);
  expect(text).toMatch(/^Each node +8 MB, 1 thread$/m);
  expect(text.match(/^000[12] +127\.0\.0\.1:\d+ +available +healthy +\d+ +pid \d+$/gm)).toHaveLength(2);
});

test('list and node list show it', async () => {
  const cluster = await describeShop();
  const version = cluster.Shoal.Version;
  const list = await pool.shoal('cluster', 'list');
  expect(list.text).toMatch(new RegExp(`^shop +available +2 +${version} +${endpointOf(cluster)} +process$`, 'm'));
  const nodes = await pool.shoal('node', 'list', 'shop');
  for (const [index, address] of addressesOf(cluster).entries())
    expect(nodes.text).toMatch(new RegExp(`^000${index + 1} +${address} +available +healthy +${version} `, 'm'));
});

test('config get says the same at the endpoint and at every node', async () => {
  const cluster = await describeShop();
  const config = await configAt(endpointOf(cluster));
  expect(config.version).toBe(cluster.Shoal.Version);
  expect(config.nodes.map(({ ip, port }) => `${ip}:${port}`)).toEqual(addressesOf(cluster));
  for (const address of addressesOf(cluster)) expect(await configAt(address)).toEqual(config);
  const { text } = await shoal('config', 'get', endpointOf(cluster));
  expect(text).toContain(`Version ${config.version}, 2 nodes\n`);
});

test('scale --wait returns once all tell the longer list', async () => {
  const before = await describeShop();
  const after = await changed('cluster', 'scale', 'shop', '4', '--wait');
  expect(after).toMatchObject({ CacheClusterStatus: 'available', NumCacheNodes: 4, PendingModifiedValues: {} });
  expect(idsOf(after)).toEqual(['0001', '0002', '0003', '0004']);
  expect(handlesOf(after).slice(0, 2)).toEqual(handlesOf(before));
  const config = await configAt(endpointOf(after));
  expect(config.version).toBeGreaterThan(before.Shoal.Version);
  for (const address of addressesOf(after)) expect(await configAt(address)).toEqual(config);
});

test('remove-nodes takes the nodes that are named, and returns without --wait while they drain', async () => {
  const begun = await changed('cluster', 'remove-nodes', 'shop', '0002');
  expect(begun).toMatchObject({
    CacheClusterStatus: 'modifying',
    NumCacheNodes: 4,
    PendingModifiedValues: { NumCacheNodes: 3, CacheNodeIdsToRemove: ['0002'] },
  });
  const done = await changed('cluster', 'scale', 'shop', '3', '--wait');
  expect(idsOf(done)).toEqual(['0001', '0003', '0004']);
});

test('scale takes the highest ids when it shrinks', async () => {
  expect(idsOf(await changed('cluster', 'scale', 'shop', '2', '--wait'))).toEqual(['0001', '0003']);
});

test('reboot and node replace start nodes anew at their places, with the same list', async () => {
  const before = await describeShop();
  const rebooted = await changed('cluster', 'reboot', 'shop', '--wait');
  const replaced = await changed('node', 'replace', 'shop', '0003', '--wait');
  const handles = [before, rebooted, replaced].map(handlesOf);
  expect(new Set(handles.flat()).size).toBe(5);
  expect(handles[2][0]).toBe(handles[1][0]);
  for (const after of [rebooted, replaced]) {
    expect(addressesOf(after)).toEqual(addressesOf(before));
    expect(after.Shoal.Version).toBe(before.Shoal.Version);
  }
});

test('delete --wait returns when nothing is left of it', async () => {
  const endpoint = endpointOf(await describeShop());
  const { exitCode, text, errors } = await pool.shoal('cluster', 'delete', 'shop', '--wait');
  expect({ exitCode, text, errors }).toEqual({ exitCode: 0, text: 'shop is deleted\n', errors: expect.any(String) });
  expect(await pool.json('cluster', 'list')).toEqual({ CacheClusters: [] });
  expect((await pool.shoal('cluster', 'describe', 'shop')).exitCode).toBe(66);
  expect((await shoal('config', 'get', endpoint)).exitCode).toBe(69);
});

test('the daemon leaves with 0 when it is told to end', async () => {
  expect(await pool.stop()).toBe(0);
});
