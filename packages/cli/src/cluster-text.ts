/**
 * Clusters and nodes in words and tables for people. Called by the commands of `cluster` and `node`, and by `shoal up`.
 */

import { formatAddress } from '@shoal/client';
import type { CacheCluster, CacheNode } from '@shoal/pool/api-client';
import { properties, table } from './table.js';

export function clusterTable(clusters: readonly CacheCluster[]): string {
  if (clusters.length === 0) return 'No clusters. Make one: shoal cluster create <name> --nodes 3\n';
  return table(['CLUSTER', 'STATUS', 'NODES', 'VERSION', 'ENDPOINT', 'DRIVER'], clusters.map(clusterRow));
}

function clusterRow(cluster: CacheCluster): string[] {
  const { Shoal } = cluster;
  return [
    cluster.CacheClusterId,
    cluster.CacheClusterStatus,
    nodeCount(cluster),
    String(Shoal.Version),
    endpointOf(cluster),
    Shoal.Driver,
  ];
}

function nodeCount({ NumCacheNodes, PendingModifiedValues }: CacheCluster): string {
  const target = PendingModifiedValues.NumCacheNodes;
  return target === undefined ? String(NumCacheNodes) : `${NumCacheNodes} → ${target}`;
}

export function endpointOf({ ConfigurationEndpoint: { Address, Port } }: CacheCluster): string {
  return formatAddress({ host: Address, port: Port });
}

export function nodeTable(cluster: CacheCluster): string {
  const rows = (cluster.CacheNodes ?? []).map(nodeRow);
  return table(['NODE', 'ADDRESS', 'STATUS', 'HEALTH', 'VERSION', 'RUNS AS'], rows);
}

function nodeRow({ CacheNodeId, CacheNodeStatus, Shoal }: CacheNode): string[] {
  const { Hostname, Port } = Shoal.Location;
  const status = Shoal.Phase === 'draining' ? `draining until ${timeOf(Shoal.DrainUntil)}` : CacheNodeStatus;
  const health = Shoal.HealthReason === null ? Shoal.Health : `${Shoal.Health}: ${Shoal.HealthReason}`;
  const version = Shoal.ConfigVersion === null ? '-' : String(Shoal.ConfigVersion);
  return [CacheNodeId, formatAddress({ host: Hostname, port: Port }), status, health, version, Shoal.Handle ?? '-'];
}

/** The time of day alone: a drain lasts minutes. */
function timeOf(date: string | null): string {
  return date === null ? 'soon' : new Date(date).toLocaleTimeString();
}

export function describeOne(cluster: CacheCluster): string {
  const { Shoal } = cluster;
  const settings = Shoal.Driver === 'registered' ? [] : ([['Each node', nodeSettings(cluster)]] as const);
  return `${properties([
    ['Cluster', cluster.CacheClusterId],
    ['Status', cluster.CacheClusterStatus],
    ['Endpoint', endpointOf(cluster)],
    ['Nodes', nodeCount(cluster)],
    ['Version of the list', String(Shoal.Version)],
    ...settings,
    ['Drain', `${Shoal.DrainSeconds} s`],
    ['Driver', Shoal.Driver],
    ['Made', cluster.CacheClusterCreateTime],
  ])}\n${nodeTable(cluster)}${troubleLines(cluster)}`;
}

function nodeSettings({ Shoal }: CacheCluster): string {
  const threads = Shoal.Threads === 1 ? '1 thread' : `${Shoal.Threads} threads`;
  return `${Shoal.MemoryMegabytes} MB, ${threads}`;
}

function troubleLines({ CacheNodes = [], Shoal: { Problems = [] } }: CacheCluster): string {
  const failed = CacheNodes.filter(({ Shoal }) => Shoal.Failures.Count > 0);
  const failures = failed.map(({ CacheNodeId, Shoal: { Failures } }) => {
    const times = Failures.Count === 1 ? 'once' : `${Failures.Count} times in a row`;
    return `Node ${CacheNodeId} ended ${times}, last: ${Failures.LastReason ?? 'for an unknown reason'}`;
  });
  const lines = [...Problems, ...failures];
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}
