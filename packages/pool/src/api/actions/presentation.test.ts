/** Records as ElastiCache would show them: status, counts and addresses while a cluster changes. */
import { describe, expect, test } from '@jest/globals';
import type { ClusterRecord, NodePhase } from '../../model.js';
import { nodeRecord } from '../../testing/fake-pool-requests.js';
import { storedCluster } from '../../testing/stored-cluster.js';
import { presentCluster, presentClusterAndNodes } from './presentation.js';

function cluster(phases: readonly NodePhase[], more: Partial<ClusterRecord> = {}): ClusterRecord {
  const nodes = phases.map((phase, i) => nodeRecord(String(i + 1).padStart(4, '0'), phase));
  return { ...storedCluster('dev', 7), nodes, ...more };
}

describe('a cluster', () => {
  test('has what clients of ElastiCache read', () => {
    expect(presentCluster(cluster(['available', 'available']))).toMatchObject({
      CacheClusterId: 'dev',
      ARN: 'arn:aws:elasticache:local:000000000000:cluster:dev',
      CacheClusterStatus: 'available',
      Engine: 'memcached',
      EngineVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      CacheNodeType: 'cache.64mb',
      NumCacheNodes: 2,
      PendingModifiedValues: {},
      PreferredAvailabilityZone: 'local',
      CacheClusterCreateTime: '2023-11-14T22:13:20.000Z',
      ConfigurationEndpoint: { Address: '127.0.0.1', Port: 11_211 },
      CacheParameterGroup: { ParameterApplyStatus: 'in-sync' },
      TransitEncryptionEnabled: false,
      NetworkType: 'ipv4',
      IpDiscovery: 'ipv4',
      Shoal: { Driver: 'process', Version: 7, DrainSeconds: 75, DeadReads: 'error', MemoryMegabytes: 64, Threads: 1 },
    });
  });

  test('never shows its secret', () => {
    const described = { cluster: cluster(['available']), observations: [] };
    expect(JSON.stringify(presentClusterAndNodes(described))).not.toContain(described.cluster.secret);
  });

  test('says what keeps its endpoint from listening', () => {
    const described = { cluster: cluster(['available']), observations: [], problems: ['port 11211 is in use'] };
    expect(presentClusterAndNodes(described).Shoal.Problems).toEqual(['port 11211 is in use']);
    expect(presentCluster(described.cluster).Shoal).not.toHaveProperty('Problems');
  });

  test('is one of IPv6 by its endpoint', () => {
    const shown = presentCluster(cluster(['available'], { endpoint: { host: '::1', port: 1 } }));
    expect(shown).toMatchObject({ NetworkType: 'ipv6', IpDiscovery: 'ipv6' });
  });

  test.each<[string, readonly NodePhase[], Partial<ClusterRecord>, object]>([
    [
      'being created has its number at once',
      ['creating', 'available', 'creating'],
      { completed: false },
      { CacheClusterStatus: 'creating', NumCacheNodes: 3, PendingModifiedValues: {} },
    ],
    [
      'that grows keeps the old number and says the new one',
      ['available', 'available', 'creating'],
      {},
      { CacheClusterStatus: 'modifying', NumCacheNodes: 2, PendingModifiedValues: { NumCacheNodes: 3 } },
    ],
    [
      'that shrinks keeps the old number and says who goes',
      ['available', 'draining', 'stopping'],
      {},
      {
        CacheClusterStatus: 'modifying',
        NumCacheNodes: 3,
        PendingModifiedValues: { NumCacheNodes: 1, CacheNodeIdsToRemove: ['0002', '0003'] },
      },
    ],
    [
      'in which one comes and one goes says both',
      ['available', 'draining', 'creating'],
      {},
      { NumCacheNodes: 2, PendingModifiedValues: { NumCacheNodes: 2, CacheNodeIdsToRemove: ['0002'] } },
    ],
    [
      'that reboots says so in the words that Terraform knows',
      ['rebooting', 'available'],
      {},
      { CacheClusterStatus: 'rebooting cluster nodes', NumCacheNodes: 2, PendingModifiedValues: {} },
    ],
    [
      'being deleted has nothing pending',
      ['stopping', 'stopping'],
      { deleting: true },
      { CacheClusterStatus: 'deleting', NumCacheNodes: 2, PendingModifiedValues: {} },
    ],
    [
      'of registered nodes may have none',
      [],
      { driver: 'registered' },
      { NumCacheNodes: 0, CacheNodeType: 'cache.registered' },
    ],
  ])('%s', (_, phases, more, shown) => {
    const presented = presentCluster(cluster(phases, more));
    expect(presented).toMatchObject(shown);
    expect(presented.PendingModifiedValues).toEqual(
      (shown as { PendingModifiedValues?: object }).PendingModifiedValues ?? {},
    );
  });
});

describe('a node', () => {
  test('has an endpoint only while the list shows it', () => {
    const phases: readonly NodePhase[] = ['creating', 'available', 'rebooting', 'draining', 'stopping'];
    const { CacheNodes = [] } = presentClusterAndNodes({ cluster: cluster(phases), observations: [] });
    expect(CacheNodes.map(({ CacheNodeStatus, Endpoint }) => [CacheNodeStatus, Endpoint?.Port])).toEqual([
      ['creating', undefined],
      ['available', 11_213],
      ['rebooting', 11_214],
      ['deleting', undefined],
      ['deleting', undefined],
    ]);
    expect(CacheNodes.map(({ Shoal }) => Shoal.Location.Port)).toEqual([11_212, 11_213, 11_214, 11_215, 11_216]);
  });

  test('says what was observed of it, or that nothing was', () => {
    const observation = {
      nodeId: '0002',
      handle: 'pid 7',
      health: 'failing',
      reason: 'silent',
      configVersion: 6,
    } as const;
    const described = { cluster: cluster(['available', 'available']), observations: [observation] };
    const [unseen, seen] = presentClusterAndNodes(described).CacheNodes ?? [];
    expect(unseen.Shoal).toMatchObject({ Handle: null, Health: 'unknown', HealthReason: null, ConfigVersion: null });
    expect(seen.Shoal).toMatchObject({ Handle: 'pid 7', Health: 'failing', HealthReason: 'silent', ConfigVersion: 6 });
  });

  test('says when it goes, why it failed, and where other listeners send their clients', () => {
    const node = nodeRecord('0001', 'draining', {
      drainUntilAtMs: 1_700_000_075_000,
      failures: { count: 2, lastAtMs: 1_700_000_000_001, lastReason: 'exit code 70', retryAtMs: 1_700_000_002_000 },
      listenerAddresses: { 11311: { hostname: 'outside', ip: '10.0.0.1', port: 9 } },
    });
    const [shown] =
      presentClusterAndNodes({ cluster: cluster([], { nodes: [node] }), observations: [] }).CacheNodes ?? [];
    expect(shown).toMatchObject({
      CacheNodeCreateTime: '2023-11-14T22:13:20.000Z',
      ParameterGroupStatus: 'in-sync',
      CustomerAvailabilityZone: 'local',
      Shoal: {
        Phase: 'draining',
        DrainUntil: '2023-11-14T22:14:35.000Z',
        ListenerLocations: { 11311: { Hostname: 'outside', Ip: '10.0.0.1', Port: 9 } },
        Failures: {
          Count: 2,
          LastTime: '2023-11-14T22:13:20.001Z',
          LastReason: 'exit code 70',
          RetryTime: '2023-11-14T22:13:22.000Z',
        },
      },
    });
  });
});
