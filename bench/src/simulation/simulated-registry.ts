// A registry of one cluster in memory, as the pool's supervisor knows registries: every write names the revision that it
// builds on and takes a few milliseconds; who comes second is refused. Used by control-plane.ts.
//
// `change` is what other writers do, nodes that register for example: at once, and told to the supervisor.
import {
  type ClusterRecord,
  type Registry,
  RegistryError,
  RegistryErrorCode,
  type StoredCluster,
} from '@shoal/pool/supervision';
import type { SimulatedClock } from './simulated-clock.js';

/** A file made durable on a good disk, or one round of etcd. */
const WRITE_MS = 5;

export class SimulatedRegistry implements Registry {
  readonly name = 'simulated';
  readonly isLeader = true;
  readonly isExclusive = true;
  readonly #clock: SimulatedClock;
  #stored: StoredCluster;
  #writes = 0;

  constructor(cluster: ClusterRecord, clock: SimulatedClock) {
    this.#stored = { cluster, revision: 'first' };
    this.#clock = clock;
  }

  get stored(): StoredCluster {
    return this.#stored;
  }

  change(next: (cluster: ClusterRecord) => ClusterRecord): StoredCluster {
    this.#stored = { cluster: next(this.#stored.cluster), revision: `change ${++this.#writes}` };
    return this.#stored;
  }

  async save(cluster: ClusterRecord, revision: string | null): Promise<string> {
    await this.#clock.pause(WRITE_MS);
    if (revision !== this.#stored.revision) {
      throw new RegistryError(RegistryErrorCode.CONFLICT, 'Cannot save the cluster: somebody else wrote in between');
    }
    this.#stored = { cluster, revision: `save ${++this.#writes}` };
    return this.#stored.revision;
  }

  async open(): Promise<void> {}

  async load(): Promise<readonly StoredCluster[]> {
    return [this.#stored];
  }

  async loadOne(): Promise<StoredCluster> {
    return this.#stored;
  }

  async remove(): Promise<void> {}

  async versionFloor(): Promise<number> {
    return 0;
  }

  async isPresent(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}
}
