/**
 * The door for who drives the pool's own decisions over a network and a clock of another kind: bench/src/simulation does, with
 * a thousand simulated nodes. What a daemon runs for a cluster, from probe to publication; nothing that opens a socket
 * unless asked.
 */
export { NO_FAILURES } from './backoff.js';
export { withoutNodes } from './cluster-changes.js';
export { HealthMonitor } from './health-monitor.js';
export { NODES_MAX } from './limits.js';
export { type Log, silentLog } from './log.js';
export { type ClusterRecord, configOf, DriverKind, listedNodes, type NodeRecord } from './model.js';
export { nodeId } from './node-ids.js';
export { plan } from './plan.js';
export type { Observed, ObservedNode, PlannedAction } from './plan-terms.js';
export type { PoolClock } from './pool-clock.js';
export type { ProbeOutcome, ProbeTarget } from './probe.js';
export { type Publish, publish } from './publisher.js';
export { type Registry, RegistryError, RegistryErrorCode, type StoredCluster } from './registry/registry.js';
export { type ShownList, Supervisor } from './supervisor.js';
