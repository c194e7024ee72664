/**
 * Makes ElastiCache's shapes of a cluster and its nodes from a record and what is observed. Pure; called by the actions.
 *
 * While nodes come or go, NumCacheNodes keeps the number before the change and PendingModifiedValues has what it leads to,
 * as clients' waiters expect. Members that a pool has no choice about (encryption, maintenance) say so with a constant.
 */
import { VERSION } from '@shoal/protocol';
import {
  type ClusterRecord,
  clusterStatus,
  DriverKind,
  type NodeAddress,
  type NodePhase,
  type NodeRecord,
  nodeStatus,
} from '../../model.js';
import type { DescribedCluster, NodeObservation } from '../../pool-requests.js';
import type { CacheCluster, CacheClusterExtras, CacheNode, NodeLocation, PendingModifiedValues } from '../results.js';

const REGION = 'local';
const ACCOUNT = '000000000000';
/** All nodes of a pool that nobody has placed elsewhere. */
const ZONE = 'local';
const PARAMETER_GROUP = 'default.memcached1.6';

const CONSTANT_MEMBERS = {
  Engine: 'memcached',
  EngineVersion: VERSION,
  PreferredAvailabilityZone: ZONE,
  CacheSecurityGroups: [],
  SecurityGroups: [],
  CacheParameterGroup: {
    CacheParameterGroupName: PARAMETER_GROUP,
    ParameterApplyStatus: 'in-sync',
    CacheNodeIdsToReboot: [],
  },
  AutoMinorVersionUpgrade: false,
  TransitEncryptionEnabled: false,
  AtRestEncryptionEnabled: false,
  AuthTokenEnabled: false,
  ReplicationGroupLogDeliveryEnabled: false,
} as const satisfies Partial<CacheCluster>;

/** Without the nodes. A request that has just changed a record knows of no problems yet. */
export function presentCluster(cluster: ClusterRecord, problems: readonly string[] = []): CacheCluster {
  const { host, port } = cluster.endpoint;
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  return {
    CacheClusterId: cluster.id,
    ARN: `arn:aws:elasticache:${REGION}:${ACCOUNT}:cluster:${cluster.id}`,
    CacheClusterStatus: clusterStatus(cluster),
    CacheNodeType: nodeType(cluster),
    ...nodeCounts(cluster),
    CacheClusterCreateTime: time(cluster.createdAtMs),
    ConfigurationEndpoint: { Address: host, Port: port },
    ...CONSTANT_MEMBERS,
    NetworkType: family,
    IpDiscovery: family,
    Shoal: clusterExtras(cluster, problems),
  };
}

/** With the nodes, those that come or leave included. */
export function presentClusterAndNodes({ cluster, observations, problems }: DescribedCluster): CacheCluster {
  const seen = new Map(observations.map((observation) => [observation.nodeId, observation]));
  const nodes = cluster.nodes.map((node) => presentNode(node, seen.get(node.id)));
  return { ...presentCluster(cluster, problems), CacheNodes: nodes };
}

function nodeType({ driver, nodeSettings }: ClusterRecord): string {
  return driver === DriverKind.REGISTERED ? 'cache.registered' : `cache.${nodeSettings.memoryMegabytes}mb`;
}

function idsIn({ nodes }: ClusterRecord, ...phases: readonly NodePhase[]): readonly string[] {
  return nodes.filter(({ phase }) => phases.includes(phase)).map(({ id }) => id);
}

function nodeCounts(cluster: ClusterRecord): {
  readonly NumCacheNodes: number;
  readonly PendingModifiedValues: PendingModifiedValues;
} {
  const total = cluster.nodes.length;
  const coming = idsIn(cluster, 'creating');
  const leaving = idsIn(cluster, 'draining', 'stopping');
  if (cluster.deleting) return { NumCacheNodes: total, PendingModifiedValues: {} };
  if (!cluster.completed) return { NumCacheNodes: total - leaving.length, PendingModifiedValues: {} };
  const removal = leaving.length > 0 ? { CacheNodeIdsToRemove: leaving } : {};
  const isChanging = coming.length + leaving.length > 0;
  return {
    NumCacheNodes: total - coming.length,
    PendingModifiedValues: isChanging ? { NumCacheNodes: total - leaving.length, ...removal } : {},
  };
}

function clusterExtras(cluster: ClusterRecord, problems: readonly string[]): CacheClusterExtras {
  return {
    Driver: cluster.driver,
    OwnerId: cluster.ownerId,
    Version: cluster.version,
    MemoryMegabytes: cluster.nodeSettings.memoryMegabytes,
    Threads: cluster.nodeSettings.threads,
    DrainSeconds: cluster.drainMs / 1000,
    DeadReads: cluster.deadReads,
    ...(problems.length > 0 ? { Problems: problems } : {}),
  };
}

function presentNode(node: NodeRecord, seen: NodeObservation | undefined): CacheNode {
  const { hostname, port } = node.address;
  const isListed = node.phase === 'available' || node.phase === 'rebooting';
  const listeners = Object.entries(node.listenerAddresses).map(([key, address]) => [key, location(address)]);
  return {
    CacheNodeId: node.id,
    CacheNodeStatus: nodeStatus(node),
    CacheNodeCreateTime: time(node.createdAtMs),
    ...(isListed ? { Endpoint: { Address: hostname, Port: port } } : {}),
    ParameterGroupStatus: 'in-sync',
    CustomerAvailabilityZone: ZONE,
    Shoal: {
      Phase: node.phase,
      Location: location(node.address),
      ListenerLocations: Object.fromEntries(listeners),
      Handle: seen?.handle ?? null,
      Health: seen?.health ?? 'unknown',
      HealthReason: seen?.reason ?? null,
      ConfigVersion: seen?.configVersion ?? null,
      DrainUntil: timeOrNull(node.drainUntilAtMs),
      Failures: {
        Count: node.failures.count,
        LastTime: timeOrNull(node.failures.lastAtMs),
        LastReason: node.failures.lastReason,
        RetryTime: timeOrNull(node.failures.retryAtMs),
      },
    },
  };
}

function location({ hostname, ip, port }: NodeAddress): NodeLocation {
  return { Hostname: hostname, Ip: ip, Port: port };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}

function timeOrNull(atMs: number | null): string | null {
  return atMs === null ? null : time(atMs);
}
