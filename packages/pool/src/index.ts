/**
 * The only door of @shoal/pool for types; the daemon starts through `@shoal/pool/main`, and programs speak to it through
 * `@shoal/pool/api-client`.
 */
export type { ClusterRecord, NodeRecord } from './model.js';
export { EmbeddedRegistry } from './registry/embedded.js';
export { type EtcdOptions, EtcdRegistry } from './registry/etcd.js';
export type { Registry, RegistryEvents, StoredCluster } from './registry/registry.js';
