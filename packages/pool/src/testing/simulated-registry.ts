/**
 * A registry in memory that several simulated daemons share, that remembers every record it ever held, and that can be made
 * unreachable or contended.
 */
import type { ClusterRecord } from '../model.js';
import {
  type Registry,
  RegistryError,
  RegistryErrorCode,
  type RegistryEvents,
  type StoredCluster,
} from '../registry/registry.js';
import type { SimulatedClock } from './simulated-clock.js';

export class SimulatedRegistry implements Registry {
  readonly name = 'simulated';
  isLeader = true;
  isExclusive = false;
  readonly history: ClusterRecord[] = [];
  readonly #clusters = new Map<string, StoredCluster>();
  readonly #floors = new Map<string, number>();
  readonly #watchers = new Set<RegistryEvents>();
  #revision = 0;
  #isReachable = true;
  /** This many of the next writes lose against another writer. */
  conflicts = 0;
  /** Writes fail, and nobody is told when they work again. */
  takesNoWrites = false;
  /** Nobody is told of changes: news is late. */
  isMute = false;
  /** Writes that were tried, and failed or not. */
  attempts = 0;
  /** Daemons that the registry does not see. */
  readonly absent = new Set<string>();
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  /** The same registry as a daemon has it that does not lead. */
  follower(): Registry {
    return {
      name: this.name,
      isLeader: false,
      isExclusive: false,
      open: (events) => this.open(events),
      load: () => this.load(),
      loadOne: (id) => this.loadOne(id),
      save: (cluster, revision) => this.save(cluster, revision),
      remove: (id, revision) => this.remove(id, revision),
      versionFloor: (id) => this.versionFloor(id),
      isPresent: (id) => this.isPresent(id),
      close: async () => {},
    };
  }

  async open(events: RegistryEvents): Promise<void> {
    this.#watchers.add(events);
    for (const stored of this.#clusters.values()) events.onChange(stored.cluster.id, stored);
  }

  set isReachable(isReachable: boolean) {
    this.#isReachable = isReachable;
    for (const { onReachable } of this.#watchers) onReachable(isReachable, 'pulled');
  }

  async load(): Promise<readonly StoredCluster[]> {
    this.#checkReachable();
    return [...this.#clusters.values()];
  }

  async loadOne(clusterId: string): Promise<StoredCluster | null> {
    this.#checkReachable();
    return this.#clusters.get(clusterId) ?? null;
  }

  async save(cluster: ClusterRecord, revision: string | null): Promise<string> {
    await this.#clock.act(`saves cluster ${cluster.id}`);
    this.attempts++;
    this.#checkReachable();
    if (this.takesNoWrites) throw new RegistryError(RegistryErrorCode.UNAVAILABLE, 'the disk is full');
    this.#checkRevision(cluster.id, revision);
    if (this.conflicts > 0 && revision !== null) {
      this.conflicts--;
      this.#write(this.#clusters.get(cluster.id)?.cluster ?? cluster);
      this.#checkRevision(cluster.id, revision);
    }
    return this.#write(cluster);
  }

  async remove(clusterId: string, revision: string): Promise<void> {
    await this.#clock.act(`removes cluster ${clusterId}`);
    this.#checkReachable();
    this.#checkRevision(clusterId, revision);
    this.#floors.set(clusterId, this.#clusters.get(clusterId)?.cluster.version ?? 0);
    this.#clusters.delete(clusterId);
    for (const { onChange } of this.#watchers) onChange(clusterId, null);
  }

  async versionFloor(clusterId: string): Promise<number> {
    this.#checkReachable();
    return this.#floors.get(clusterId) ?? 0;
  }

  async isPresent(daemonId: string): Promise<boolean> {
    this.#checkReachable();
    return !this.absent.has(daemonId);
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  #write(cluster: ClusterRecord): string {
    const stored = { cluster: structuredClone(cluster), revision: String(++this.#revision) };
    this.#clusters.set(cluster.id, stored);
    this.history.push(stored.cluster);
    if (this.isMute) return stored.revision;
    for (const { onChange } of this.#watchers) onChange(cluster.id, stored);
    return stored.revision;
  }

  #checkRevision(clusterId: string, revision: string | null): void {
    const current = this.#clusters.get(clusterId)?.revision ?? null;
    if (current !== revision) throw new RegistryError(RegistryErrorCode.CONFLICT, 'somebody wrote in between');
  }

  #checkReachable(): void {
    if (!this.#isReachable) throw new RegistryError(RegistryErrorCode.UNAVAILABLE, 'the registry is away');
  }
}
