/**
 * The pool: owns the registry, the drivers, and for every cluster a supervisor with its health checks and its endpoint.
 * Made by main.ts with the real parts, by tests with others. What may be asked of it is pool-desk.ts.
 *
 * It brings news to the supervisors: records from the registry, exits from drivers, leadership. One cluster in trouble
 * concerns no other, and nothing that happens after `start` rejects. `close` lets go of the nodes, `shutDown` stops them.
 */
import { portsTakenForNodes } from './cluster-changes-ports.js';
import type { Driver, NodeKey, RunningNode } from './drivers/driver.js';
import { RegisteredDriver } from './drivers/registered.js';
import { ClusterEndpoint } from './endpoint/cluster-endpoint.js';
import type { ClusterRecord, DriverKind } from './model.js';
import { PoolDesk, type PoolDeskPool } from './pool-desk.js';
import { PoolDriver } from './pool-driver.js';
import type { PoolParts } from './pool-parts.js';
import type { PoolPhase } from './pool-phase.js';
import type { DescribedCluster, PoolRequests } from './pool-requests.js';
import type { StoredCluster } from './registry/registry.js';
import { Supervisor } from './supervisor.js';
import { STOP_GRACE_MS } from './supervisor-nodes.js';

const CONFIRM_AGAIN_MS = 1000;

interface Supervised {
  readonly supervisor: Supervisor;
  readonly endpoint: ClusterEndpoint;
}

export interface RegistryState {
  readonly isReachable: boolean;
  readonly reason: string | null;
}

export class Pool implements PoolDeskPool {
  readonly requests: PoolRequests;
  readonly #parts: PoolParts;
  readonly #drivers: ReadonlyMap<DriverKind, PoolDriver>;
  readonly #registered: RegisteredDriver;
  readonly #clusters = new Map<string, Supervised>();
  readonly #leaving = new Set<Promise<void>>();
  /** Clusters of nodes that were found running and are left alone, told once. */
  readonly #strangers = new Set<string>();
  #phase: PoolPhase = { kind: 'starting' };
  #registryState: RegistryState = { isReachable: true, reason: null };
  #closing: Promise<void> | null = null;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.requests = new PoolDesk(parts, this);
    this.#registered = new RegisteredDriver(() => parts.clock.nowMs());
    const drivers = [...parts.drivers, this.#registered];
    this.#drivers = new Map(drivers.map((driver) => [driver.kind, this.#poolDriver(driver)]));
  }

  get phase(): PoolPhase {
    return this.#phase;
  }

  get registryState(): RegistryState {
    return this.#registryState;
  }

