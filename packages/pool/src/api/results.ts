/**
 * What a pool answers: ElastiCache's shapes of a cluster and its nodes, and what Shoal has to say beyond them in members
 * called `Shoal`. Types only; `actions/presentation.ts` makes them from records.
 *
 * Dates are ISO 8601 with milliseconds and `Z`. A member that may be missing is missing, never null, where ElastiCache's
 * own shape says so; in Shoal's members null stands for "not known" or "none".
 */
import type { ClusterStatus, DriverKind, NodePhase, NodeStatus } from '../model.js';

export interface Endpoint {
  readonly Address: string;
  readonly Port: number;
}

export interface NodeLocation {
  readonly Hostname: string;
  readonly Ip: string;
  readonly Port: number;
}

/** A change that is under way: what it leads to. Empty when there is none. */
export interface PendingModifiedValues {
  readonly NumCacheNodes?: number;
  readonly CacheNodeIdsToRemove?: readonly string[];
}

export interface CacheNodeExtras {
  readonly Phase: NodePhase;
  /** Also of nodes that are not listed, which have no Endpoint. */
  readonly Location: NodeLocation;
  /** By the port of the listener through which a client came in. */
  readonly ListenerLocations: Readonly<Record<string, NodeLocation>>;
  /** `pid 4711`; null when it does not run or the daemon that was asked does not know. */
  readonly Handle: string | null;
  readonly Health: 'unknown' | 'healthy' | 'failing';
  readonly HealthReason: string | null;
  /** The version of the list that the node answered with last. */
  readonly ConfigVersion: number | null;
  readonly DrainUntil: string | null;
  /** Unplanned ends that followed each other closely. */
  readonly Failures: {
    readonly Count: number;
    readonly LastTime: string | null;
    readonly LastReason: string | null;
    readonly RetryTime: string | null;
  };
}

export interface CacheNode {
  readonly CacheNodeId: string;
  readonly CacheNodeStatus: NodeStatus;
  readonly CacheNodeCreateTime: string;
  /** Only of nodes that the list shows: new ones have none yet, leaving ones none any more. */
  readonly Endpoint?: Endpoint;
  readonly ParameterGroupStatus: 'in-sync';
  readonly CustomerAvailabilityZone: string;
  readonly Shoal: CacheNodeExtras;
}

export interface CacheClusterExtras {
  readonly Driver: DriverKind;
  /** The daemon that runs the nodes; null for registered clusters. */
  readonly OwnerId: string | null;
  /** Version of the list that was published last; 0 before the first. */
  readonly Version: number;
  readonly MemoryMegabytes: number;
  readonly Threads: number;
  readonly DrainSeconds: number;
  readonly DeadReads: 'error' | 'miss';
  /** What keeps the endpoint from listening, a sentence each, if anything does and the daemon that was asked knows. */
  readonly Problems?: readonly string[];
}

export interface CacheCluster {
  readonly CacheClusterId: string;
  readonly ARN: string;
  readonly CacheClusterStatus: ClusterStatus;
  readonly Engine: 'memcached';
  readonly EngineVersion: string;
  readonly CacheNodeType: string;
  /** While a change is under way: the number before it. */
  readonly NumCacheNodes: number;
  readonly PendingModifiedValues: PendingModifiedValues;
  readonly PreferredAvailabilityZone: string;
  readonly CacheClusterCreateTime: string;
  readonly ConfigurationEndpoint: Endpoint;
  readonly CacheSecurityGroups: readonly [];
  readonly SecurityGroups: readonly [];
  readonly CacheParameterGroup: {
    readonly CacheParameterGroupName: string;
    readonly ParameterApplyStatus: 'in-sync';
    readonly CacheNodeIdsToReboot: readonly [];
  };
  readonly AutoMinorVersionUpgrade: false;
  readonly TransitEncryptionEnabled: false;
  readonly AtRestEncryptionEnabled: false;
  readonly AuthTokenEnabled: false;
  readonly NetworkType: 'ipv4' | 'ipv6';
  readonly IpDiscovery: 'ipv4' | 'ipv6';
  readonly ReplicationGroupLogDeliveryEnabled: false;
  /** Only with ShowCacheNodeInfo. In the order of their ids, those that are coming or leaving included. */
  readonly CacheNodes?: readonly CacheNode[];
  readonly Shoal: CacheClusterExtras;
}

export interface CacheClusterResult {
  readonly CacheCluster: CacheCluster;
}

export interface DescribeCacheClustersResult {
  /** In the order of their ids. */
  readonly CacheClusters: readonly CacheCluster[];
  /** There is more: ask again with this. */
  readonly Marker?: string;
}

/** The daemon itself. */
export interface PoolDescription {
  readonly DaemonId: string;
  readonly ProcessId: number;
  readonly Version: string;
  readonly StartTime: string;
  readonly DataDirectory: string;
  readonly Registry: {
    /** `/var/lib/shoal/registry.json`, `etcd://127.0.0.1:2379`. */
    readonly Name: string;
    readonly Reachable: boolean;
    /** Why it cannot be reached. */
    readonly Reason: string | null;
    /** Whether this daemon acts for registered clusters. */
    readonly Leader: boolean;
  };
  readonly Drivers: readonly {
    readonly Driver: DriverKind;
    readonly Ready: boolean;
    readonly Reason: string | null;
  }[];
  readonly DefaultDriver: DriverKind;
  /** Where nodes register; null when nowhere. */
  readonly Registration: Endpoint | null;
}

export interface DescribePoolResult {
  readonly Pool: PoolDescription;
}

/** The daemon has heard it and stops after this answer. */
export type StopPoolResult = Readonly<Record<string, never>>;
