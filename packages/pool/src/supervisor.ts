/**
 * Keeps one cluster as its record says: the loop that observes, asks `plan`, and carries out what it answers. One a cluster,
 * made by pool.ts in every daemon; it acts only where its daemon is responsible, and elsewhere just shows the list on the
 * endpoint.
 *
 * Woken by changes of the record, by drivers, health and timers; turns never overlap, and several wakes make one turn. Actions on
 * nodes run beside the loop, one a node at a time. Nothing here rejects: a turn that fails is logged and tried again. While
 * the registry is away nothing is saved, so lists stay as they are; nodes are restarted in place all the same.
 */
import type { Driver, NodeKey } from './drivers/driver.js';
import { type ClusterRecord, configOf, DriverKind } from './model.js';
import { OwnerWatch } from './owner-watch.js';
import { plan } from './plan.js';
import type { PoolDriver } from './pool-driver.js';
import type { NodeObservation } from './pool-requests.js';
import { type Registry, RegistryError, RegistryErrorCode, type StoredCluster } from './registry/registry.js';
import { SupervisedNodes, type SupervisedNodesParts } from './supervisor-nodes.js';

/** After a write, a turn or a driver that failed. */
const AGAIN_MS = 500;
/** Own revisions that may still be delivered late. */
const SUPERSEDED_MAX = 64;
/** A timer holds no more than 2^31 ms; a turn too many does no harm. */
const WAIT_MS_MAX = 3_600_000;

/** The endpoint as the supervisor sees it; see endpoint/cluster-endpoint.ts. */
export interface ShownList {
  /** Null: the cluster is gone. Never throws. */
  show(cluster: ClusterRecord | null): void;
  close(): Promise<void>;
}

