import { describe, expect, test } from '@jest/globals';
import { PoolErrorCode } from './api/errors.js';
import {
  type ClusterDraft,
  clusterId,
  deleted,
  newCluster,
  REPLACEMENT_ASKED,
  rebooted,
  replaced,
  resized,
} from './cluster-changes.js';
import { registeredNode, withoutRegistered, withRegistered } from './cluster-changes-registered.js';
import type { ClusterRecord } from './model.js';
import { clusterRecord, NOW_MS, nodeRecord } from './testing/records.js';

const CONTEXT = { nowMs: NOW_MS, versionFloor: 0, portsTaken: new Set<number>() };
const DRAFT: ClusterDraft = {
  id: 'dev',
  nodeCount: 3,
  driver: 'process',
  ownerId: 'daemon-1',
  endpoint: { host: '127.0.0.1', port: 11_211 },
  nodeSettings: { host: '127.0.0.1', memoryMegabytes: 64, threads: 1, ports: [] },
  drainMs: 75_000,
  deadReads: 'error',
  secret: '0'.repeat(32),
};

function thrownBy(work: () => unknown): { code?: string; message?: string } {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('nothing was thrown');
}

function summary({ version, nodes }: ClusterRecord): string {
  return [`v${version}`, ...nodes.map(({ id, phase }) => `${id} ${phase}`)].join(', ');
}

const three = clusterRecord([nodeRecord('0001'), nodeRecord('0002'), nodeRecord('0003')]);

describe('the id of a cluster', () => {
  test.each([
    ['a', 'a'],
    ['My-Cache-01', 'my-cache-01'],
    ['x'.repeat(50), 'x'.repeat(50)],
  ])('%s is taken as %s', (asked, taken) => {
    expect(clusterId(asked)).toBe(taken);
  });

  test.each(['', '1a', '-a', 'a-', 'a--b', 'a_b', 'a.b', 'ä', 'a\n', 'x'.repeat(51)])('%j is refused', (asked) => {
    expect(thrownBy(() => clusterId(asked)).code).toBe(PoolErrorCode.INVALID_VALUE);
  });
});

describe('a new cluster', () => {
  test('has nodes with the lowest ids, on the free ports above its endpoint', () => {
    const cluster = newCluster(DRAFT, { ...CONTEXT, portsTaken: new Set([11_213]) });
    expect(summary(cluster)).toBe('v0, 0001 creating, 0002 creating, 0003 creating');
    expect(cluster.nodes.map(({ address }) => address.port)).toEqual([11_212, 11_214, 11_215]);
    expect(cluster.completed).toBe(false);
  });

  test('takes the ports that were named first, in their order', () => {
    const nodeSettings = { ...DRAFT.nodeSettings, ports: [13_000, 12_000] };
    const { nodes } = newCluster({ ...DRAFT, nodeSettings }, CONTEXT);
    expect(nodes.map(({ address }) => address.port)).toEqual([13_000, 12_000, 11_212]);
  });

  test('goes on from the version of an earlier one', () => {
    expect(newCluster(DRAFT, { ...CONTEXT, versionFloor: 9 }).version).toBe(9);
  });

  test('of registered nodes is complete without any', () => {
    const cluster = newCluster({ ...DRAFT, driver: 'registered', ownerId: null, nodeCount: 0 }, CONTEXT);
    expect(cluster).toMatchObject({ completed: true, nodes: [] });
  });

  test.each<[string, Partial<ClusterDraft>, string]>([
    ['no node', { nodeCount: 0 }, PoolErrorCode.INVALID_VALUE],
    ['half a node', { nodeCount: 1.5 }, PoolErrorCode.INVALID_VALUE],
    ['41 nodes', { nodeCount: 41 }, PoolErrorCode.NODE_QUOTA],
    ['registered nodes', { driver: 'registered' }, PoolErrorCode.INVALID_COMBINATION],
    ['port 0', { endpoint: { host: 'x', port: 0 } }, PoolErrorCode.INVALID_VALUE],
    ['a negative drain', { drainMs: -1 }, PoolErrorCode.INVALID_VALUE],
    [
      'one port for endpoint and node',
      { nodeSettings: { ...DRAFT.nodeSettings, ports: [11_211] } },
      PoolErrorCode.INVALID_COMBINATION,
    ],
    ['no port left', { endpoint: { host: 'x', port: 65_534 } }, PoolErrorCode.INSUFFICIENT_CAPACITY],
  ])('with %s is refused', (_, wrong, code) => {
    expect(thrownBy(() => newCluster({ ...DRAFT, ...wrong }, CONTEXT)).code).toBe(code);
  });
});

