/**
 * The only door of @shoal/client: a memcached client that discovers the nodes of a cluster and follows their changes.
 *
 * The ring and the discovery are open to everyone who has to agree with it about who owns a key; the course of its polls
 * and the pace of its refreshes, to who simulates many clients.
 */
export { Client, type NodeStats } from './client.js';
export { OPERATION_CHANNEL, type OperationAttributes, type OperationMessage } from './diagnostics.js';
export {
  DiscoveryError,
  DiscoveryErrorCode,
  type DiscoveryOptions,
  fetchClusterConfig,
  formatAddress,
  parseAddress,
  type ServerAddress,
} from './discovery.js';
export * from './errors.js';
export type { ClientEvents, NodeDown, NodeUp, TopologyChange } from './events.js';
export type { GetOrSetOptions, Load } from './get-or-set.js';
export { HashRing, keyHash, keyHashOf, type RingNode } from './hash-ring.js';
export type { CallOptions, CountOptions, ReadOptions, StoreOptions } from './operation-flags.js';
export { CLIENT_DEFAULTS, type ClientOptions, type ClientTarget } from './options.js';
export { PollCourse, type PollCourseOptions, type PollTarget, type PollVerdict } from './poll-course.js';
export { type ReconnectBounds, reconnectPauseMs } from './reconnect-pause.js';
export { RefreshPace } from './refresh-pace.js';
export { CasResult, type ValueWithCas } from './reply-results.js';
export type { Key } from './request.js';
export {
  type PollErrorListener,
  type PollerOptions,
  type TopologyListener,
  TopologyPoller,
} from './topology-poller.js';
export { type ReadAs, ValueFlags } from './values.js';
