/** Every action over a pool that only remembers what it was asked. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { RegistryError, RegistryErrorCode } from '../../registry/registry.js';
import { FakePoolControl, POOL } from '../../testing/fake-pool-control.js';
import { FakePoolRequests, nodeRecord } from '../../testing/fake-pool-requests.js';
import { storedCluster } from '../../testing/stored-cluster.js';
import { PoolError, PoolErrorCode } from '../errors.js';
import type { DescribeCacheClustersResult } from '../results.js';
import { runAction } from './catalogue.js';

let requests = new FakePoolRequests();
let control = new FakePoolControl();

beforeEach(() => {
  requests = new FakePoolRequests();
  control = new FakePoolControl();
});

function run(name: string, parameters: unknown): Promise<object> {
  return runAction(name, parameters, { requests, control });
}

async function refusal(name: string, parameters: unknown): Promise<readonly [code: string, message: string]> {
  const error = await run(name, parameters).then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(PoolError);
  return [error.code, error.message];
}

describe('CreateCacheCluster', () => {
  test('asks for what the parameters say', async () => {
    const parameters = {
      CacheClusterId: 'My-Cluster',
      NumCacheNodes: 3,
      Engine: 'memcached',
      Port: 0,
      Driver: 'process',
      MemoryMegabytes: 128,
      Threads: 2,
      NodePorts: [12_001, 12_002],
      DrainSeconds: 1.5,
      DeadReads: 'miss',
    };
    await expect(run('CreateCacheCluster', parameters)).resolves.toMatchObject({
      CacheCluster: { CacheClusterId: 'made' },
    });
    const asked = {
      id: 'my-cluster',
      nodeCount: 3,
      driver: 'process',
      port: 0,
      memoryMegabytes: 128,
      threads: 2,
      nodePorts: [12_001, 12_002],
      drainMs: 1500,
      deadReads: 'miss',
    };
    expect(requests.calls).toEqual([['createCluster', asked]]);
  });

  test('leaves to the pool what is not said', async () => {
    await run('CreateCacheCluster', { CacheClusterId: 'a', NumCacheNodes: 1 });
    expect(requests.calls).toEqual([['createCluster', { id: 'a', nodeCount: 1 }]]);
  });

  test('asks for no nodes where they register themselves', async () => {
    await run('CreateCacheCluster', { CacheClusterId: 'a', Driver: 'registered', DrainSeconds: 75 });
    expect(requests.calls).toEqual([
      ['createCluster', { id: 'a', nodeCount: 0, driver: 'registered', drainMs: 75_000 }],
    ]);
  });

  test('tells every wrong parameter at once, by name and with what it was', async () => {
    const parameters = { CacheClusterId: '1a', NumCacheNodes: 0, Port: 'x', NodePorts: [1, 70_000], Colour: 'red' };
    const [code, message] = await refusal('CreateCacheCluster', parameters);
    expect(code).toBe('InvalidParameterValue');
    expect(message).toBe(
      'Cannot run CreateCacheCluster: ' +
        'CacheClusterId must be 1 to 50 letters, digits and single hyphens, a letter first and no hyphen last, not "1a"; ' +
        'NumCacheNodes must be a whole number of 1 or more, not 0; ' +
        'Port must be a whole number from 0 to 65535, not "x"; ' +
        'NodePorts[1] must be a whole number from 1 to 65535, not 70000; ' +
        'there is no parameter Colour',
    );
    expect(requests.calls).toEqual([]);
  });

  test('tells what does not go together, and says so in the code', async () => {
    await expect(refusal('CreateCacheCluster', { CacheClusterId: 'a' })).resolves.toEqual([
      'InvalidParameterCombination',
      'Cannot run CreateCacheCluster: NumCacheNodes is required unless Driver is registered',
    ]);
    const registered = { CacheClusterId: 'a', Driver: 'registered', NumCacheNodes: 2, Threads: 4 };
    const [code, message] = await refusal('CreateCacheCluster', registered);
    expect(code).toBe('InvalidParameterCombination');
    expect(message).toMatch(/NumCacheNodes cannot be given with Driver registered.*; Threads cannot be given with/);
  });

  test('tells wrong values and wrong combinations in one message', async () => {
    const [code, message] = await refusal('CreateCacheCluster', { CacheClusterId: 'a', Port: -1 });
    expect(code).toBe('InvalidParameterValue');
    expect(message).toMatch(/Port must be .*, not -1; NumCacheNodes is required/);
  });

  test.each(['', '1a', '-a', 'a-', 'a--b', 'a_b', 'ä', 'a'.repeat(51), 5, null])('refuses the id %p', async (id) => {
    const [code, message] = await refusal('CreateCacheCluster', { CacheClusterId: id, NumCacheNodes: 1 });
    expect(code).toBe('InvalidParameterValue');
    expect(message.length).toBeLessThan(250);
  });

  test.each(['a', 'A1', 'a-b-c', 'a'.repeat(50)])('takes the id %p', async (id) => {
    await run('CreateCacheCluster', { CacheClusterId: id, NumCacheNodes: 1 });
    expect(requests.calls).toEqual([['createCluster', { id: id.toLowerCase(), nodeCount: 1 }]]);
  });

  test.each([
    ['Engine', 'redis', 'must be memcached, not "redis"'],
    ['Driver', 'vm', 'must be one of process, docker, registered, not "vm"'],
    ['DeadReads', true, 'must be error or miss, not true'],
    ['DrainSeconds', -1, 'must be a number from 0 to 86400, not -1'],
    ['Threads', 1.5, 'must be a whole number from 1 to 64, not 1.5'],
    ['NodePorts', [5, 5], 'names something twice, not [5,5]'],
    ['NodePorts', [], 'must be a list of 1 to 40 ports, not []'],
  ])('refuses the %s %p', async (name, value, problem) => {
    const parameters = { CacheClusterId: 'a', NumCacheNodes: 1, [name]: value };
    await expect(refusal('CreateCacheCluster', parameters)).resolves.toEqual([
      'InvalidParameterValue',
      `Cannot run CreateCacheCluster: ${name} ${problem}`,
    ]);
  });
});

describe('DescribeCacheClusters', () => {
  beforeEach(() => {
    const cluster = { ...storedCluster('dev', 3), nodes: [nodeRecord('0001', 'available')] };
    requests.clusters = [{ cluster, observations: [] }];
  });

  test('tells of all clusters, without their nodes', async () => {
    const result = (await run('DescribeCacheClusters', {})) as DescribeCacheClustersResult;
    expect(result.CacheClusters.map(({ CacheClusterId }) => CacheClusterId)).toEqual(['dev']);
    expect(result.CacheClusters[0]).not.toHaveProperty('CacheNodes');
    expect(result).not.toHaveProperty('Marker');
  });

  test('tells of one cluster, with its nodes', async () => {
    const result = await run('DescribeCacheClusters', { CacheClusterId: 'DEV', ShowCacheNodeInfo: true });
    expect(result).toMatchObject({ CacheClusters: [{ CacheNodes: [{ CacheNodeId: '0001' }] }] });
    expect(requests.calls).toEqual([['describe', 'dev']]);
  });

  test('does not know a cluster that is not there', async () => {
    await expect(refusal('DescribeCacheClusters', { CacheClusterId: 'prod' })).resolves.toEqual([
      'CacheClusterNotFound',
      'CacheCluster not found: prod',
    ]);
  });

  test('gives long lists in pages that miss nothing', async () => {
    const ids = Array.from({ length: 45 }, (_, i) => `c${100 + i}`);
    requests.clusters = ids.map((id) => ({ cluster: storedCluster(id, 1), observations: [] }));
    const seen: string[] = [];
    let marker: string | undefined;
    for (let page = 0; page < 3; page++) {
      const parameters = { MaxRecords: 20, ...(marker === undefined ? {} : { Marker: marker }) };
      const result = (await run('DescribeCacheClusters', parameters)) as DescribeCacheClustersResult;
      seen.push(...result.CacheClusters.map(({ CacheClusterId }) => CacheClusterId));
      marker = result.Marker;
    }
    expect(seen).toEqual(ids);
    expect(marker).toBeUndefined();
  });
});

describe('ModifyCacheCluster', () => {
  test('asks for a size, and for the nodes that shall go', async () => {
    await run('ModifyCacheCluster', { CacheClusterId: 'dev', NumCacheNodes: 5, ApplyImmediately: true });
    await run('ModifyCacheCluster', { CacheClusterId: 'dev', NumCacheNodes: 2, CacheNodeIdsToRemove: ['0002'] });
    expect(requests.calls).toEqual([
      ['resizeCluster', { clusterId: 'dev', nodeCount: 5, removeNodeIds: null }],
      ['resizeCluster', { clusterId: 'dev', nodeCount: 2, removeNodeIds: ['0002'] }],
    ]);
  });

  test.each([
    [{}, 'NumCacheNodes is missing: it must be a whole number of 1 or more'],
    [{ NumCacheNodes: 1, CacheNodeIdsToRemove: ['2'] }, 'CacheNodeIdsToRemove[0] must be four digits, not "2"'],
    [
      { NumCacheNodes: 1, CacheNodeIdsToRemove: '0002' },
      'CacheNodeIdsToRemove must be a list of 1 to 40 node ids, not "0002"',
    ],
    [
      { NumCacheNodes: 1, ApplyImmediately: false },
      'ApplyImmediately must be true: a pool has no maintenance window and applies changes at once, not false',
    ],
  ])('refuses %j', async (parameters, problem) => {
    await expect(refusal('ModifyCacheCluster', { CacheClusterId: 'dev', ...parameters })).resolves.toEqual([
      'InvalidParameterValue',
      `Cannot run ModifyCacheCluster: ${problem}`,
    ]);
  });
});

describe('the other actions', () => {
  test('reboot nodes', async () => {
    await run('RebootCacheCluster', { CacheClusterId: 'dev', CacheNodeIdsToReboot: ['0002', '0001'] });
    expect(requests.calls).toEqual([['rebootNodes', 'dev', ['0002', '0001']]]);
  });

  test('replace a node', async () => {
    await run('ReplaceCacheNode', { CacheClusterId: 'dev', CacheNodeId: '0002' });
    expect(requests.calls).toEqual([['replaceNode', 'dev', '0002']]);
  });

  test('delete a cluster, which is then seen to be going at once', async () => {
    await expect(run('DeleteCacheCluster', { CacheClusterId: 'dev' })).resolves.toMatchObject({
      CacheCluster: { CacheClusterId: 'dev', CacheClusterStatus: 'deleting' },
    });
  });

  test('describe the daemon', async () => {
    await expect(run('DescribePool', {})).resolves.toEqual({ Pool: POOL });
  });

  test('stop the daemon, with its nodes, without them, or as on a signal', async () => {
    for (const parameters of [{ StopNodes: true }, { StopNodes: false }, {}]) await run('StopPool', parameters);
    expect(control.stops).toEqual([{ stopNodes: true }, { stopNodes: false }, { stopNodes: null }]);
  });
});

describe('any action', () => {
  test.each([
    'CreateCacheCluster',
    'DescribeCacheClusters',
    'ModifyCacheCluster',
    'RebootCacheCluster',
    'DeleteCacheCluster',
    'ReplaceCacheNode',
    'DescribePool',
    'StopPool',
  ])('%s refuses a parameter that it does not know, and what are no parameters', async (name) => {
    const [code, message] = await refusal(name, { FinalSnapshotIdentifier: 'x' });
    expect(code).toBe('InvalidParameterValue');
    expect(message).toMatch(/there is no parameter FinalSnapshotIdentifier/);
    for (const parameters of [null, 5, 'x', []]) {
      await expect(refusal(name, parameters)).resolves.toEqual([
        'InvalidParameterValue',
        `Cannot run ${name}: the parameters are not a JSON object`,
      ]);
    }
    expect(control.stops).toEqual([]);
  });

  test('that nobody knows is refused with those that there are', async () => {
    const [code, message] = await refusal('CreateReplicationGroup', {});
    expect(code).toBe('InvalidAction');
    expect(message).toMatch(/^There is no action "CreateReplicationGroup"; there are CreateCacheCluster, Describe/);
  });

  test.each(Object.values(PoolErrorCode))('passes on what the pool refuses with %s', async (code) => {
    requests.failure = new PoolError(code, 'because');
    await expect(refusal('DeleteCacheCluster', { CacheClusterId: 'a' })).resolves.toEqual([code, 'because']);
  });

  test.each(Object.values(RegistryErrorCode))('tells trouble with the registry (%s) as no service', async (code) => {
    requests.failure = new RegistryError(code, 'Cannot reach etcd');
    await expect(refusal('DeleteCacheCluster', { CacheClusterId: 'a' })).resolves.toEqual([
      'ServiceUnavailable',
      'Cannot reach etcd',
    ]);
  });

  test('passes on what nobody foresaw, for the server to log', async () => {
    requests.failure = new TypeError('undefined is not a function');
    await expect(run('DescribeCacheClusters', {})).rejects.toBe(requests.failure);
  });

  test('names only some of a flood of problems', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`X${i}`, i]));
    const [, message] = await refusal('DescribePool', parameters);
    expect(message).toMatch(/X19; and 480 more$/);
  });
});
