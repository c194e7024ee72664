/**
 * A cluster record for the tests of the registry's files, where only the id and the version matter.
 *
 * The tests of whole registries in packages/e2e have one of their own, since this folder is not built.
 */
import type { ClusterRecord } from '../model.js';

export function storedCluster(id: string, version: number): ClusterRecord {
  return {
    id,
    driver: 'process',
    ownerId: null,
    createdAtMs: 1_700_000_000_000,
    deleting: false,
    completed: true,
    endpoint: { host: '127.0.0.1', port: 11_211 },
    nodeSettings: { host: '127.0.0.1', memoryMegabytes: 64, threads: 1, ports: [11_212] },
    drainMs: 75_000,
    deadReads: 'error',
    secret: '00112233445566778899aabbccddeeff',
    version,
    nodes: [],
  };
}
