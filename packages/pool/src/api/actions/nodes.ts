/**
 * The actions on single nodes: ElastiCache's reboot, which takes a list, and Shoal's own replacement of one node.
 *
 * Both lose what the nodes hold and keep their ids, addresses and places on the list.
 */
import { rebootCacheClusterRequest, replaceCacheNodeRequest } from '../shapes.js';
import { action } from './action.js';
import { presentCluster } from './presentation.js';

const rebootCacheCluster = action('RebootCacheCluster', rebootCacheClusterRequest, async (request, { requests }) => ({
  CacheCluster: presentCluster(await requests.rebootNodes(request.CacheClusterId, request.CacheNodeIdsToReboot)),
}));

const replaceCacheNode = action('ReplaceCacheNode', replaceCacheNodeRequest, async (request, { requests }) => ({
  CacheCluster: presentCluster(await requests.replaceNode(request.CacheClusterId, request.CacheNodeId)),
}));

export const NODE_ACTIONS = [rebootCacheCluster, replaceCacheNode];
