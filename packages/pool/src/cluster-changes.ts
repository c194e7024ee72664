/**
 * What requests of an operator make of a record: pure functions from a record to the next one, or a PoolError with
 * ElastiCache's code and, where it is known, its wording. Called by pool.ts, which loads, saves, and tries again when somebody
 * else wrote in between.
 *
 * A removal takes the node from the list right here, so that list and version are saved in one write; the rest of what has
 * to happen is `plan`'s. What registered nodes ask for is in cluster-changes-registered.ts.
 */
import { PoolError, PoolErrorCode } from './api/errors.js';
import { NO_FAILURES } from './backoff.js';
import { freeNodePort } from './cluster-changes-ports.js';
import {
  CLUSTER_ID_BYTES_MAX,
  DRAIN_MS_MAX,
  MEMORY_MEGABYTES_MAX,
  NODES_MAX,
  PORT_MAX,
  THREADS_MAX,
} from './limits.js';
import { type ClusterRecord, DriverKind, listedNodes, type NodeRecord } from './model.js';
import { byNodeId, freeNodeIds } from './node-ids.js';
import type { NewSize } from './pool-requests.js';

/** Why a node is restarted at once and killed for it; `plan` tells a replacement from a reboot by it. */
export const REPLACEMENT_ASKED = 'its replacement was asked for';

/** A request to create a cluster, with every default filled in. */
export interface ClusterDraft
  extends Pick<
    ClusterRecord,
    'id' | 'driver' | 'ownerId' | 'endpoint' | 'nodeSettings' | 'drainMs' | 'deadReads' | 'secret'
  > {
  readonly nodeCount: number;
}

export interface CreationContext {
  readonly nowMs: number;
  /** The last version that a cluster of this id ever had. */
  readonly versionFloor: number;
  /** Ports of other endpoints and nodes. */
  readonly portsTaken: ReadonlySet<number>;
}

/** Lower case, or a PoolError: 1 to 50 letters, digits and single hyphens, a letter first, no hyphen last. */
export function clusterId(asked: string): string {
  if (!/^[a-z](-?[a-z0-9])*$/i.test(asked) || asked.length > CLUSTER_ID_BYTES_MAX) {
    throw invalid(
      `The parameter CacheClusterId is not valid: "${asked.slice(0, 2 * CLUSTER_ID_BYTES_MAX)}" is not 1 to 50 letters, ` +
        'digits and single hyphens that begin with a letter and do not end with a hyphen.',
    );
  }
  return asked.toLowerCase();
}

export function newCluster(draft: ClusterDraft, context: CreationContext): ClusterRecord {
  checkDraft(draft);
  const { nodeCount, ...kept } = draft;
  const empty: ClusterRecord = {
    ...kept,
    id: clusterId(draft.id),
    createdAtMs: context.nowMs,
    deleting: false,
    completed: draft.driver === DriverKind.REGISTERED,
    version: context.versionFloor,
    nodes: [],
  };
  return addNodes(empty, nodeCount, context);
}

function checkDraft({ driver, nodeCount, nodeSettings, drainMs, endpoint }: ClusterDraft): void {
  if (driver === DriverKind.REGISTERED) {
    if (nodeCount !== 0)
      throw combination('Nodes of a registered cluster register themselves: NumCacheNodes must be 0.');
  } else checkNodeCount(nodeCount);
  checkWhole('Port', endpoint.port, { least: 1, most: PORT_MAX });
  checkWhole('MemoryMegabytes', nodeSettings.memoryMegabytes, { least: 1, most: MEMORY_MEGABYTES_MAX });
  checkWhole('Threads', nodeSettings.threads, { least: 1, most: THREADS_MAX });
  checkWhole('DrainSeconds (in ms)', drainMs, { least: 0, most: DRAIN_MS_MAX });
  for (const port of nodeSettings.ports) checkWhole('NodePorts', port, { least: 1, most: PORT_MAX });
  if (new Set(nodeSettings.ports).size < nodeSettings.ports.length) throw invalid('NodePorts names a port twice.');
  if (nodeSettings.ports.length > NODES_MAX) throw invalid(`NodePorts names more than ${NODES_MAX} ports.`);
  if (nodeSettings.ports.includes(endpoint.port)) {
    throw combination(`Port ${endpoint.port} cannot be both the endpoint's and a node's.`);
  }
}

