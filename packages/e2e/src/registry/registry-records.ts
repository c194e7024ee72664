/**
 * Cluster records for the tests of the registries, and a recorder of what a registry tells.
 *
 * Used by registry-suite.ts and the tests beside it.
 */
import type { ClusterRecord, RegistryEvents, StoredCluster } from '@shoal/pool';

export function someCluster(id: string, changes: Partial<ClusterRecord> = {}): ClusterRecord {
  return {
    id,
    driver: 'process',
    ownerId: 'a-daemon',
    createdAtMs: 1_700_000_000_000,
    deleting: false,
    completed: true,
    endpoint: { host: '127.0.0.1', port: 11_211 },
    nodeSettings: { host: '127.0.0.1', memoryMegabytes: 64, threads: 1, ports: [] },
    drainMs: 75_000,
    deadReads: 'error',
    secret: '00112233445566778899aabbccddeeff',
    version: 1,
    nodes: [
      {
        id: '0001',
        phase: 'available',
        address: { hostname: '127.0.0.1', ip: '127.0.0.1', port: 11_212 },
        listenerAddresses: { '11311': { hostname: 'host.example', ip: '10.0.0.1', port: 31_212 } },
        createdAtMs: 1_700_000_000_001,
        drainUntilAtMs: null,
        failures: { count: 0, lastAtMs: null, lastReason: null, retryAtMs: null },
        instanceId: null,
      },
    ],
    ...changes,
  };
}

export type Told =
  | { readonly kind: 'change'; readonly id: string; readonly stored: StoredCluster | null }
  | { readonly kind: 'leadership'; readonly isLeader: boolean }
  | { readonly kind: 'reachable'; readonly isReachable: boolean; readonly reason: string | undefined };

/** Everything that a registry told, in order, and what the clusters look like to who listened. */
export class Listener implements RegistryEvents {
  readonly told: Told[] = [];
  readonly clusters = new Map<string, StoredCluster>();

  readonly onChange = (id: string, stored: StoredCluster | null): void => {
    this.told.push({ kind: 'change', id, stored });
    if (stored === null) this.clusters.delete(id);
    else this.clusters.set(id, stored);
  };

  readonly onLeadership = (isLeader: boolean): void => {
    this.told.push({ kind: 'leadership', isLeader });
  };

  readonly onReachable = (isReachable: boolean, reason?: string): void => {
    this.told.push({ kind: 'reachable', isReachable, reason });
  };

  changesOf(id: string): (StoredCluster | null)[] {
    return this.told.flatMap((each) => (each.kind === 'change' && each.id === id ? [each.stored] : []));
  }

  leaderships(): boolean[] {
    return this.told.flatMap((each) => (each.kind === 'leadership' ? [each.isLeader] : []));
  }

  reachabilities(): boolean[] {
    return this.told.flatMap((each) => (each.kind === 'reachable' ? [each.isReachable] : []));
  }
}
