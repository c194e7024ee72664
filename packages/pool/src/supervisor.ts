/**
 * Keeps one cluster as its record says: the loop that observes, asks `plan`, and carries out what it answers. One a cluster,
 * made by pool.ts in every daemon; it acts only where its daemon is responsible, and elsewhere just shows the list on the
 * endpoint.
 *
 * Woken by changes of the record, by drivers, health and timers; turns never overlap, and several wakes make one turn. Actions on
 * nodes run beside the loop, one a node at a time. Nothing here rejects: a turn that fails is logged and tried again. While
 * the registry is away nothing is saved, so lists stay as they are; nodes are restarted in place all the same.
 */
import { type Driver, DriverError, DriverErrorCode, type NodeKey } from './drivers/driver.js';
import type { Health, NodeHealth } from './health.js';
import type { Log } from './log.js';
import { type ClusterRecord, configOf, DriverKind, type NodeRecord } from './model.js';
import { plan } from './plan.js';
import type { Observed, ObservedNode, PlannedAction } from './plan-terms.js';
import type { PoolClock } from './pool-clock.js';
import type { PoolDriver } from './pool-driver.js';
import type { NodeObservation } from './pool-requests.js';
import { type Publish, reachOf } from './publisher.js';
import { type Registry, RegistryError, RegistryErrorCode, type StoredCluster } from './registry/registry.js';
import { NodeMemory } from './supervisor-memory.js';

/** After a write, a turn or a driver that failed. */
const AGAIN_MS = 500;
/** Own revisions that may still be delivered late. */
const SUPERSEDED_MAX = 64;
/** A timer holds no more than 2^31 ms; a turn too many does no harm. */
const WAIT_MS_MAX = 3_600_000;
export const STOP_GRACE_MS = 5_000;

/** The endpoint as the supervisor sees it; see endpoint/cluster-endpoint.ts. */
export interface ShownList {
  /** Null: the cluster is gone. Never throws. */
  show(cluster: ClusterRecord | null): void;
  close(): Promise<void>;
}

