/**
 * The nodes of one cluster as their supervisor sees and treats them: what is observed of each, and the actions on them.
 *
 * Made by supervisor.ts, where the loop is. Actions run beside that loop, one a node at a time, and wake it when they end; none of
 * them rejects: what fails is logged, noted against the node if it is the node's fault, and planned again.
 */
import { DriverError, DriverErrorCode, type NodeKey } from './drivers/driver.js';
import type { Health } from './health.js';
import type { Log } from './log.js';
import { type ClusterRecord, DriverKind, type NodeRecord } from './model.js';
import type { Observed, ObservedNode, PlannedAction } from './plan-terms.js';
import type { PoolClock } from './pool-clock.js';
import type { PoolDriver } from './pool-driver.js';
import type { NodeObservation } from './pool-requests.js';
import { type Publish, reachOf } from './publisher.js';
import { NodeMemory } from './supervisor-memory.js';

/** After an action that failed for no fault of the node's. */
const AGAIN_MS = 500;
export const STOP_GRACE_MS = 5_000;

export type NodeAction = Exclude<PlannedAction, { kind: 'save' | 'forget' | 'wait' }>;

export interface SupervisedNodesParts {
  readonly clusterId: string;
  /** A node as the registry has it: failures are noted against that. Null: it is in no record any more. */
  readonly nodeOf: (nodeId: string) => NodeRecord | null;
  /** Null: this daemon has no such driver. */
  readonly driver: () => PoolDriver | null;
  readonly health: (onChange: () => void) => Health;
  readonly publish: Publish;
  /** Ports that nodes of other clusters, and endpoints, have. */
  readonly portsTaken: (cluster: ClusterRecord) => ReadonlySet<number>;
  /** When a registered node was heard of last, as far as this daemon knows. */
  readonly heardAtMs: (key: NodeKey) => number;
  readonly clock: PoolClock;
  readonly log: Log;
  /** Something changed that the plan may depend on. */
  readonly wake: () => void;
}

export class SupervisedNodes {
  readonly #parts: SupervisedNodesParts;
  readonly #health: Health;
  readonly #memories = new Map<string, NodeMemory>();
  readonly #refusedPorts = new Set<number>();
  readonly #operations = new Set<Promise<void>>();
  /** The record whose nodes are probed: most turns come without another. */
  #watched: ClusterRecord | null = null;

