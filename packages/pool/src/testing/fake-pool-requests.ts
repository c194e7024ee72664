/**
 * A pool for the tests of what asks it: remembers each request, answers with records that the test gave, or fails on demand.
 *
 * `hold` keeps every answer back until it is released, for tests of deadlines and of closing.
 */
import { PoolError, PoolErrorCode } from '../api/errors.js';
import type { ClusterRecord, NodePhase, NodeRecord } from '../model.js';
import type { Admission, DescribedCluster, PoolRequests } from '../pool-requests.js';
import { storedCluster } from './stored-cluster.js';

export const ADMISSION: Admission = {
  nodeId: '0001',
  secret: '00112233445566778899aabbccddeeff',
  heartbeatMs: 2000,
  drainMs: 75_000,
};

export function nodeRecord(id: string, phase: NodePhase, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id,
    phase,
    address: { hostname: '127.0.0.1', ip: '127.0.0.1', port: 11_211 + Number(id) },
    listenerAddresses: {},
    createdAtMs: 1_700_000_000_000,
    drainUntilAtMs: null,
    failures: { count: 0, lastAtMs: null, lastReason: null, retryAtMs: null },
    instanceId: null,
    ...more,
  };
}

export class FakePoolRequests implements PoolRequests {
  readonly calls: (readonly [method: string, ...parameters: unknown[]])[] = [];
  clusters: readonly DescribedCluster[] = [];
  failure: Error | null = null;
  #held: Promise<void> = Promise.resolve();

  /** Answers wait until the function that comes back is called. */
  hold(): () => void {
    const { promise, release } = gate();
    this.#held = promise;
    return release;
  }

  createCluster = (request: unknown) => this.#answer('createCluster', [request], storedCluster('made', 1));
  resizeCluster = (request: unknown) => this.#answer('resizeCluster', [request], storedCluster('resized', 2));
  rebootNodes = (...asked: unknown[]) => this.#answer('rebootNodes', asked, storedCluster('rebooted', 2));
  replaceNode = (...asked: unknown[]) => this.#answer('replaceNode', asked, storedCluster('replaced', 2));
  registerNode = (registration: unknown) => this.#answer('registerNode', [registration], ADMISSION);
  heartbeat = (...asked: unknown[]) => this.#answer('heartbeat', asked, undefined);
  deregisterNode = (...asked: unknown[]) => this.#answer('deregisterNode', asked, undefined);
  describeAll = () => this.#answer('describeAll', [], this.clusters);

  deleteCluster(id: string): Promise<ClusterRecord> {
    return this.#answer('deleteCluster', [id], { ...storedCluster(id, 2), deleting: true });
  }

  async describe(id: string): Promise<DescribedCluster> {
    const found = this.clusters.find(({ cluster }) => cluster.id === id);
    if (found === undefined) throw new PoolError(PoolErrorCode.NOT_FOUND, `CacheCluster not found: ${id}`);
    return this.#answer('describe', [id], found);
  }

  async #answer<Result>(method: string, parameters: readonly unknown[], result: Result): Promise<Result> {
    this.calls.push([method, ...parameters]);
    await this.#held;
    if (this.failure !== null) throw this.failure;
    return result;
  }
}

function gate(): { promise: Promise<void>; release: () => void } {
  let release = () => {};
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, release };
}