describe('a new size', () => {
  const resize = (cluster: ClusterRecord, nodeCount: number, removeNodeIds: readonly string[] | null = null) =>
    resized(cluster, { clusterId: 'dev', nodeCount, removeNodeIds }, CONTEXT);

  test('fills the lowest free ids, and changes no list yet', () => {
    const cluster = clusterRecord([nodeRecord('0001'), nodeRecord('0003')]);
    expect(summary(resize(cluster, 4))).toBe('v7, 0001 available, 0002 creating, 0003 available, 0004 creating');
  });

  test('takes the highest ids away unless others are named, in one version', () => {
    expect(summary(resize(three, 1))).toBe('v8, 0001 available, 0002 draining, 0003 draining');
    expect(summary(resize(three, 2, ['0001']))).toBe('v8, 0001 draining, 0002 available, 0003 available');
    expect(resize(three, 2).nodes[2].drainUntilAtMs).toBe(NOW_MS + 75_000);
  });

  test('that is the present one changes nothing', () => {
    expect(resize(three, 3)).toBe(three);
  });

  test('stops nodes that never served, without a version', () => {
    const growing = clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'creating' })]);
    expect(summary(resize(growing, 1))).toBe('v7, 0001 available, 0002 stopping');
  });

  test('does not count nodes that leave already', () => {
    const leaving = clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'draining' })]);
    expect(summary(resize(leaving, 2))).toBe('v7, 0001 available, 0002 draining, 0003 creating');
  });

  test('has to match the nodes to remove, and says so as ElastiCache does', () => {
    const error = thrownBy(() => resize(clusterRecord([nodeRecord('0001'), nodeRecord('0002')]), 1, []));
    expect(error).toMatchObject({
      code: PoolErrorCode.INVALID_COMBINATION,
      message:
        'The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, ' +
        'current number of cache nodes is 2, requested number of cache nodes is 1 and CacheNodeIdsToRemove supplied are 0',
    });
  });

  test.each<[string, () => unknown, string]>([
    ['an unknown node', () => resize(three, 2, ['0009']), PoolErrorCode.NODE_NOT_FOUND],
    ['a node named twice', () => resize(three, 1, ['0001', '0001']), PoolErrorCode.INVALID_COMBINATION],
    ['a removal without a smaller size', () => resize(three, 3, ['0001']), PoolErrorCode.INVALID_COMBINATION],
    ['no node at all', () => resize(three, 0), PoolErrorCode.INVALID_VALUE],
    ['41 nodes', () => resize(three, 41), PoolErrorCode.NODE_QUOTA],
    ['a cluster being made', () => resize({ ...three, completed: false }, 4), PoolErrorCode.INVALID_STATE],
    ['a cluster being deleted', () => resize(deleted(three), 4), PoolErrorCode.INVALID_STATE],
    ['registered nodes', () => resize({ ...three, driver: 'registered' }, 4), PoolErrorCode.INVALID_COMBINATION],
  ])('is refused with %s', (_, work, code) => {
    expect(thrownBy(work).code).toBe(code);
  });
});

describe('reboot, replacement and deletion', () => {
  test('mark the nodes and leave the list as it is', () => {
    expect(summary(rebooted(three, ['0003', '0001']))).toBe('v7, 0001 rebooting, 0002 available, 0003 rebooting');
    expect(replaced(three, '0002').nodes[1]).toMatchObject({
      phase: 'rebooting',
      failures: { lastReason: REPLACEMENT_ASKED },
    });
    expect(summary(deleted(three))).toBe('v7, 0001 stopping, 0002 stopping, 0003 stopping');
  });

  test.each<[string, () => unknown, string]>([
    ['no node', () => rebooted(three, []), PoolErrorCode.INVALID_VALUE],
    ['an unknown node', () => rebooted(three, ['0004']), PoolErrorCode.NODE_NOT_FOUND],
    [
      'a node that leaves',
      () => replaced(clusterRecord([nodeRecord('0001', { phase: 'draining' })]), '0001'),
      PoolErrorCode.INVALID_STATE,
    ],
    ['a second deletion', () => deleted(deleted(three)), PoolErrorCode.INVALID_STATE],
  ])('refuse %s', (_, work, code) => {
    expect(thrownBy(work).code).toBe(code);
  });
});

