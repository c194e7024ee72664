/**
 * What the pool knows about clusters and their nodes: the one record that the registry keeps for each cluster.
 *
 * Types and the smallest readings of them, no I/O. Everything here is JSON: no undefined, no dates, no maps. The registry
 * stores it, `plan` reasons about it, the supervisor alone changes it while it works on a cluster, and requests of an
 * operator change it through `cluster-changes.ts`. Times are milliseconds since 1970 and end in AtMs.
 */
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';

export const DriverKind = { PROCESS: 'process', DOCKER: 'docker', REGISTERED: 'registered' } as const;
export type DriverKind = (typeof DriverKind)[keyof typeof DriverKind];

/** ElastiCache's words for the state of a cluster (reference: CacheClusterStatus). */
export const ClusterStatus = {
  CREATING: 'creating',
  AVAILABLE: 'available',
  MODIFYING: 'modifying',
  REBOOTING: 'rebooting cluster nodes',
  DELETING: 'deleting',
} as const;
export type ClusterStatus = (typeof ClusterStatus)[keyof typeof ClusterStatus];

/** ElastiCache's words for the state of a node. */
export const NodeStatus = {
  AVAILABLE: 'available',
  CREATING: 'creating',
  REBOOTING: 'rebooting',
  DELETING: 'deleting',
} as const;
export type NodeStatus = (typeof NodeStatus)[keyof typeof NodeStatus];

/**
 * Where a node is in its life. `creating` serves nobody yet and is not listed; `available` is or was serving and stays
 * listed even while it is replaced; `rebooting` is listed and about to be restarted on purpose; `draining` has left the
 * list and serves on until drainUntilAtMs; `stopping` is being stopped and then forgotten.
 */
export type NodePhase = 'creating' | 'available' | 'rebooting' | 'draining' | 'stopping';

/** Where clients reach a node, as one line of a list says it. */
export type NodeAddress = ClusterNode;

export interface NodeRecord {
  /** `0001` and up: four digits, the lowest free one when a node is added. Lists are in the order of these. */
  readonly id: string;
  readonly phase: NodePhase;
  readonly address: NodeAddress;
  /** Other addresses for clients that came in through another listener: by the port of that listener (`"11311"`). */
  readonly listenerAddresses: Readonly<Record<string, NodeAddress>>;
  readonly createdAtMs: number;
  /** While draining: when it may be stopped. */
  readonly drainUntilAtMs: number | null;
  /** Unplanned ends of this node that follow each other closely; see `plan` for the backoff they cause. */
  readonly failures: NodeFailures;
  /** Registered nodes: which process registered, changed by every start of it. Null with other drivers. */
  readonly instanceId: string | null;
}

export interface NodeFailures {
  /** 0 once the node has served for a while. */
  readonly count: number;
  readonly lastAtMs: number | null;
  readonly lastReason: string | null;
  /** Not started again before this. */
  readonly retryAtMs: number | null;
}

export interface ClusterRecord {
  /** ElastiCache's CacheClusterId: 1 to 50 letters, digits and single hyphens, lower case, a letter first. */
  readonly id: string;
  readonly driver: DriverKind;
  /** The daemon that runs the nodes of a process or docker cluster: its id. Null for registered clusters. */
  readonly ownerId: string | null;
  readonly createdAtMs: number;
  /** Set by a deletion: every node goes, then the record. */
  readonly deleting: boolean;
  /** True once all first nodes have served: until then the cluster is `creating`. */
  readonly completed: boolean;
  /** The configuration endpoint. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** For nodes that the pool starts. */
  readonly nodeSettings: NodeSettings;
  /** How long a removed node serves on. */
  readonly drainMs: number;
  /** Reads of a key whose owner is dead: an error that says so, or a miss. */
  readonly deadReads: 'error' | 'miss';
  /** Handed to each node at its start; only who knows it may change the node's configuration. */
  readonly secret: string;
  /** Version of the list that was published last; 0 before the first. */
  readonly version: number;
  /** Every listener for which some node ever had an address of its own, by port: where lists may have to be withdrawn. */
  readonly listenerPorts?: readonly number[];
  /** In the order of their ids; includes nodes that are not listed (creating, draining, stopping). */
  readonly nodes: readonly NodeRecord[];
}

export interface NodeSettings {
  /** Address that nodes listen on, and that the list shows as hostname and ip: 127.0.0.1 with `shoal up`. */
  readonly host: string;
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** Ports to take before any other, in order; the rest are the next free ones above the endpoint. */
  readonly ports: readonly number[];
}

/** The nodes that a list shows. */
export function listedNodes(cluster: ClusterRecord): readonly NodeRecord[] {
  return cluster.nodes.filter(({ phase }) => phase === 'available' || phase === 'rebooting');
}

/** The published list as clients of the listener on this port see it; null while there is no version or no node. */
export function configOf(cluster: ClusterRecord, listenerPort?: number): ClusterConfig | null {
  const listed = listedNodes(cluster);
  if (cluster.version === 0 || listed.length === 0) return null;
  const key = String(listenerPort ?? '');
  return { version: cluster.version, nodes: listed.map((node) => node.listenerAddresses[key] ?? node.address) };
}

export function clusterStatus(cluster: ClusterRecord): ClusterStatus {
  if (cluster.deleting) return ClusterStatus.DELETING;
  if (!cluster.completed) return ClusterStatus.CREATING;
  if (cluster.nodes.some(({ phase }) => phase === 'rebooting')) return ClusterStatus.REBOOTING;
  return cluster.nodes.every(({ phase }) => phase === 'available') ? ClusterStatus.AVAILABLE : ClusterStatus.MODIFYING;
}

const STATUS_OF_PHASE: Readonly<Record<NodePhase, NodeStatus>> = {
  creating: NodeStatus.CREATING,
  available: NodeStatus.AVAILABLE,
  rebooting: NodeStatus.REBOOTING,
  draining: NodeStatus.DELETING,
  stopping: NodeStatus.DELETING,
};

export function nodeStatus(node: NodeRecord): NodeStatus {
  return STATUS_OF_PHASE[node.phase];
}