function checkNodeCount(count: number): void {
  checkWhole('NumCacheNodes', count, { least: 1, most: Number.MAX_SAFE_INTEGER });
  if (count <= NODES_MAX) return;
  throw new PoolError(
    PoolErrorCode.NODE_QUOTA,
    `Cluster node quota exceeded. Each cluster can have at most ${NODES_MAX} nodes in this region.`,
  );
}

/** Refuses a port of an endpoint that another cluster uses. */
export function checkEndpointPort(id: string, port: number, taken: ReadonlySet<number>): void {
  if (!taken.has(port)) return;
  throw new PoolError(
    PoolErrorCode.INVALID_VALUE,
    `Cannot create cluster ${id}: port ${port} belongs to another cluster of this pool`,
  );
}

function addNodes(
  cluster: ClusterRecord,
  count: number,
  { nowMs, portsTaken }: Pick<CreationContext, 'nowMs' | 'portsTaken'>,
): ClusterRecord {
  const taken = new Set([...portsTaken, ...cluster.nodes.map(({ address }) => address.port)]);
  const ids = freeNodeIds(new Set(cluster.nodes.map(({ id }) => id)), count);
  const added = ids.map((id) => {
    const port = freeNodePort(cluster, taken);
    if (port === null) throw new PoolError(PoolErrorCode.INSUFFICIENT_CAPACITY, 'No port is left for another node.');
    taken.add(port);
    return newNode(id, { host: cluster.nodeSettings.host, port, nowMs });
  });
  return { ...cluster, nodes: [...cluster.nodes, ...added].sort(byNodeId) };
}

function newNode(id: string, { host, port, nowMs }: { host: string; port: number; nowMs: number }): NodeRecord {
  return {
    id,
    phase: 'creating',
    address: { hostname: host, ip: host, port },
    listenerAddresses: {},
    createdAtMs: nowMs,
    drainUntilAtMs: null,
    failures: NO_FAILURES,
    instanceId: null,
  };
}

/** Nodes that stay: listed, or about to be. */
export function stayingNodes(cluster: ClusterRecord): readonly NodeRecord[] {
  return cluster.nodes.filter(({ phase }) => phase !== 'draining' && phase !== 'stopping');
}

/** Adds nodes, or takes some away: ElastiCache's ModifyCacheCluster, at once. */
export function resized(
  cluster: ClusterRecord,
  { nodeCount, removeNodeIds }: NewSize,
  context: Pick<CreationContext, 'nowMs' | 'portsTaken'>,
): ClusterRecord {
  checkOurs(cluster, 'resize');
  checkSettled(cluster);
  checkNodeCount(nodeCount);
  const staying = stayingNodes(cluster);
  const leaving = removalOf(staying, nodeCount, removeNodeIds);
  if (nodeCount > staying.length) return addNodes(cluster, nodeCount - staying.length, context);
  return leaving.size === 0 ? cluster : withoutNodes(cluster, leaving, context.nowMs);
}

function removalOf(
  staying: readonly NodeRecord[],
  nodeCount: number,
  removeNodeIds: readonly string[] | null,
): ReadonlySet<string> {
  const surplus = Math.max(0, staying.length - nodeCount);
  if (removeNodeIds === null) {
    return new Set(staying.slice(staying.length - surplus).map(({ id }) => id));
  }
  const ids = new Set(removeNodeIds);
  for (const id of ids) {
    if (!staying.some((node) => node.id === id)) throw nodeNotFound(id);
  }
  if (ids.size === surplus && removeNodeIds.length === surplus) return ids;
  throw combination(
    'The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, ' +
      `current number of cache nodes is ${staying.length}, requested number of cache nodes is ${nodeCount} ` +
      `and CacheNodeIdsToRemove supplied are ${removeNodeIds.length}`,
  );
}