export interface SupervisorParts extends Omit<SupervisedNodesParts, 'driver' | 'nodeOf' | 'wake'> {
  readonly daemonId: string;
  readonly registry: Registry;
  readonly driverOf: (kind: Driver['kind']) => PoolDriver | null;
  readonly endpoint: ShownList;
  /** See OwnerWatch. */
  readonly ownerGoneMs: number;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #nodes: SupervisedNodes;
  #stored: StoredCluster | null = null;
  #superseded: readonly string[] = [];
  #isPending = false;
  #turning: Promise<void> | null = null;
  #isClosed = false;
  #saveAgainAtMs = 0;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};
  readonly #owner: OwnerWatch;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#owner = new OwnerWatch(parts.registry, parts.clock, parts.ownerGoneMs);
    this.#nodes = new SupervisedNodes({
      ...parts,
      nodeOf: (nodeId) => this.#stored?.cluster.nodes.find(({ id }) => id === nodeId) ?? null,
      driver: () => this.#driver(),
      wake: () => this.wake(),
    });
  }

  get stored(): StoredCluster | null {
    return this.#stored;
  }

  /** The record changed. A revision that this daemon has already gone past is old news. */
  deliver(stored: StoredCluster | null): void {
    if (stored !== null && this.#superseded.includes(stored.revision)) return;
    const before = this.#stored;
    if (before !== null && before.revision !== stored?.revision) {
      this.#superseded = [before.revision, ...this.#superseded].slice(0, SUPERSEDED_MAX);
    }
    this.#stored = stored;
    this.#logChange(before?.cluster ?? null, stored?.cluster ?? null);
    this.wake();
  }

  wake(): void {
    if (this.#isClosed) return;
    this.#isPending = true;
    this.#turning ??= Promise.resolve().then(() => this.#run());
  }

  onExit({ nodeId }: NodeKey, reason: string): void {
    this.#nodes.noteExit(nodeId, reason);
    this.wake();
  }

  observations(): readonly NodeObservation[] {
    return (this.#stored?.cluster.nodes ?? []).map((node) => this.#nodes.observation(node));
  }

  /** Stops acting and waits for what is under way; nodes serve on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting();
    await Promise.all([this.#parts.endpoint.close(), this.#turning]);
    await this.#nodes.close();
  }

  async #run(): Promise<void> {
    while (this.#isPending && !this.#isClosed) {
      this.#isPending = false;
      try {
        await this.#turn();
      } catch (error) {
        this.#parts.log.error({ err: error }, 'A turn of the supervisor failed: trying again');
        this.#wakeAt(this.#nowMs() + AGAIN_MS);
      }
    }
    this.#turning = null;
  }

  async #turn(): Promise<void> {
    const stored = this.#stored;
    this.#parts.endpoint.show(stored?.cluster ?? null);
    if (stored === null || !this.#isResponsible(stored.cluster)) {
      this.#nodes.forgetAll();
      await this.#standIn(stored);
      return;
    }
    this.#owner.reset();
    const cluster = this.#nodes.remember(stored.cluster);
    this.#stopWaiting();
    let unsaved = cluster === stored.cluster ? null : cluster;
    for (const action of plan(cluster, this.#nodes.observe(cluster), this.#nowMs())) {
      if (action.kind === 'save') unsaved = action.cluster;
      else if (action.kind === 'forget') await this.#forget(stored);
      else if (action.kind === 'wait') this.#wakeAt(action.untilMs);
      else this.#nodes.carryOut(action, cluster);
    }
    if (unsaved !== null) await this.#save(unsaved, stored.revision);
  }

  /** The daemon that leads finishes a deletion whose owner is gone: with it went whoever could stop the nodes. */
  async #standIn(stored: StoredCluster | null): Promise<void> {
    const { ownerId = null, deleting = false } = stored?.cluster ?? {};
    if (stored === null || ownerId === null || !deleting || !this.#parts.registry.isLeader) return this.#owner.reset();
    const againAtMs = await this.#owner.lookAgainAtMs(ownerId);
    if (againAtMs !== null) return this.#wakeAt(againAtMs);
    this.#owner.reset();
    this.#parts.log.warn({ ownerId }, 'Deleting a cluster whose owner is gone: its nodes end when that is back');
    await this.#forget(stored);
  }

  #isResponsible({ driver, ownerId }: ClusterRecord): boolean {
    if (driver === DriverKind.REGISTERED) return this.#parts.registry.isLeader;
    return ownerId === this.#parts.daemonId && this.#driver() !== null;
  }

  async #save(cluster: ClusterRecord, revision: string): Promise<void> {
    if (this.#nowMs() < this.#saveAgainAtMs) return this.#wakeAt(this.#saveAgainAtMs);
    await this.#write(async () => {
      this.deliver({ cluster, revision: await this.#parts.registry.save(cluster, revision) });
    });
  }

  async #forget({ cluster, revision }: StoredCluster): Promise<void> {
    await this.#write(async () => {
      await this.#parts.registry.remove(cluster.id, revision);
      this.deliver(null);
    });
  }

  /** Who lost against another writer looks again at once; a registry that is away is asked again in a while. */
  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof RegistryError && error.code === RegistryErrorCode.CONFLICT) {
        this.deliver(await this.#parts.registry.loadOne(this.#parts.clusterId));
        return;
      }
      // That the registry is away has been said, once; anything else is worth a line each time.
      const level = error instanceof RegistryError ? 'debug' : 'error';
      this.#parts.log[level]({ err: error }, 'Cannot write the record: trying again');
      this.#saveAgainAtMs = this.#nowMs() + AGAIN_MS;
      this.#wakeAt(this.#saveAgainAtMs);
    }
  }

  /** The earliest of what is waited for counts; every turn starts waiting anew. */
  #wakeAt(atMs: number): void {
    if (this.#isClosed || atMs >= this.#wakesAtMs) return;
    this.#stopWaiting();
    this.#wakesAtMs = atMs;
    this.#cancelWake = this.#parts.clock.later(
      () => {
        this.#wakesAtMs = Number.POSITIVE_INFINITY;
        this.wake();
      },
      Math.min(WAIT_MS_MAX, Math.max(0, atMs - this.#nowMs())),
    );
  }

  #stopWaiting(): void {
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.#cancelWake();
  }

  #logChange(before: ClusterRecord | null, after: ClusterRecord | null): void {
    if (after === null) {
      if (before !== null) this.#parts.log.info('The cluster is gone');
      return;
    }
    for (const node of after.nodes) {
      const known = before?.nodes.find(({ id }) => id === node.id);
      if (before !== null && known?.phase !== node.phase) {
        this.#parts.log.info(
          { nodeId: node.id, was: known?.phase ?? null, phase: node.phase },
          'A node changed its phase',
        );
      }
    }
    if (before === null || before.version !== after.version) {
      const nodes = configOf(after)?.nodes.map(({ hostname, port }) => `${hostname}:${port}`) ?? [];
      this.#parts.log.info({ version: after.version, nodes }, 'The list of the cluster');
    }
  }

  #driver(): PoolDriver | null {
    return this.#stored === null ? null : this.#parts.driverOf(this.#stored.cluster.driver);
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs();
  }
}