  /** Rejects if the registry cannot be opened; a driver that is not there yet is waited for. */
  async start(): Promise<void> {
    try {
      await this.#parts.registry.open({
        onChange: (id, stored) => this.#onRecord(id, stored),
        onLeadership: (isLeader) => this.#onLeadership(isLeader),
        onReachable: (isReachable, reason) => this.#onReachable(isReachable, reason),
      });
    } catch (error) {
      this.#enter({ kind: 'closed' });
      throw error;
    }
    if (this.#parts.registry.isExclusive) await this.#takeOver();
    this.#enter({ kind: 'running' });
    await Promise.all(this.#parts.adopting.map((kind) => this.driver(kind)?.open()));
    this.#wakeAll();
  }

  /** Clusters of a daemon that had this registry before, under another id: nobody else would ever run them. */
  async #takeOver(): Promise<void> {
    const { daemonId, registry, log } = this.#parts;
    const stored = [...this.#clusters.values()].flatMap(({ supervisor }) => supervisor.stored ?? []);
    for (const { cluster, revision } of stored) {
      if (cluster.ownerId === daemonId || cluster.ownerId === null) continue;
      log.warn({ clusterId: cluster.id, was: cluster.ownerId }, 'Taking over a cluster of an earlier daemon');
      const taken = { ...cluster, ownerId: daemonId };
      this.deliver({ cluster: taken, revision: await registry.save(taken, revision) });
    }
  }

  /** Opened when it is needed first: a pool of registered nodes starts no host. */
  driver(kind: DriverKind): PoolDriver | null {
    const driver = this.#drivers.get(kind) ?? null;
    if (this.#phase.kind === 'running') void driver?.open();
    return driver;
  }

  drivers(): readonly { readonly kind: DriverKind; readonly isReady: boolean; readonly reason: string | null }[] {
    return [...this.#drivers].map(([kind, { isReady, reason }]) => ({ kind, isReady, reason }));
  }

  records(): readonly ClusterRecord[] {
    return [...this.#clusters.values()].flatMap(({ supervisor }) => supervisor.stored?.cluster ?? []);
  }

  stored(clusterId: string): StoredCluster | null {
    return this.#clusters.get(clusterId)?.supervisor.stored ?? null;
  }

  describe(cluster: ClusterRecord): DescribedCluster {
    const supervised = this.#clusters.get(cluster.id);
    return {
      cluster,
      observations: supervised?.supervisor.observations() ?? [],
      problems: supervised?.endpoint.problems ?? [],
    };
  }

  noteHeard(key: NodeKey, instanceId: string): void {
    this.#registered.hear(key, instanceId);
  }

  /** What this daemon wrote itself, before the registry tells. */
  deliver(stored: StoredCluster): void {
    if (this.#phase.kind === 'running' || this.#phase.kind === 'starting') {
      this.#supervised(stored.cluster.id).supervisor.deliver(stored);
    }
  }

  /** Lets go: nodes serve on, and the next daemon adopts them. Any number of calls; the first decides about the nodes. */
  close(): Promise<void> {
    return this.#leave('keep');
  }

  /** Stops everything in order: endpoints close, nodes stop, their host ends. Records stay as they are. */
  shutDown(): Promise<void> {
    return this.#leave('stop');
  }

  #leave(nodes: 'keep' | 'stop'): Promise<void> {
    this.#closing ??= this.#takeDown(nodes);
    return this.#closing;
  }

  async #takeDown(nodes: 'keep' | 'stop'): Promise<void> {
    this.#enter({ kind: 'closing', nodes });
    for (const driver of this.#drivers.values()) driver.startNothingMore();
    const orderly = [...this.#clusters.values()].map(({ supervisor }) => supervisor.close());
    await this.#settled('the supervisors', [...orderly, ...this.#leaving]);
    const drivers = [...this.#drivers.values()];
    const endings = drivers.map((each) =>
      nodes === 'keep' ? each.close() : each.shutDown({ graceMs: STOP_GRACE_MS }),
    );
    await this.#settled('the drivers', endings);
    await this.#settled('the registry', [this.#parts.registry.close()]);
    this.#enter({ kind: 'closed' });
  }

  async #settled(what: string, work: readonly Promise<void>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(work)) {
      if (outcome.status === 'rejected') {
        this.#parts.log.warn({ err: outcome.reason }, `Closing ${what} did not go in order`);
      }
    }
  }

  #enter(phase: PoolPhase): void {
    this.#phase = phase;
    this.#parts.log.debug({ phase: phase.kind }, 'The pool changed its phase');
  }

  /** A deletion is believed when the registry confirms it: an old one may be told after the cluster was made anew. */
  #onRecord(clusterId: string, stored: StoredCluster | null): void {
    if (stored !== null) this.deliver(stored);
    else if (this.#clusters.has(clusterId)) void this.#confirmGone(clusterId);
  }

  async #confirmGone(clusterId: string): Promise<void> {
    try {
      const stored = await this.#parts.registry.loadOne(clusterId);
      if (stored !== null) this.deliver(stored);
      else this.#drop(clusterId);
    } catch {
      this.#parts.clock.later(() => this.#onRecord(clusterId, null), CONFIRM_AGAIN_MS);
    }
  }

  #drop(clusterId: string): void {
    const supervised = this.#clusters.get(clusterId);
    if (supervised === undefined) return;
    this.#clusters.delete(clusterId);
    supervised.supervisor.deliver(null);
    const leaving = supervised.supervisor.close().catch((error: unknown) => {
      this.#parts.log.warn({ err: error, clusterId }, 'A supervisor did not close in order');
    });
    this.#leaving.add(leaving);
    void leaving.then(() => {
      this.#leaving.delete(leaving);
      for (const kind of this.#drivers.keys()) this.#stopOrphans(kind);
    });
  }

  #onLeadership(isLeader: boolean): void {
    this.#parts.log.debug({ isLeader }, 'Leadership for registered clusters');
    this.#wakeAll();
  }

  #onReachable(isReachable: boolean, reason?: string): void {
    this.#registryState = { isReachable, reason: isReachable ? null : (reason ?? null) };
    const { name } = this.#parts.registry;
    if (isReachable) this.#parts.log.info({ registry: name }, 'The registry can be reached again');
    else this.#parts.log.error({ registry: name, reason }, 'The registry cannot be reached: changes wait');
    this.#wakeAll();
  }

  #supervised(clusterId: string): Supervised {
    const known = this.#clusters.get(clusterId);
    if (known !== undefined) return known;
    const { options, openRouter, clock, daemonId, registry, health, publish } = this.#parts;
    const log = this.#parts.log.child({ clusterId });
    const endpoint = new ClusterEndpoint({ listenHost: options.listenHost, openRouter, clock, log });
    const portsTaken = ({ id, ownerId }: ClusterRecord) =>
      portsTakenForNodes(
        this.records().filter((other) => other.id !== id),
        ownerId,
      );
    const driverOf = (kind: DriverKind) => this.driver(kind);
    const supervisor = new Supervisor({
      ...{ clusterId, daemonId, registry, driverOf, health, endpoint },
      ...{ publish, portsTaken, clock, log, ownerGoneMs: options.ownerGoneMs },
      heardAtMs: (key) => this.#registered.heardAtMs(key),
    });
    const supervised = { supervisor, endpoint };
    this.#clusters.set(clusterId, supervised);
    return supervised;
  }

  #poolDriver(driver: Driver): PoolDriver {
    return new PoolDriver(driver, {
      log: this.#parts.log,
      clock: this.#parts.clock,
      events: {
        onExit: (key, reason) => this.#clusters.get(key.clusterId)?.supervisor.onExit(key, reason),
        onChange: () => this.#onDriverChange(driver.kind),
      },
    });
  }

  #onDriverChange(kind: DriverKind): void {
    if (this.#phase.kind !== 'running') return;
    this.#stopOrphans(kind);
    this.#wakeAll();
  }

  /**
   * Nodes of clusters that no longer exist, left by a daemon that lost its registry, or by this one while others deleted
   * the cluster: nobody else would ever stop them.
   */
  #stopOrphans(kind: DriverKind): void {
    const driver = this.#drivers.get(kind);
    if (this.#phase.kind !== 'running' || !driver?.isReady || !this.#registryState.isReachable) return;
    const running = [...driver.runningClusters()].flatMap((clusterId) => driver.runningOf(clusterId));
    const orphans = running.filter((node) =>
      isOrphan(node, this.stored(node.clusterId)?.cluster, this.#parts.daemonId),
    );
    for (const orphan of orphans) void this.#stopOrphan(driver, orphan);
  }

  /** A registry that never knew the cluster is more likely the wrong one than right about what has to go. */
  async #stopOrphan(driver: PoolDriver, { clusterId, nodeId }: NodeKey): Promise<void> {
    try {
      if ((await this.#parts.registry.versionFloor(clusterId)) === 0) return this.#noteStranger(clusterId);
      this.#parts.log.warn({ clusterId, nodeId }, 'Stopping a node of a cluster that does not exist');
      await driver.stop({ clusterId, nodeId }, { graceMs: STOP_GRACE_MS });
    } catch (error) {
      this.#parts.log.warn({ clusterId, nodeId, err: error }, 'Cannot stop a node');
    }
  }

  #noteStranger(clusterId: string): void {
    if (this.#strangers.has(clusterId)) return;
    this.#strangers.add(clusterId);
    const { name } = this.#parts.registry;
    const message =
      'Nodes of a cluster run here that this registry has never known; they serve on. Is it the right one?';
    this.#parts.log.error({ clusterId, registry: name }, message);
  }

  #wakeAll(): void {
    for (const { supervisor } of this.#clusters.values()) supervisor.wake();
  }
}

/** A cluster of another daemon may have the name of one that was deleted here: then what runs here is older than it. */
function isOrphan({ startedAtMs }: RunningNode, cluster: ClusterRecord | undefined, daemonId: string): boolean {
  if (cluster === undefined) return true;
  const { ownerId, createdAtMs } = cluster;
  return ownerId !== null && ownerId !== daemonId && startedAtMs < createdAtMs;
}
