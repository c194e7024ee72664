/**
 * The only door of @shoal/client: a memcached client that discovers the nodes of a cluster and follows their changes.
 *
 * The ring and the discovery are open to everyone who has to agree with it about who owns a key.
 */
export {
  DiscoveryError,
  DiscoveryErrorCode,
  type DiscoveryOptions,
  fetchClusterConfig,
  formatAddress,
  parseAddress,
  type ServerAddress,
} from './discovery.js';
export { HashRing, keyHash, keyHashOf, type RingNode } from './hash-ring.js';
export {
  type PollErrorListener,
  type PollerOptions,
  type TopologyListener,
  TopologyPoller,
} from './topology-poller.js';
