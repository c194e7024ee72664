/**
 * Records for tests: a settled cluster `dev` and nodes of it, with what a test wants to be different.
 */
import { NO_FAILURES } from '../backoff.js';
import type { ClusterRecord, NodeRecord } from '../model.js';

export const NOW_MS = 1_700_000_000_000;
const FIRST_PORT = 11_211;

export function nodeRecord(id: string, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id,
    phase: 'available',
    address: { hostname: '127.0.0.1', ip: '127.0.0.1', port: FIRST_PORT + Number(id) },
    listenerAddresses: {},
    createdAtMs: NOW_MS - 3_600_000,
    drainUntilAtMs: null,
    failures: NO_FAILURES,
    instanceId: null,
    ...changes,
  };
}

export function clusterRecord(nodes: readonly NodeRecord[], changes: Partial<ClusterRecord> = {}): ClusterRecord {
  return {
    id: 'dev',
    driver: 'process',
    ownerId: 'daemon-1',
    createdAtMs: NOW_MS - 3_600_000,
    deleting: false,
    completed: true,
    endpoint: { host: '127.0.0.1', port: FIRST_PORT },
    nodeSettings: { host: '127.0.0.1', memoryMegabytes: 64, threads: 1, ports: [] },
    drainMs: 75_000,
    deadReads: 'error',
    secret: '0123456789abcdef0123456789abcdef',
    version: 7,
    nodes,
    ...changes,
  };
}
