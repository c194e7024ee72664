/**
 * What may be asked of a pool: the interface between the actions (api/) and the pool itself (pool.ts).
 *
 * Every method validates its request, writes the change to the registry and answers the record as it then is, without
 * waiting until the nodes have followed; who wants to wait asks `describe` again. Refusals are PoolErrors.
 */
import type { ClusterRecord, DriverKind, NodeAddress } from './model.js';

export interface NewCluster {
  readonly id: string;
  readonly nodeCount: number;
  /** Default: the pool's own default driver. */
  readonly driver?: DriverKind;
  /** Port of the endpoint, 11211 unless given; 0 takes any free port. */
  readonly port?: number;
  readonly memoryMegabytes?: number;
  readonly threads?: number;
  readonly nodePorts?: readonly number[];
  readonly drainMs?: number;
  readonly deadReads?: 'error' | 'miss';
}

export interface NewSize {
  readonly clusterId: string;
  readonly nodeCount: number;
  /** ElastiCache's CacheNodeIdsToRemove: exactly as many as go away. Null: the highest ids go. */
  readonly removeNodeIds: readonly string[] | null;
}

/** What a node says of itself when it registers. */
export interface Registration {
  readonly clusterId: string;
  /** Changed by every start of the node's process. */
  readonly instanceId: string;
  readonly address: NodeAddress;
  readonly listenerAddresses: Readonly<Record<string, NodeAddress>>;
}

export interface Admission {
  readonly nodeId: string;
  readonly secret: string;
  /** How often the node is expected to be heard of. */
  readonly heartbeatMs: number;
  readonly drainMs: number;
}

/** What is known of a node beyond its record, for people and health checks. */
export interface NodeObservation {
  readonly nodeId: string;
  /** `pid 4711`; null when it does not run or nobody here knows. */
  readonly handle: string | null;
  readonly health: 'unknown' | 'healthy' | 'failing';
  readonly reason: string | null;
  /** The version of the list that the node answered with last; null before the first answer. */
  readonly configVersion: number | null;
}

export interface DescribedCluster {
  readonly cluster: ClusterRecord;
  readonly observations: readonly NodeObservation[];
  /** What keeps the endpoint from listening: a port that is taken, a sentence each. */
  readonly problems?: readonly string[];
}

export interface PoolRequests {
  createCluster(request: NewCluster): Promise<ClusterRecord>;
  resizeCluster(request: NewSize): Promise<ClusterRecord>;
  /** Restarts these nodes one after the other; their contents are lost. */
  rebootNodes(clusterId: string, nodeIds: readonly string[]): Promise<ClusterRecord>;
  /** Kills the node and has it replaced: same id, address and place. */
  replaceNode(clusterId: string, nodeId: string): Promise<ClusterRecord>;
  deleteCluster(clusterId: string): Promise<ClusterRecord>;
  /** In the order of their ids. */
  describeAll(): Promise<readonly DescribedCluster[]>;
  /** NOT_FOUND if there is none. */
  describe(clusterId: string): Promise<DescribedCluster>;
  /** A node of a registered cluster comes, or comes again under the same address: then it keeps its id. */
  registerNode(registration: Registration): Promise<Admission>;
  /** NODE_NOT_FOUND: register again. */
  heartbeat(clusterId: string, nodeId: string, instanceId: string): Promise<void>;
  /** The node leaves the list now and may stop after the drain. */
  deregisterNode(clusterId: string, nodeId: string, instanceId: string): Promise<void>;
}
