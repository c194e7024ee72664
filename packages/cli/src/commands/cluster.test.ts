import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheCluster, cacheNode, FakePool } from '../testing/fake-pool.js';
import { shoal } from '../testing/shoal.js';

let pool: FakePool;

beforeEach(async () => {
  pool = new FakePool();
  await pool.listen();
});

afterEach(() => pool.close());

function cluster(...words: string[]) {
  return shoal(['cluster', ...words, '--data-dir', pool.dataDirectory]);
}

describe('shoal cluster list', () => {
  test('draws a table with a line a cluster, following every page', async () => {
    const growing = cacheCluster('shop', {
      PendingModifiedValues: { NumCacheNodes: 5 },
      CacheClusterStatus: 'modifying',
    });
    pool.answer(
      'DescribeCacheClusters',
      { CacheClusters: [cacheCluster('dev')], Marker: 'dev' },
      { CacheClusters: [growing] },
    );
    const { exitCode, text } = await cluster('list');
    expect(exitCode).toBe(0);
    expect(text).toBe(
      [
        'CLUSTER  STATUS     NODES  VERSION  ENDPOINT         DRIVER',
        'dev      available  2      7        127.0.0.1:11211  process',
        'shop     modifying  2 → 5  7        127.0.0.1:11211  process',
        '',
      ].join('\n'),
    );
    expect(pool.asked.map(({ request }) => request)).toEqual([
      { ShowCacheNodeInfo: true },
      { ShowCacheNodeInfo: true, Marker: 'dev' },
    ]);
  });

  test('says how to make the first one', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [] });
    expect((await cluster('list')).text).toContain('shoal cluster create');
  });

  test('prints what programs read with --json', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev')] });
    const { text } = await cluster('list', '--json');
    expect(JSON.parse(text)).toEqual({ CacheClusters: [cacheCluster('dev')] });
  });
});

describe('shoal cluster describe', () => {
  test('shows the cluster, its nodes, and why one ended', async () => {
    const failed = cacheNode('0002', {
      Shoal: {
        ...cacheNode('0002').Shoal,
        Health: 'failing',
        HealthReason: 'connection refused',
        Failures: { Count: 2, LastTime: null, LastReason: 'signal SIGKILL', RetryTime: null },
      },
    });
    pool.answer('DescribeCacheClusters', {
      CacheClusters: [cacheCluster('dev', { CacheNodes: [cacheNode('0001'), failed] })],
    });
    const { exitCode, text } = await cluster('describe', 'dev');
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^Cluster +dev$/m);
    expect(text).toMatch(/^Each node +64 MB, 1 thread$/m);
    expect(text).toMatch(/^0001 +127\.0\.0\.1:11212 +available +healthy +7 +pid 470001$/m);
    expect(text).toMatch(/^0002 +127\.0\.0\.1:11213 +available +failing: connection refused +7 +pid 470002$/m);
    expect(text).toContain('Node 0002 ended 2 times in a row, last: signal SIGKILL');
  });
});

describe('shoal cluster create', () => {
  test('hands over what was given and leaves the rest to the pool', async () => {
    pool.answer('CreateCacheCluster', { CacheCluster: cacheCluster('shop') });
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('shop')] });
    await cluster('create', 'shop', '-n', '2', '--node-ports', '12001,12005-12006', '--drain', '2.5');
    expect(pool.asked[0]).toEqual({
      action: 'CreateCacheCluster',
      request: { CacheClusterId: 'shop', NumCacheNodes: 2, NodePorts: [12001, 12005, 12006], DrainSeconds: 2.5 },
    });
  });

  test('says nothing of a number of nodes when they come by themselves', async () => {
    pool.answer('CreateCacheCluster', { CacheCluster: cacheCluster('shop') });
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('shop')] });
    await cluster('create', 'shop', '--driver', 'registered');
    expect(pool.asked[0].request).toEqual({ CacheClusterId: 'shop', Driver: 'registered' });
  });

  test('names a list of ports that cannot be read, and asks nothing', async () => {
    const { exitCode, errors } = await cluster('create', 'shop', '--node-ports', '12001,x');
    expect(exitCode).toBe(64);
    expect(errors).toBe('--node-ports: "x" is not allowed; allowed: ports from 1 to 65535, or first-last\n');
    expect(pool.asked).toEqual([]);
  });

  test.each([
    ['CacheClusterAlreadyExists', 73],
    ['InvalidParameterValue', 64],
    ['InsufficientCacheClusterCapacity', 75],
    ['ServiceUnavailable', 69],
    ['InternalFailure', 70],
  ])('a refusal of %s ends with %i and its words', async (refuse, code) => {
    pool.answer('CreateCacheCluster', { refuse, message: 'Cannot run CreateCacheCluster: MemoryMegabytes is odd' });
    expect(await cluster('create', 'shop')).toEqual({ exitCode: code, text: '', errors: '--memory is odd\n' });
  });
});