  constructor(parts: SupervisedNodesParts) {
    this.#parts = parts;
    this.#health = parts.health(parts.wake);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#health.close();
    await Promise.all(this.#operations);
  }

  /** Somebody else looks after them. */
  forgetAll(): void {
    this.#memories.clear();
    this.#watched = null;
    this.#health.watch([]);
  }

  noteExit(nodeId: string, reason: string): void {
    this.#health.reset(this.#key(nodeId));
    const node = this.#parts.nodeOf(nodeId);
    const memory = this.#memories.get(nodeId);
    if (node === null || memory === undefined || memory.isBusy || !isWanted(node)) return;
    this.#parts.log.warn({ nodeId, reason }, 'A node ended');
    // One that its host took with it did not fail; hosts that die again and again are the driver's to slow down.
    if (this.#driver()?.isReady !== true) return;
    if (node.phase !== 'rebooting' || memory.restarted) memory.noteFailure(node, reason, this.#nowMs());
  }

  /** What the last probe found is true of the process that was probed: without one, nothing is. */
  observation(node: NodeRecord): NodeObservation {
    const { state, reason, configVersion } = this.#health.of(this.#key(node.id));
    const { count, lastReason } = this.#memories.get(node.id)?.failuresOf(node) ?? node.failures;
    const why = reason ?? (count > 0 ? lastReason : null);
    const running = this.#driver()?.running(this.#key(node.id)) ?? null;
    if (running === null && node.instanceId === null) {
      return { nodeId: node.id, handle: null, health: 'unknown', reason: why, configVersion: null };
    }
    const handle = running?.handle ?? `instance ${node.instanceId}`;
    return { nodeId: node.id, handle, health: state, reason: why, configVersion };
  }

  /** Brings the memory in line with the record, and answers the record with the failures noted since. */
  remember(cluster: ClusterRecord): ClusterRecord {
    const known = new Set(cluster.nodes.map(({ id }) => id));
    for (const [id, { isBusy }] of this.#memories) if (!known.has(id) && !isBusy) this.#memories.delete(id);
    for (const node of cluster.nodes) {
      const memory = this.#memoryOf(node);
      if (node.phase !== 'rebooting') memory.restarted = false;
      memory.noteSuspicion(cluster.driver === DriverKind.REGISTERED && node.failures.count > 0, this.#nowMs());
    }
    if (cluster.nodes.every(({ phase }) => phase !== 'creating')) this.#refusedPorts.clear();
    this.#watchNodesOf(cluster);
    const nodes = cluster.nodes.map((node) => {
      const failures = this.#memoryOf(node).failuresOf(node);
      return failures === node.failures ? node : { ...node, failures };
    });
    return nodes.every((node, i) => node === cluster.nodes[i]) ? cluster : { ...cluster, nodes };
  }

  #watchNodesOf(cluster: ClusterRecord): void {
    if (cluster === this.#watched) return;
    this.#watched = cluster;
    this.#health.watch(
      cluster.nodes.filter(isProbed).map(({ id, address }) => ({ ...this.#key(id), ...reachOf(address) })),
    );
  }

  /** Another instance under the id of a registered node is another process: nothing is known of it. */
  #memoryOf(node: NodeRecord): NodeMemory {
    const known = this.#memories.get(node.id);
    if (known !== undefined && known.instanceId === node.instanceId) return known;
    const memory = new NodeMemory(node, this.#nowMs());
    if (known !== undefined) {
      memory.noteTold(null, this.#nowMs());
      this.#health.reset(this.#key(node.id));
    }
    this.#memories.set(node.id, memory);
    return memory;
  }

  observe(cluster: ClusterRecord): Observed {
    const driver = this.#driver();
    const nodes = new Map(cluster.nodes.map((node) => [node.id, this.#observeNode(node)]));
    const strays = (driver?.runningOf(cluster.id) ?? []).map(({ nodeId }) => nodeId);
    return {
      driverReady: driver?.isReady ?? false,
      portsTaken: new Set([...this.#parts.portsTaken(cluster), ...this.#refusedPorts]),
      nodes,
      strays: strays.filter((id) => !nodes.has(id) && this.#memories.get(id)?.isBusy !== true),
    };
  }

  #observeNode(node: NodeRecord): ObservedNode {
    const memory = this.#memoryOf(node);
    const health = this.#health.of(this.#key(node.id));
    const running = this.#driver()?.running(this.#key(node.id)) ?? null;
    return {
      running,
      runsSinceMs: memory.runsSinceMs(running?.handle ?? null, this.#nowMs()),
      busy: memory.isBusy,
      health,
      configVersion: memory.configVersion(health),
      restarted: memory.restarted,
      portRefused: this.#refusedPorts.has(node.address.port),
      heardAtMs: Math.max(memory.heardAtMs, this.#parts.heardAtMs(this.#key(node.id))),
      suspectedSinceMs: memory.suspectedSinceMs,
    };
  }

  carryOut(action: NodeAction, cluster: ClusterRecord): void {
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
    }
  }

  /** Runs one action on a node; the node is left alone by others until it ended. A failure is tried again in a while. */
  #operate(nodeId: string, work: (memory: NodeMemory) => Promise<void>): void {
    const node = this.#parts.nodeOf(nodeId);
    const memory = this.#memories.get(nodeId) ?? new NodeMemory(node ?? { instanceId: null }, this.#nowMs());
    this.#memories.set(nodeId, memory);
    memory.isBusy = true;
    const release = () => {
      memory.isBusy = false;
      this.#parts.wake();
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
    if (running === null) {
      memory.noteFailure(this.#parts.nodeOf(node.id) ?? node, 'it ended as soon as it had started', this.#nowMs());
    } else this.#parts.log.info({ nodeId: node.id, handle: running.handle, port: node.address.port }, 'Started a node');
  }

  /** Throws on what is no fault of the node's, to be tried again. */
  #noteStartFailure(error: unknown, node: NodeRecord, memory: NodeMemory): void {
    if (!(error instanceof DriverError) || error.code === DriverErrorCode.UNAVAILABLE) throw error;
    if (error.code === DriverErrorCode.PORT_IN_USE && node.phase === 'creating') {
      this.#parts.log.info({ nodeId: node.id, port: node.address.port }, 'A port is taken: trying the next');
      this.#refusedPorts.add(node.address.port);
      return;
    }
    const stored = this.#parts.nodeOf(node.id) ?? node;
    memory.noteFailure(stored, error.message, this.#nowMs());
    const { count, retryAtMs } = memory.failuresOf(stored);
    this.#parts.log.warn({ nodeId: node.id, reason: error.message, count, retryAtMs }, 'A node did not start');
  }

  async #kill(nodeId: string, failure: string | null, memory: NodeMemory): Promise<void> {
    const node = this.#parts.nodeOf(nodeId);
    if (failure !== null && node !== null) memory.noteFailure(node, failure, this.#nowMs());
    this.#parts.log.warn({ nodeId, reason: failure ?? 'asked for' }, 'Killing a node to replace it');
    await this.#driver()?.kill(this.#key(nodeId));
    this.#health.reset(this.#key(nodeId));
  }

  #push(nodeId: string, cluster: ClusterRecord): void {
    const node = this.#parts.nodeOf(nodeId);
    const memory = this.#memories.get(nodeId);
    if (node === null || memory === undefined) return;
    memory.isBeingTold = true;
    const told = (version: number | null) => {
      memory.isBeingTold = false;
      memory.noteTold(version, this.#nowMs());
      this.#parts.wake();
    };
    const operation = this.#parts.publish(node, cluster).then(
      () => told(cluster.version),
      (error: unknown) => {
        const level = memory.missedVersion === cluster.version ? 'debug' : 'warn';
        memory.missedVersion = cluster.version;
        this.#parts.log[level]({ nodeId, version: cluster.version, reason: String(error) }, 'A node missed a version');
        told(null);
      },
    );
    this.#operations.add(operation);
    void operation.then(() => this.#operations.delete(operation));
  }

  #key(nodeId: string): NodeKey {
    return { clusterId: this.#parts.clusterId, nodeId };
  }

  #driver(): PoolDriver | null {
    return this.#parts.driver();
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
