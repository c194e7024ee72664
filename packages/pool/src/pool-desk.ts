/**
 * Where requests to the pool are taken: `PoolRequests` over the registry. Made by pool.ts, called by the API's actions, the
 * registration listener and main.ts.
 *
 * A request reads the record, lets cluster-changes.ts make the next one, writes it, and starts over when somebody else wrote
 * in between, so a refused request has changed nothing. What takes ports goes one after the other, or two clusters would take
 * the same. Trouble with the registry is UNAVAILABLE.
 */
import { randomBytes } from 'node:crypto';
import { PoolError, PoolErrorCode } from './api/errors.js';
import {
  type ClusterDraft,
  checkEndpointPort,
  clusterExists,
  clusterId,
  clusterNotFound,
  deleted,
  newCluster,
  nodeNotFound,
  rebooted,
  replaced,
  resized,
} from './cluster-changes.js';
import { portsTakenForEndpoint, portsTakenForNodes } from './cluster-changes-ports.js';
import { registeredNode, vindicated, withoutRegistered, withRegistered } from './cluster-changes-registered.js';
import type { NodeKey } from './drivers/driver.js';
import { type ClusterRecord, DriverKind } from './model.js';
import { DEFAULT_PORT } from './options.js';
import type { PoolDriver } from './pool-driver.js';
import type { PoolParts } from './pool-parts.js';
import type { PoolPhase } from './pool-phase.js';
import type { Admission, DescribedCluster, NewCluster, NewSize, PoolRequests, Registration } from './pool-requests.js';
import { RegistryError, RegistryErrorCode, type StoredCluster } from './registry/registry.js';

const ATTEMPTS_MAX = 20;
const SECRET_BYTES = 16;

/** What the desk needs of the pool. */
export interface PoolDeskPool {
  readonly phase: PoolPhase;
  driver(kind: DriverKind): PoolDriver | null;
  stored(clusterId: string): StoredCluster | null;
  deliver(stored: StoredCluster): void;
  describe(cluster: ClusterRecord): DescribedCluster;
  noteHeard(key: NodeKey, instanceId: string): void;
}

type Change = (cluster: ClusterRecord) => ClusterRecord;

export class PoolDesk implements PoolRequests {
  readonly #parts: PoolParts;
  readonly #pool: PoolDeskPool;
  #allocation: Promise<unknown> = Promise.resolve();

  constructor(parts: PoolParts, pool: PoolDeskPool) {
    this.#parts = parts;
    this.#pool = pool;
  }

  createCluster(request: NewCluster): Promise<ClusterRecord> {
    return this.#inTurn(() => this.#create(request));
  }