describe('shoal cluster scale', () => {
  test('returns at once, and with --wait when the cluster is available again', async () => {
    const modifying = cacheCluster('dev', {
      CacheClusterStatus: 'modifying',
      CacheNodes: [
        cacheNode('0001'),
        cacheNode('0002', {
          CacheNodeStatus: 'creating',
          Endpoint: undefined,
          Shoal: { ...cacheNode('0002').Shoal, Phase: 'creating' },
        }),
      ],
    });
    pool.answer('ModifyCacheCluster', { CacheCluster: modifying });
    pool.answer('DescribeCacheClusters', { CacheClusters: [modifying] }, { CacheClusters: [cacheCluster('dev')] });
    const { exitCode, text, errors } = await cluster('scale', 'dev', '2', '--wait');
    expect(exitCode).toBe(0);
    expect(errors).toContain('dev: modifying, 1 of 2 nodes in the list (0002 creating)\n');
    expect(text).toMatch(/^Status +available$/m);
    expect(pool.asked[0].request).toEqual({ CacheClusterId: 'dev', NumCacheNodes: 2 });
  });

  test('--wait goes on until every node that answers tells the new list', async () => {
    const behind = { ...cacheNode('0002').Shoal, ConfigVersion: 6 };
    const dead = { ...behind, Health: 'failing' as const };
    const withSecond = (Shoal: typeof behind) => ({
      CacheClusters: [cacheCluster('dev', { CacheNodes: [cacheNode('0001'), cacheNode('0002', { Shoal })] })],
    });
    pool.answer('ModifyCacheCluster', { CacheCluster: cacheCluster('dev') });
    pool.answer('DescribeCacheClusters', withSecond(behind), withSecond(behind), withSecond(dead));
    expect((await cluster('scale', 'dev', '2', '--wait')).text).toMatch(/^0002 .* failing /m);
  });

  test('gives up after --timeout with a code of its own', async () => {
    const modifying = cacheCluster('dev', { CacheClusterStatus: 'modifying' });
    pool.answer('ModifyCacheCluster', { CacheCluster: modifying });
    pool.answer('DescribeCacheClusters', { CacheClusters: [modifying] });
    const { exitCode, errors } = await cluster('scale', 'dev', '2', '--wait', '--timeout', '0.1');
    expect(exitCode).toBe(75);
    expect(errors).toMatch(/Not done within 0\.1 s: dev: modifying/);
  });

  test.each([['cluster', 'scale', 'dev'], ['cluster'], ['cluster', 'skale', 'dev', '2']])(
    'shoal %s %s %s %s is refused with a hint where to look',
    async (...words) => {
      const { exitCode, errors } = await shoal(words);
      expect(exitCode).toBe(64);
      expect(errors).toContain('--help');
    },
  );

  test('a number of nodes that is none is refused by name, and nothing is asked', async () => {
    const outcome = await cluster('scale', 'dev', 'two');
    expect(outcome).toEqual({ exitCode: 64, text: '', errors: 'nodes: a number is wanted\n' });
    expect(pool.asked).toEqual([]);
  });
});

describe('shoal cluster remove-nodes', () => {
  test('counts down from what the cluster is going to have', async () => {
    const growing = cacheCluster('dev', { PendingModifiedValues: { NumCacheNodes: 5 } });
    pool.answer('DescribeCacheClusters', { CacheClusters: [growing] });
    pool.answer('ModifyCacheCluster', { CacheCluster: growing });
    await cluster('remove-nodes', 'dev', '0001', '0002');
    expect(pool.asked[1].request).toEqual({
      CacheClusterId: 'dev',
      NumCacheNodes: 3,
      CacheNodeIdsToRemove: ['0001', '0002'],
    });
  });
});

describe('shoal cluster reboot', () => {
  test('restarts all nodes unless some are named', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev')] });
    pool.answer('RebootCacheCluster', { CacheCluster: cacheCluster('dev') });
    await cluster('reboot', 'dev');
    await cluster('reboot', 'dev', '0002', '0001');
    const reboots = pool.asked.filter(({ action }) => action === 'RebootCacheCluster');
    expect(reboots.map(({ request }) => (request as { CacheNodeIdsToReboot: string[] }).CacheNodeIdsToReboot)).toEqual([
      ['0001', '0002'],
      ['0002', '0001'],
    ]);
  });
});

describe('shoal cluster delete', () => {
  test('with --wait is done when nobody knows the cluster', async () => {
    pool.answer('DeleteCacheCluster', { CacheCluster: cacheCluster('dev', { CacheClusterStatus: 'deleting' }) });
    pool.answer(
      'DescribeCacheClusters',
      { CacheClusters: [cacheCluster('dev', { CacheClusterStatus: 'deleting' })] },
      { refuse: 'CacheClusterNotFound', message: 'CacheCluster not found: dev' },
    );
    const { exitCode, text } = await cluster('delete', 'dev', '--wait');
    expect([exitCode, text]).toEqual([0, 'dev is deleted\n']);
  });
});

test('a pool that does not run is told with what starts one', async () => {
  const { exitCode, errors } = await shoal(['cluster', 'list', '--data-dir', `${pool.dataDirectory}/nowhere`]);
  expect(exitCode).toBe(69);
  expect(errors).toMatch(/^Cannot reach a pool at .*nowhere\/pool\.sock: .*; start one with shoal up or shoal pool\n$/);
});
