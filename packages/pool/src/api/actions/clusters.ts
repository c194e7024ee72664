/**
 * The actions on clusters: create, describe, modify, delete. ElastiCache's, over `PoolRequests`, which decides by the state
 * of a cluster; here parameters become its requests and records become ElastiCache's shapes.
 *
 * A change is answered once it is written down; its progress is seen by describing the cluster.
 */
import type { DescribedCluster, NewCluster, PoolRequests } from '../../pool-requests.js';
import type { DescribeCacheClustersResult } from '../results.js';
import {
  createCacheClusterRequest,
  deleteCacheClusterRequest,
  describeCacheClustersRequest,
  modifyCacheClusterRequest,
  PAGE_RECORDS_MAX,
} from '../shapes.js';
import { action } from './action.js';
import { presentCluster, presentClusterAndNodes } from './presentation.js';

const createCacheCluster = action('CreateCacheCluster', createCacheClusterRequest, async (request, { requests }) => {
  const cluster: NewCluster = {
    id: request.CacheClusterId,
    nodeCount: request.NumCacheNodes ?? 0,
    driver: request.Driver,
    port: request.Port,
    memoryMegabytes: request.MemoryMegabytes,
    threads: request.Threads,
    nodePorts: request.NodePorts,
    drainMs: request.DrainSeconds === undefined ? undefined : Math.round(request.DrainSeconds * 1000),
    deadReads: request.DeadReads,
  };
  return { CacheCluster: presentCluster(await requests.createCluster(cluster)) };
});

const describeCacheClusters = action(
  'DescribeCacheClusters',
  describeCacheClustersRequest,
  async (request, { requests }): Promise<DescribeCacheClustersResult> => {
    const present = request.ShowCacheNodeInfo === true ? presentClusterAndNodes : presentBare;
    const found = await describedClusters(requests, request.CacheClusterId);
    const { Marker: marker, MaxRecords: most = PAGE_RECORDS_MAX } = request;
    const rest = marker === undefined ? found : found.filter(({ cluster }) => cluster.id > marker);
    const page = rest.slice(0, most).map(present);
    return rest.length > most
      ? { CacheClusters: page, Marker: page[most - 1].CacheClusterId }
      : { CacheClusters: page };
  },
);

async function describedClusters(requests: PoolRequests, id: string | undefined): Promise<readonly DescribedCluster[]> {
  return id === undefined ? requests.describeAll() : [await requests.describe(id)];
}

function presentBare({ cluster, problems }: DescribedCluster) {
  return presentCluster(cluster, problems);
}

const modifyCacheCluster = action('ModifyCacheCluster', modifyCacheClusterRequest, async (request, { requests }) => {
  const cluster = await requests.resizeCluster({
    clusterId: request.CacheClusterId,
    nodeCount: request.NumCacheNodes,
    removeNodeIds: request.CacheNodeIdsToRemove ?? null,
  });
  return { CacheCluster: presentCluster(cluster) };
});

const deleteCacheCluster = action('DeleteCacheCluster', deleteCacheClusterRequest, async (request, { requests }) => ({
  CacheCluster: presentCluster(await requests.deleteCluster(request.CacheClusterId)),
}));

export const CLUSTER_ACTIONS = [createCacheCluster, describeCacheClusters, modifyCacheCluster, deleteCacheCluster];