  resizeCluster(request: NewSize): Promise<ClusterRecord> {
    return this.#inTurn(async () => {
      const clusters = await this.#registered((registry) => registry.load());
      const others = clusters.map(({ cluster }) => cluster).filter(({ id }) => id !== request.clusterId.toLowerCase());
      return this.#change(request.clusterId, (cluster) => {
        const portsTaken = portsTakenForNodes(others, cluster.ownerId);
        return resized(cluster, request, { nowMs: this.#nowMs(), portsTaken });
      });
    });
  }

  rebootNodes(id: string, nodeIds: readonly string[]): Promise<ClusterRecord> {
    return this.#change(id, (cluster) => rebooted(cluster, nodeIds));
  }

  replaceNode(id: string, nodeId: string): Promise<ClusterRecord> {
    return this.#change(id, (cluster) => replaced(cluster, nodeId));
  }

  deleteCluster(id: string): Promise<ClusterRecord> {
    return this.#change(id, deleted);
  }

  async describeAll(): Promise<readonly DescribedCluster[]> {
    const clusters = (await this.#registered((registry) => registry.load())).map(({ cluster }) => cluster);
    return clusters.sort((a, b) => (a.id < b.id ? -1 : 1)).map((cluster) => this.#pool.describe(cluster));
  }

  async describe(id: string): Promise<DescribedCluster> {
    const stored = await this.#registered((registry) => registry.loadOne(id.toLowerCase()));
    if (stored === null) throw clusterNotFound(id);
    return this.#pool.describe(stored.cluster);
  }

  async registerNode(registration: Registration): Promise<Admission> {
    let nodeId = '';
    const cluster = await this.#change(registration.clusterId, (known) => {
      const registered = withRegistered(known, registration, this.#nowMs());
      nodeId = registered.node.id;
      return registered.cluster;
    });
    this.#pool.noteHeard({ clusterId: cluster.id, nodeId }, registration.instanceId);
    const { heartbeatMs } = this.#parts.options;
    return { nodeId, secret: cluster.secret, heartbeatMs, drainMs: cluster.drainMs };
  }

  /** The record at hand is enough while it agrees; whether it is the latest matters only before a refusal. */
  async heartbeat(id: string, nodeId: string, instanceId: string): Promise<void> {
    this.#checkRunning();
    let cluster = this.#pool.stored(id.toLowerCase())?.cluster;
    if (!cluster?.nodes.some((node) => node.id === nodeId && node.instanceId === instanceId)) {
      cluster = (await this.#registered((registry) => registry.loadOne(id.toLowerCase())))?.cluster;
      if (cluster === undefined) throw nodeNotFound(nodeId);
    }
    const { failures } = registeredNode(cluster, nodeId, instanceId);
    this.#pool.noteHeard({ clusterId: cluster.id, nodeId }, instanceId);
    if (failures.count > 0) await this.#vindicate(cluster.id, nodeId, instanceId);
  }

  /** The daemon that leads does not hear of this node and is about to delist it. What fails is tried with the next heartbeat. */
  async #vindicate(id: string, nodeId: string, instanceId: string): Promise<void> {
    try {
      await this.#change(id, (cluster) => vindicated(cluster, nodeId, instanceId));
    } catch (error) {
      if (error instanceof PoolError && error.code !== PoolErrorCode.UNAVAILABLE) throw error;
    }
  }

  async deregisterNode(id: string, nodeId: string, instanceId: string): Promise<void> {
    await this.#change(id, (cluster) => withoutRegistered(cluster, { nodeId, instanceId, nowMs: this.#nowMs() }));
  }

  async #create(request: NewCluster): Promise<ClusterRecord> {
    const id = clusterId(request.id);
    const clusters = (await this.#registered((registry) => registry.load())).map(({ cluster }) => cluster);
    if (clusters.some((cluster) => cluster.id === id)) throw clusterExists();
    const draft = this.#draft(id, request);
    const portsTaken = portsTakenForNodes(clusters, draft.ownerId);
    checkEndpointPort(id, draft.endpoint.port, portsTakenForEndpoint(clusters));
    // Checked before a port is looked at, so that a bad request is refused for what is bad about it.
    newCluster(
      { ...draft, endpoint: { ...draft.endpoint, port: draft.endpoint.port || 1 } },
      { nowMs: 0, versionFloor: 0, portsTaken },
    );
    const port = await this.#freePort(id, this.#parts.options.listenHost, draft.endpoint.port);
    const versionFloor = await this.#registered((registry) => registry.versionFloor(id));
    const context = { nowMs: this.#nowMs(), versionFloor, portsTaken };
    const cluster = newCluster({ ...draft, endpoint: { ...draft.endpoint, port } }, context);
    await this.#checkNamedPorts(cluster);
    const revision = await this.#registered((registry) => registry.save(cluster, null)).catch((error: unknown) => {
      throw isConflict(error) ? clusterExists() : error;
    });
    this.#pool.deliver({ cluster, revision });
    return cluster;
  }

  #draft(id: string, request: NewCluster): ClusterDraft {
    const { options, daemonId } = this.#parts;
    const driver = request.driver ?? options.driver;
    if (driver !== DriverKind.REGISTERED && this.#pool.driver(driver) === null) {
      throw new PoolError(
        PoolErrorCode.INVALID_VALUE,
        `Cannot create cluster ${id}: there is no driver "${driver}" here`,
      );
    }
    return {
      id,
      driver,
      nodeCount: request.nodeCount,
      ownerId: driver === DriverKind.REGISTERED ? null : daemonId,
      endpoint: { host: options.advertisedHost, port: request.port ?? DEFAULT_PORT },
      nodeSettings: {
        host: options.nodeHost,
        memoryMegabytes: request.memoryMegabytes ?? options.memoryMegabytes,
        threads: request.threads ?? options.threads,
        ports: request.nodePorts ?? [],
      },
      drainMs: request.drainMs ?? options.drainMs,
      deadReads: request.deadReads ?? options.deadReads,
      secret: randomBytes(SECRET_BYTES).toString('hex'),
    };
  }

  /** What was named is had or refused; a port that was not, and that a stranger holds, is gone around later. */
  async #checkNamedPorts({ id, driver, nodes, nodeSettings: { host, ports } }: ClusterRecord): Promise<void> {
    if (driver !== DriverKind.PROCESS) return;
    const named = nodes.map(({ address }) => address.port).filter((port) => ports.includes(port));
    for (const port of named) await this.#freePort(id, host, port);
  }

  async #freePort(id: string, host: string, port: number): Promise<number> {
    try {
      return await this.#parts.freePort(host, port);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new PoolError(PoolErrorCode.INSUFFICIENT_CAPACITY, `Cannot create cluster ${id}: ${reason}`, {
        cause: error,
      });
    }
  }

  async #change(id: string, change: Change): Promise<ClusterRecord> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#registered((registry) => registry.loadOne(id.toLowerCase()));
      if (stored === null) throw clusterNotFound(id);
      const cluster = change(stored.cluster);
      if (cluster === stored.cluster) return cluster;
      try {
        const revision = await this.#registered((registry) => registry.save(cluster, stored.revision));
        this.#pool.deliver({ cluster, revision });
        return cluster;
      } catch (error) {
        if (!isConflict(error) || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #registered<T>(work: (registry: PoolParts['registry']) => Promise<T>): Promise<T> {
    this.#checkRunning();
    try {
      return await work(this.#parts.registry);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code === RegistryErrorCode.CONFLICT) throw error;
      throw new PoolError(PoolErrorCode.UNAVAILABLE, error.message, { cause: error });
    }
  }

  #checkRunning(): void {
    const { kind } = this.#pool.phase;
    if (kind === 'running') return;
    throw new PoolError(
      PoolErrorCode.UNAVAILABLE,
      `The pool is ${kind === 'starting' ? 'starting' : 'shutting down'}.`,
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#allocation.then(work);
    this.#allocation = result.catch(() => undefined);
    return result;
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs();
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof RegistryError && error.code === RegistryErrorCode.CONFLICT;
}
