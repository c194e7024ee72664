/**
 * What nodes that register themselves make of a record: pure functions, like those of cluster-changes.ts. Called by pool.ts.
 *
 * A node is known by its hostname and port. When it comes again under the same, it keeps its id and its place in the list;
 * when its ip or an address for another listener differs by then, that is a change of the list.
 */
import { clusterConfigProblems } from '@shoal/protocol';
import { PoolError, PoolErrorCode } from './api/errors.js';
import { forgiven, NO_FAILURES } from './backoff.js';
import { checkNotDeleting, nodeNotFound, withoutNodes } from './cluster-changes.js';
import { LISTENERS_MAX, NODES_MAX } from './limits.js';
import { type ClusterRecord, DriverKind, type NodeAddress, type NodeRecord } from './model.js';
import { byNodeId, freeNodeIds } from './node-ids.js';
import type { Registration } from './pool-requests.js';

/** Ports of listeners that are remembered; the ones that were seen first are forgotten. */
const LISTENER_PORTS_MAX = 64;

export interface RegisteredNode {
  readonly cluster: ClusterRecord;
  readonly node: NodeRecord;
}

export function withRegistered(known: ClusterRecord, asked: Registration, nowMs: number): RegisteredNode {
  checkRegistration(known, asked);
  return withAdmitted(withListeners(known, asked), asked, nowMs);
}

/** Remembers which listeners there have been, so that their lists can be withdrawn with their last node. */
function withListeners(cluster: ClusterRecord, { listenerAddresses }: Registration): ClusterRecord {
  const known = cluster.listenerPorts ?? [];
  const added = Object.keys(listenerAddresses)
    .map(Number)
    .filter((port) => !known.includes(port));
  return added.length === 0 ? cluster : { ...cluster, listenerPorts: [...known, ...added].slice(-LISTENER_PORTS_MAX) };
}

function withAdmitted(cluster: ClusterRecord, asked: Registration, nowMs: number): RegisteredNode {
  const known = cluster.nodes.find(({ address }) => isSamePlace(address, asked.address));
  if (known === undefined) return withNewNode(cluster, asked, nowMs);
  const node = returned(known, asked, nowMs);
  const isListed = node.phase === 'available' || node.phase === 'rebooting';
  const changesList = isListed && addressesOf(node) !== addressesOf(known);
  const nodes = cluster.nodes.map((each) => (each.id === node.id ? node : each));
  return { node, cluster: { ...cluster, nodes, version: cluster.version + Number(changesList) } };
}

function withNewNode(cluster: ClusterRecord, asked: Registration, nowMs: number): RegisteredNode {
  if (cluster.nodes.length >= NODES_MAX) {
    throw new PoolError(
      PoolErrorCode.NODE_QUOTA,
      `Cluster node quota exceeded. Each cluster can have at most ${NODES_MAX} nodes in this region.`,
    );
  }
  const [id] = freeNodeIds(new Set(cluster.nodes.map((node) => node.id)), 1);
  const node: NodeRecord = {
    id,
    phase: 'creating',
    address: asked.address,
    listenerAddresses: asked.listenerAddresses,
    createdAtMs: nowMs,
    drainUntilAtMs: null,
    failures: NO_FAILURES,
    instanceId: asked.instanceId,
  };
  return { node, cluster: { ...cluster, nodes: [...cluster.nodes, node].sort(byNodeId) } };
}

/** A node that had left the list has to show first that it serves. */
function returned(known: NodeRecord, asked: Registration, nowMs: number): NodeRecord {
  const { address, listenerAddresses, instanceId } = asked;
  const hasLeft = known.phase === 'draining' || known.phase === 'stopping';
  const came = { ...known, address, listenerAddresses, instanceId, failures: NO_FAILURES };
  return hasLeft ? { ...came, phase: 'creating', drainUntilAtMs: null, createdAtMs: nowMs } : came;
}

/** The node with this id, if it is this instance of it. */
export function registeredNode(cluster: ClusterRecord, nodeId: string, instanceId: string): NodeRecord {
  const node = cluster.nodes.find(({ id }) => id === nodeId);
  if (node === undefined || node.instanceId !== instanceId) throw nodeNotFound(nodeId);
  return node;
}

/** A node that its record calls silent was heard of. */
export function vindicated(cluster: ClusterRecord, nodeId: string, instanceId: string): ClusterRecord {
  const node = registeredNode(cluster, nodeId, instanceId);
  if (node.failures.count === 0) return cluster;
  const nodes = cluster.nodes.map((each) => (each === node ? { ...node, failures: forgiven(node.failures) } : each));
  return { ...cluster, nodes };
}

/** A node says that it will stop. Said twice, it counts once. */
export function withoutRegistered(
  cluster: ClusterRecord,
  { nodeId, instanceId, nowMs }: { nodeId: string; instanceId: string; nowMs: number },
): ClusterRecord {
  const node = registeredNode(cluster, nodeId, instanceId);
  const hasLeft = node.phase === 'draining' || node.phase === 'stopping';
  return hasLeft ? cluster : withoutNodes(cluster, new Set([nodeId]), nowMs);
}

function checkRegistration(cluster: ClusterRecord, asked: Registration): void {
  checkNotDeleting(cluster);
  if (cluster.driver !== DriverKind.REGISTERED) {
    throw new PoolError(
      PoolErrorCode.INVALID_COMBINATION,
      `Cannot register a node with cluster ${cluster.id}: this pool starts its nodes itself`,
    );
  }
  const listeners = Object.entries(asked.listenerAddresses);
  const problems = [asked.address, ...listeners.map(([, address]) => address)].flatMap((address) =>
    clusterConfigProblems({ version: 1, nodes: [address] }),
  );
  if (listeners.length > LISTENERS_MAX) problems.push(`More than ${LISTENERS_MAX} listeners`);
  for (const [port] of listeners) if (!/^[1-9]\d{0,4}$/.test(port)) problems.push(`Listener "${port}" is not a port`);
  if (problems.length === 0) return;
  throw new PoolError(PoolErrorCode.INVALID_VALUE, `Cannot register the node: ${problems.join('; ')}`);
}

function isSamePlace(a: NodeAddress, b: NodeAddress): boolean {
  return a.hostname === b.hostname && a.port === b.port;
}

/** Everything of a node that some list shows, as one string to compare. */
function addressesOf({ address, listenerAddresses }: NodeRecord): string {
  const flat = ({ hostname, ip, port }: NodeAddress) => `${hostname}|${ip}|${port}`;
  const listeners = Object.entries(listenerAddresses).sort(([a], [b]) => Number(a) - Number(b));
  return [flat(address), ...listeners.map(([port, each]) => `${port}=${flat(each)}`)].join(' ');
}