/** Listed nodes leave the list with this change and drain; those that never served are stopped. */
export function withoutNodes(cluster: ClusterRecord, leaving: ReadonlySet<string>, nowMs: number): ClusterRecord {
  const listed = new Set(listedNodes(cluster).map(({ id }) => id));
  const nodes = cluster.nodes.map((node): NodeRecord => {
    if (!leaving.has(node.id)) return node;
    if (!listed.has(node.id)) return { ...node, phase: 'stopping' };
    return { ...node, phase: 'draining', drainUntilAtMs: nowMs + cluster.drainMs };
  });
  const changesList = [...leaving].some((id) => listed.has(id));
  return { ...cluster, nodes, version: cluster.version + Number(changesList) };
}

export function rebooted(cluster: ClusterRecord, nodeIds: readonly string[]): ClusterRecord {
  checkOurs(cluster, 'reboot');
  checkNotDeleting(cluster);
  if (nodeIds.length === 0) throw invalid('CacheNodeIdsToReboot must name at least one node.');
  const ids = new Set(nodeIds);
  for (const id of ids) checkListed(cluster, id);
  const reboot = (node: NodeRecord): NodeRecord =>
    ids.has(node.id) && node.phase !== 'rebooting' ? { ...node, phase: 'rebooting', failures: NO_FAILURES } : node;
  return { ...cluster, nodes: cluster.nodes.map(reboot) };
}

export function replaced(cluster: ClusterRecord, nodeId: string): ClusterRecord {
  checkOurs(cluster, 'replace nodes of');
  checkNotDeleting(cluster);
  checkListed(cluster, nodeId);
  const failures = { ...NO_FAILURES, lastReason: REPLACEMENT_ASKED };
  const replace = (node: NodeRecord): NodeRecord =>
    node.id === nodeId ? { ...node, phase: 'rebooting', failures } : node;
  return { ...cluster, nodes: cluster.nodes.map(replace) };
}

export function deleted(cluster: ClusterRecord): ClusterRecord {
  checkNotDeleting(cluster);
  return { ...cluster, deleting: true, nodes: cluster.nodes.map((node) => ({ ...node, phase: 'stopping' })) };
}

export function clusterNotFound(id: string): PoolError {
  return new PoolError(PoolErrorCode.NOT_FOUND, `CacheCluster not found: ${id}`);
}

export function nodeNotFound(id: string): PoolError {
  return new PoolError(PoolErrorCode.NODE_NOT_FOUND, `Cache node not found: ${id}`);
}

export function clusterExists(): PoolError {
  return new PoolError(PoolErrorCode.ALREADY_EXISTS, 'Cache cluster already exists');
}

function checkListed(cluster: ClusterRecord, nodeId: string): void {
  const node = cluster.nodes.find(({ id }) => id === nodeId);
  if (node === undefined) throw nodeNotFound(nodeId);
  if (node.phase === 'available' || node.phase === 'rebooting') return;
  throw new PoolError(PoolErrorCode.INVALID_STATE, `Cache node ${nodeId} of ${cluster.id} is ${node.phase}.`);
}

function checkOurs(cluster: ClusterRecord, verb: string): void {
  if (cluster.driver !== DriverKind.REGISTERED) return;
  throw combination(
    `Cannot ${verb} cluster ${cluster.id}: its nodes register themselves; start and stop them where they run`,
  );
}

function checkSettled(cluster: ClusterRecord): void {
  checkNotDeleting(cluster);
  if (!cluster.completed) {
    throw new PoolError(PoolErrorCode.INVALID_STATE, `Cache cluster ${cluster.id} is still being created.`);
  }
}

export function checkNotDeleting(cluster: ClusterRecord): void {
  if (!cluster.deleting) return;
  throw new PoolError(PoolErrorCode.INVALID_STATE, `Cache cluster ${cluster.id} is being deleted.`);
}

function checkWhole(name: string, value: number, { least, most }: { least: number; most: number }): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw invalid(`The parameter ${name} is not valid: ${value} is not a whole number ${range}.`);
}

function invalid(message: string): PoolError {
  return new PoolError(PoolErrorCode.INVALID_VALUE, message);
}

function combination(message: string): PoolError {
  return new PoolError(PoolErrorCode.INVALID_COMBINATION, message);
}
