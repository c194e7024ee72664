/**
 * Brings each request to the node that owns its key, and once more when that node let it down.
 *
 * Owned by Client. Until there is a list of nodes, and while a lost request waits for news of the list, requests are parked
 * (at most maxQueuedRequests, each until its deadline). A request whose connection broke is sent again once if it never
 * left, or if doing it twice is the same as once: so a node that leaves by plan fails nobody. A closed dispatcher fails
 * everything that comes back.
 */
import { isObserved, observe } from './diagnostics.js';
import {
  ClientClosedError,
  type ClientError,
  ConnectionLostError,
  isUnreachable,
  NodeDownError,
  NoTopologyError,
  QueueFullError,
  RequestAbortedError,
  RequestTimeoutError,
} from './errors.js';
import type { ClientEvents } from './events.js';
import type { NodeLink } from './node-link.js';
import type { ResolvedOptions } from './options.js';
import { isIdempotent, Op, Request, Verb } from './request.js';
import { type KeyGroup, Topology, type TopologyOwner } from './topology.js';

export type Emit = <Name extends keyof ClientEvents>(name: Name, ...args: ClientEvents[Name]) => void;

type Phase =
  | { readonly kind: 'open' }
  | { readonly kind: 'closing'; readonly done: Promise<void> }
  | { readonly kind: 'closed' };

export class Dispatcher implements TopologyOwner {
  readonly topology: Topology;
  readonly #options: ResolvedOptions;
  readonly #emit: Emit;
  readonly #parked = new Map<Request, NodeJS.Timeout>();
  #phase: Phase = { kind: 'open' };

  constructor(options: ResolvedOptions, emit: Emit) {
    this.#options = options;
    this.#emit = emit;
    this.topology = new Topology(options, this);
  }

  /** The promise of the request, whatever becomes of it. */
  run(request: Request): Promise<never> {
    if (request.isSettled) return request.promise;
    if (this.#phase.kind === 'open') this.#dispatch(request);
    else request.fail(new ClientClosedError(request.name));
    return request.promise;
  }

  /** The same for a request of one node that is not chosen by a key. */
  runAt(link: NodeLink, request: Request): Promise<never> {
    if (this.#phase.kind !== 'open') request.fail(new ClientClosedError(request.name));
    else if (!request.isSettled) this.#attempt(request, () => this.#send(link, request));
    return request.promise;
  }

  /** Resolves when there is a list of nodes. Rejects with a NoTopologyError or a ClientClosedError. */
  async known(timeoutMs: number): Promise<void> {
    if (this.#phase.kind !== 'open') throw new ClientClosedError('list the nodes');
    if (this.topology.isKnown) return;
    const question = new Request(Op.NOOP, 'list the nodes', Verb.MG, '', '', null, null);
    question.timeoutMs = timeoutMs;
    this.#park(
      question,
      this.topology.ready,
      () => this.#noTopology(question),
      () => question.succeed(true),
    );
    await question.promise;
  }

  /** The request fails at once when the signal says so; its reply is consumed all the same. */
  watch(request: Request, signal: AbortSignal): void {
    const withdraw = (): void => request.fail(new RequestAbortedError(request.name, { cause: signal.reason }));
    if (signal.aborted) {
      withdraw();
      return;
    }
    request.signal = signal;
    request.onAbort = withdraw;
    signal.addEventListener('abort', withdraw, { once: true });
  }

  close(): Promise<void> {
    switch (this.#phase.kind) {
      case 'open': {
        const done = this.#finish();
        this.#phase = { kind: 'closing', done };
        return done;
      }
      case 'closing':
        return this.#phase.done;
      case 'closed':
        return Promise.resolve();
    }
  }

  destroy(): void {
    this.#phase = { kind: 'closed' };
    for (const request of [...this.#parked.keys()]) {
      this.#unpark(request);
      request.fail(new ClientClosedError(request.name));
    }
    this.topology.destroy();
  }

  onTopology(change: ClientEvents['topology'][0]): void {
    this.#emit('topology', change);
  }

  onNodeDown(link: NodeLink, reason: Error, retryInMs: number): void {
    void this.topology.refresh();
    this.#emit('node-down', { node: link.name, reason, retryInMs });
  }

  /** A node that died is delisted only after a while: who asked at once was told nothing new. */
  onNodeStillDown(): void {
    void this.topology.refresh();
  }

  onNodeUp(link: NodeLink): void {
    this.#emit('node-up', { node: link.name });
  }

  onLost(request: Request, link: NodeLink, reason: Error | null, isUnsent: boolean): void {
    if (request.isSettled) return;
    if (this.#phase.kind === 'closed') {
      request.fail(new ClientClosedError(request.name));
      return;
    }
    void this.topology.refresh();
    if (mayRepeat(request, isUnsent)) this.#retry(request);
    else request.fail(lossOf(request, link, reason, isUnsent));
  }

  async #finish(): Promise<void> {
    await Promise.allSettled([...this.#parked.keys()].map(({ promise }) => promise));
    await this.topology.close();
    this.#phase = { kind: 'closed' };
  }

  #dispatch(request: Request): void {
    if (request.isSettled) return;
    if (!this.topology.isKnown) this.#awaitTopology(request);
    else this.#attempt(request, () => this.#route(request));
  }

  #attempt(request: Request, send: () => void): void {
    try {
      send();
    } catch (error) {
      // The list may be about to tell that this node has gone.
      if (error instanceof NodeDownError && this.topology.isRefreshing && !request.isRetried) this.#retry(request);
      else request.fail(error as Error);
    }
  }

  #route(request: Request): void {
    if (request.keys === null) this.#send(this.topology.linkOf(request.key), request);
    else this.#routeMany(request);
  }

  #send(link: NodeLink, request: Request): void {
    if (isObserved() && request.node === null) observe(request, link.target);
    link.send(request);
  }