describe('a node that registers', () => {
  const empty = clusterRecord([], { driver: 'registered', ownerId: null, version: 0 });
  const address = { hostname: 'node-1', ip: '10.0.0.1', port: 11_211 };
  const asked = { clusterId: 'dev', instanceId: 'i-1', address, listenerAddresses: {} };

  test('gets the lowest free id', () => {
    const { cluster, node } = withRegistered(empty, asked, NOW_MS);
    expect(node).toMatchObject({ id: '0001', phase: 'creating', instanceId: 'i-1', address });
    expect(cluster.nodes).toEqual([node]);
  });

  test('leaves behind which listeners it had, so that their lists can be withdrawn', () => {
    const came = withRegistered(empty, { ...asked, listenerAddresses: { 11311: address } }, NOW_MS).cluster;
    const changed = withRegistered(came, { ...asked, listenerAddresses: { 11411: address } }, NOW_MS).cluster;
    expect(withRegistered(changed, asked, NOW_MS).cluster.listenerPorts).toEqual([11_311, 11_411]);
  });

  const listed = clusterRecord([nodeRecord('0004', { address, instanceId: 'i-1' })], { driver: 'registered' });

  test('again under its address keeps its id and its place, and a new ip is a new version', () => {
    expect(summary(withRegistered(listed, { ...asked, instanceId: 'i-2' }, NOW_MS).cluster)).toBe('v7, 0004 available');
    const moved = { ...asked, address: { ...address, ip: '10.0.0.2' } };
    expect(summary(withRegistered(listed, moved, NOW_MS).cluster)).toBe('v8, 0004 available');
    const opened = { ...asked, listenerAddresses: { '11311': { hostname: 'host', ip: '10.1.1.1', port: 31_311 } } };
    expect(summary(withRegistered(listed, opened, NOW_MS).cluster)).toBe('v8, 0004 available');
  });

  test('after it has left has to serve again before it is listed', () => {
    const left = withoutRegistered(listed, { nodeId: '0004', instanceId: 'i-1', nowMs: NOW_MS });
    expect(summary(left)).toBe('v8, 0004 draining');
    expect(withoutRegistered(left, { nodeId: '0004', instanceId: 'i-1', nowMs: NOW_MS })).toBe(left);
    expect(summary(withRegistered(left, asked, NOW_MS).cluster)).toBe('v8, 0004 creating');
  });

  test('is known by its instance', () => {
    expect(registeredNode(listed, '0004', 'i-1').id).toBe('0004');
    expect(thrownBy(() => registeredNode(listed, '0004', 'i-0')).code).toBe(PoolErrorCode.NODE_NOT_FOUND);
    expect(thrownBy(() => registeredNode(listed, '0001', 'i-1')).code).toBe(PoolErrorCode.NODE_NOT_FOUND);
  });

  test.each<[string, () => unknown, string]>([
    [
      'a cluster whose nodes the pool starts',
      () => withRegistered(three, asked, NOW_MS),
      PoolErrorCode.INVALID_COMBINATION,
    ],
    [
      'a name that no list may show',
      () => withRegistered(empty, { ...asked, address: { ...address, hostname: 'node_1' } }, NOW_MS),
      PoolErrorCode.INVALID_VALUE,
    ],
    [
      'a listener that is no port',
      () => withRegistered(empty, { ...asked, listenerAddresses: { http: address } }, NOW_MS),
      PoolErrorCode.INVALID_VALUE,
    ],
    [
      'the 41st place',
      () =>
        withRegistered(
          { ...empty, nodes: Array.from({ length: 40 }, (_, i) => nodeRecord(String(i + 1).padStart(4, '0'))) },
          asked,
          NOW_MS,
        ),
      PoolErrorCode.NODE_QUOTA,
    ],
  ])('is refused %s', (_, work, code) => {
    expect(thrownBy(work).code).toBe(code);
  });
});