export interface SupervisorParts {
  readonly clusterId: string;
  readonly daemonId: string;
  readonly registry: Registry;
  readonly driverOf: (kind: Driver['kind']) => PoolDriver | null;
  readonly health: (onChange: () => void) => Health;
  readonly endpoint: ShownList;
  readonly publish: Publish;
  /** Ports that nodes of other clusters, and endpoints, have. */
  readonly portsTaken: (cluster: ClusterRecord) => ReadonlySet<number>;
  /** When a registered node was heard of last, as far as this daemon knows. */
  readonly heardAtMs: (key: NodeKey) => number;
  readonly clock: PoolClock;
  readonly log: Log;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #health: Health;
  readonly #nodes = new Map<string, NodeMemory>();
  readonly #refusedPorts = new Set<number>();
  readonly #operations = new Set<Promise<void>>();
  #stored: StoredCluster | null = null;
  #superseded: readonly string[] = [];
  #isPending = false;
  #turning: Promise<void> | null = null;
  #isClosed = false;
  #saveAgainAtMs = 0;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#health = parts.health(() => this.wake());
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
    this.#turning ??= this.#run();
  }

  onExit({ nodeId }: NodeKey, reason: string): void {
    this.#health.reset(this.#key(nodeId));
    const node = this.#nodeOf(nodeId);
    const memory = this.#nodes.get(nodeId);
    if (node !== null && memory !== undefined && !memory.isBusy && isWanted(node)) {
      this.#parts.log.warn({ nodeId, reason }, 'A node ended');
      if (node.phase !== 'rebooting' || memory.restarted) memory.noteFailure(node, reason, this.#nowMs());
    }
    this.wake();
  }

  observations(): readonly NodeObservation[] {
    return (this.#stored?.cluster.nodes ?? []).map((node) => this.#observation(node));
  }

  /** What the last probe found is true of the process that was probed: without one, nothing is. */
  #observation(node: NodeRecord): NodeObservation {
    const { state, reason, configVersion } = this.#health.of(this.#key(node.id));
    const { count, lastReason } = this.#nodes.get(node.id)?.failuresOf(node) ?? node.failures;
    const why = reason ?? (count > 0 ? lastReason : null);
    const running = this.#driver()?.running(this.#key(node.id)) ?? null;
    if (running === null && node.instanceId === null) {
      return { nodeId: node.id, handle: null, health: 'unknown', reason: why, configVersion: null };
    }
    const handle = running?.handle ?? `instance ${node.instanceId}`;
    return { nodeId: node.id, handle, health: state, reason: why, configVersion };
  }

  /** Stops acting and waits for what is under way; nodes serve on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting();
    this.#health.close();
    await Promise.all([this.#parts.endpoint.close(), this.#turning, ...this.#operations]);
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
      this.#nodes.clear();
      this.#health.watch([]);
      return;
    }
    const cluster = this.#remember(stored.cluster);
    this.#stopWaiting();
    let unsaved = cluster === stored.cluster ? null : cluster;
    for (const action of plan(cluster, this.#observe(cluster), this.#nowMs())) {
      if (action.kind === 'save') unsaved = action.cluster;
      else if (action.kind === 'forget') await this.#forget(stored);
      else this.#carryOut(action, cluster);
    }
    if (unsaved !== null) await this.#save(unsaved, stored.revision);
  }

  #isResponsible({ driver, ownerId }: ClusterRecord): boolean {
    if (driver === DriverKind.REGISTERED) return this.#parts.registry.isLeader;
    return ownerId === this.#parts.daemonId && this.#driver() !== null;
  }

  /** Brings the memory in line with the record, and answers the record with the failures noted since. */
  #remember(cluster: ClusterRecord): ClusterRecord {
    const known = new Set(cluster.nodes.map(({ id }) => id));
    for (const [id, { isBusy }] of this.#nodes) if (!known.has(id) && !isBusy) this.#nodes.delete(id);
    for (const node of cluster.nodes) {
      const memory = this.#memoryOf(node);
      if (node.phase !== 'rebooting') memory.restarted = false;
    }
    if (cluster.nodes.every(({ phase }) => phase !== 'creating')) this.#refusedPorts.clear();
    this.#health.watch(
      cluster.nodes.filter(isProbed).map(({ id, address }) => ({ ...this.#key(id), ...reachOf(address) })),
    );
    const nodes = cluster.nodes.map((node) => {
      const failures = this.#memoryOf(node).failuresOf(node);
      return failures === node.failures ? node : { ...node, failures };
    });
    return nodes.every((node, i) => node === cluster.nodes[i]) ? cluster : { ...cluster, nodes };
  }

  /** Another instance under the id of a registered node is another process: nothing is known of it. */
  #memoryOf(node: NodeRecord): NodeMemory {
    const known = this.#nodes.get(node.id);
    if (known !== undefined && known.instanceId === node.instanceId) return known;
    const memory = new NodeMemory(node, this.#nowMs());
    if (known !== undefined) {
      memory.noteTold(null, this.#nowMs());
      this.#health.reset(this.#key(node.id));
    }
    this.#nodes.set(node.id, memory);
    return memory;
  }

  #observe(cluster: ClusterRecord): Observed {
    const driver = this.#driver();
    const nodes = new Map(cluster.nodes.map((node) => [node.id, this.#observeNode(node)]));
    const strays = (driver?.runningOf(cluster.id) ?? []).map(({ nodeId }) => nodeId);
    return {
      driverReady: driver?.isReady ?? false,
      portsTaken: new Set([...this.#parts.portsTaken(cluster), ...this.#refusedPorts]),
      nodes,
      strays: strays.filter((id) => !nodes.has(id) && this.#nodes.get(id)?.isBusy !== true),
    };
  }

  #observeNode(node: NodeRecord): ObservedNode {
    const memory = this.#memoryOf(node);
    const health: NodeHealth = this.#health.of(this.#key(node.id));
    return {
      running: this.#driver()?.running(this.#key(node.id)) ?? null,
      busy: memory.isBusy,
      health,
      configVersion: memory.configVersion(health),
      restarted: memory.restarted,
      portRefused: this.#refusedPorts.has(node.address.port),
      heardAtMs: Math.max(memory.sinceMs, this.#parts.heardAtMs(this.#key(node.id))),
    };
  }

  #carryOut(action: Exclude<PlannedAction, { kind: 'save' | 'forget' }>, cluster: ClusterRecord): void {
    switch (action.kind) {
      case 'start':
        this.#operate(action.node.id, (memory) => this.#start(action.node, memory, cluster));
        return;
      case 'stop':
        this.#operate(action.nodeId, async () => {
          this.#parts.log.info({ nodeId: action.nodeId }, 'Stopping a node');
          await this.#driver()?.stop(this.#key(action.nodeId), { graceMs: STOP_GRACE_MS });
        });
        return;
      case 'kill':
        this.#operate(action.nodeId, (memory) => this.#kill(action.nodeId, action.failure, memory));
        return;
      case 'push':
        for (const nodeId of action.nodeIds) this.#push(nodeId, cluster);
        return;
      case 'wait':
        this.#wakeAt(action.untilMs);
        return;
    }
  }

  /** Runs one action on a node; the node is left alone by others until it ended. A failure is tried again in a while. */
  #operate(nodeId: string, work: (memory: NodeMemory) => Promise<void>): void {
    const node = this.#nodeOf(nodeId);
    const memory = this.#nodes.get(nodeId) ?? new NodeMemory(node ?? { instanceId: null }, this.#nowMs());
    this.#nodes.set(nodeId, memory);
    memory.isBusy = true;
    const release = () => {
      memory.isBusy = false;
      this.wake();
    };
    const operation = work(memory).then(release, (error: unknown) => {
      this.#parts.log.warn({ nodeId, err: error }, 'An action on a node failed: trying again');
      this.#parts.clock.later(release, AGAIN_MS);
    });
    this.#operations.add(operation);
    void operation.then(() => this.#operations.delete(operation));
  }

  async #start(node: NodeRecord, memory: NodeMemory, { nodeSettings, secret }: ClusterRecord): Promise<void> {
    const { host, memoryMegabytes, threads } = nodeSettings;
    const key = this.#key(node.id);
    try {
      await this.#driver()?.start({ ...key, host, port: node.address.port, memoryMegabytes, threads, secret });
    } catch (error) {
      this.#noteStartFailure(error, node, memory);
      return;
    }
    this.#health.reset(key);
    memory.noteTold(0, this.#nowMs());
    memory.restarted = node.phase === 'rebooting';
    const running = this.#driver()?.running(key) ?? null;
    if (running === null) memory.noteFailure(node, 'it ended as soon as it had started', this.#nowMs());
    else this.#parts.log.info({ nodeId: node.id, handle: running.handle, port: node.address.port }, 'Started a node');
  }

  /** Throws on what is no fault of the node's, to be tried again. */
  #noteStartFailure(error: unknown, node: NodeRecord, memory: NodeMemory): void {
    if (!(error instanceof DriverError) || error.code === DriverErrorCode.UNAVAILABLE) throw error;
    if (error.code === DriverErrorCode.PORT_IN_USE && node.phase === 'creating') {
      this.#parts.log.info({ nodeId: node.id, port: node.address.port }, 'A port is taken: trying the next');
      this.#refusedPorts.add(node.address.port);
      return;
    }
    memory.noteFailure(node, error.message, this.#nowMs());
    const { count, retryAtMs } = memory.failuresOf(node);
    this.#parts.log.warn({ nodeId: node.id, reason: error.message, count, retryAtMs }, 'A node did not start');
  }

  async #kill(nodeId: string, failure: string | null, memory: NodeMemory): Promise<void> {
    const node = this.#nodeOf(nodeId);
    if (failure !== null && node !== null) memory.noteFailure(node, failure, this.#nowMs());
    this.#parts.log.warn({ nodeId, reason: failure ?? 'asked for' }, 'Killing a node to replace it');
    await this.#driver()?.kill(this.#key(nodeId));
    this.#health.reset(this.#key(nodeId));
  }

  #push(nodeId: string, cluster: ClusterRecord): void {
    const node = this.#nodeOf(nodeId);
    const memory = this.#nodes.get(nodeId);
    if (node === null || memory === undefined) return;
    memory.isBeingTold = true;
    const told = (version: number | null) => {
      memory.isBeingTold = false;
      memory.noteTold(version, this.#nowMs());
      this.wake();
    };
    const operation = this.#parts.publish(node, cluster).then(
      () => told(cluster.version),
      (error: unknown) => {
        this.#parts.log.warn({ nodeId, version: cluster.version, err: error }, 'A node missed a version');
        told(null);
      },
    );
    this.#operations.add(operation);
    void operation.then(() => this.#operations.delete(operation));
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
      this.#parts.log.debug({ err: error }, 'Cannot write the record: trying again');
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

  #key(nodeId: string): NodeKey {
    return { clusterId: this.#parts.clusterId, nodeId };
  }

  #nodeOf(nodeId: string): NodeRecord | null {
    return this.#stored?.cluster.nodes.find(({ id }) => id === nodeId) ?? null;
  }

  #driver(): PoolDriver | null {
    return this.#stored === null ? null : this.#parts.driverOf(this.#stored.cluster.driver);
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs();
  }
}

/** Nodes whose end is not what somebody asked for. */
function isWanted({ phase }: NodeRecord): boolean {
  return phase === 'creating' || phase === 'available' || phase === 'rebooting';
}

function isProbed({ phase }: NodeRecord): boolean {
  return phase !== 'stopping';
}