  /** One node takes the request as it is; for several it becomes one request each. */
  #routeMany(request: Request): void {
    const { keys } = request;
    if (keys === null) return;
    const groups = this.topology.groups(keys);
    if (groups.length === 1) this.#send(groups[0].link, request);
    else this.#split(request, keys.length, groups);
  }

  #split(request: Request, keyCount: number, groups: readonly KeyGroup[]): void {
    const { name } = request;
    const values: unknown[] = new Array(keyCount).fill(undefined);
    const parts = groups.map(async ({ link, keys: own, indexes }) => {
      const part = new Request(Op.GET_MANY, name, request.verb, '', request.suffix, null, request.as);
      part.keys = own;
      part.timeoutMs = request.timeoutMs;
      part.deadlineAtMs = request.deadlineAtMs;
      this.#attempt(part, () => this.#send(link, part));
      const found: unknown[] = await part.promise.catch((error: ClientError) => this.#missesFor(error));
      for (const [at, index] of indexes.entries()) values[index] = found[at];
    });
    Promise.all(parts).then(
      () => request.succeed(values),
      (error: Error) => request.fail(error),
    );
  }

  /** A node that cannot be reached has nothing, if the options say so; the other nodes' values stay. */
  #missesFor(error: ClientError): unknown[] {
    if (this.#options.deadReads === 'miss' && isUnreachable(error)) return [];
    throw error;
  }

  #awaitTopology(request: Request): void {
    this.#park(
      request,
      this.topology.ready,
      () => this.#noTopology(request),
      () => this.#dispatch(request),
    );
  }

  #noTopology({ name }: Request): NoTopologyError {
    return new NoTopologyError(name, { cause: this.topology.lastError });
  }

  #retry(request: Request): void {
    request.isRetried = true;
    const late = (): Error => new RequestTimeoutError(request.name, request.timeoutMs, request.node);
    this.#park(request, this.topology.refresh(), late, () => this.#dispatch(request));
  }

  #park(request: Request, until: Promise<void>, late: () => Error, proceed: () => void): void {
    const { maxQueuedRequests } = this.#options;
    if (this.#parked.size >= maxQueuedRequests) {
      request.fail(new QueueFullError(request.name, 'the whole cluster', `${maxQueuedRequests} requests`));
      return;
    }
    const now = performance.now();
    if (request.deadlineAtMs === 0) request.deadlineAtMs = now + request.timeoutMs;
    const timer = setTimeout(() => {
      this.#parked.delete(request);
      request.fail(late());
    }, request.deadlineAtMs - now);
    this.#parked.set(request, timer);
    void until.then(() => {
      if (!this.#unpark(request)) return;
      if (this.#phase.kind === 'closed') request.fail(new ClientClosedError(request.name));
      else proceed();
    });
  }

  /** False: its deadline came first. */
  #unpark(request: Request): boolean {
    const timer = this.#parked.get(request);
    clearTimeout(timer);
    return this.#parked.delete(request);
  }
}

/** What was meant for one node is no other's. */
function mayRepeat(request: Request, isUnsent: boolean): boolean {
  return !request.isRetried && request.op < Op.NOOP && (isUnsent || isIdempotent(request));
}

function lossOf(request: Request, link: NodeLink, reason: Error | null, isUnsent: boolean): Error {
  const why = reason?.message ?? 'the node closed the connection';
  if (isUnsent) return new NodeDownError(request.name, link.name, why, { cause: reason });
  return new ConnectionLostError(request.name, link.name, why, { cause: reason });
}
