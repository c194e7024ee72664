/**
 * Which port a node of a cluster takes: those the operator named first, in order, then the next free ones above the endpoint.
 * Pure; called by cluster-changes.ts for new nodes and by `plan` for a new node whose port a stranger holds.
 *
 * Every daemon opens every endpoint, so endpoints differ from each other and from all nodes that a pool starts. Nodes
 * share their ports with those of other daemons, which run on other machines.
 */
import { PORT_MAX } from './limits.js';
import { type ClusterRecord, DriverKind } from './model.js';

/** Ports that a new endpoint must stay away from. */
export function portsTakenForEndpoint(clusters: readonly ClusterRecord[]): ReadonlySet<number> {
  return new Set(clusters.flatMap((cluster) => [cluster.endpoint.port, ...ownNodePorts(cluster)]));
}

/** Ports that a new node of this owner must stay away from. */
export function portsTakenForNodes(clusters: readonly ClusterRecord[], ownerId: string | null): ReadonlySet<number> {
  const ofOwner = (cluster: ClusterRecord) => (cluster.ownerId === ownerId ? ownNodePorts(cluster) : []);
  return new Set(clusters.flatMap((cluster) => [cluster.endpoint.port, ...ofOwner(cluster)]));
}

/** Registered nodes live on machines of their own. */
function ownNodePorts(cluster: ClusterRecord): readonly number[] {
  return cluster.driver === DriverKind.REGISTERED ? [] : cluster.nodes.map(({ address }) => address.port);
}

/** The first port that is free, null when there is none. */
export function freeNodePort(
  { endpoint, nodeSettings }: Pick<ClusterRecord, 'endpoint' | 'nodeSettings'>,
  taken: ReadonlySet<number>,
): number | null {
  const isFree = (port: number) => port !== endpoint.port && !taken.has(port);
  const named = nodeSettings.ports.find(isFree);
  if (named !== undefined) return named;
  for (let port = endpoint.port + 1; port <= PORT_MAX; port++) {
    if (isFree(port)) return port;
  }
  return null;
}
