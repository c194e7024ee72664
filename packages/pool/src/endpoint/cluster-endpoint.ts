/**
 * The configuration endpoint of one cluster: a router on the endpoint's port, and one on each port for which nodes have
 * addresses of their own, all kept current from the record. Made by pool.ts for every cluster that this daemon knows.
 *
 * A port that cannot be opened is told once in the log, and in `problems`, and tried again; the pool and the other ports live on.
 * Never shows a version older than one it has shown. Deleting or closing lets the ports go.
 */
import { ROUTER_DEFAULTS, type RoutedTopology, type Router, type RouterOptions } from '@shoal/router';
import type { Log } from '../log.js';
import { type ClusterRecord, configOf } from '../model.js';
import type { PoolClock } from '../pool-clock.js';
import { listenerConfigs } from '../publisher.js';

const OPEN_AGAIN_MS = 1000;

export interface EndpointParts {
  /** Address of this machine that endpoints listen on. */
  readonly listenHost: string;
  readonly openRouter: (options: RouterOptions) => Promise<Router>;
  readonly clock: PoolClock;
  readonly log: Log;
}

/** One port: being opened, open, or to be tried again. A door that is shut while it opens is closed right after. */
type Door =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly router: Router }
  | { readonly kind: 'failed'; readonly reason: string; readonly cancelRetry: () => void };

export class ClusterEndpoint {
  readonly #parts: EndpointParts;
  readonly #doors = new Map<number, Door>();
  /** What the log was told of a port last. */
  readonly #lastReasons = new Map<number, string>();
  readonly #closings = new Set<Promise<unknown>>();
  #cluster: ClusterRecord | null = null;
  #topology: RoutedTopology | null = null;
  #isClosed = false;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  /** `port 11211: the address is in use`, a sentence a port that is not open. */
  get problems(): readonly string[] {
    return [...this.#doors].flatMap(([port, door]) => (door.kind === 'failed' ? [`port ${port}: ${door.reason}`] : []));
  }

  show(cluster: ClusterRecord | null): void {
    if (this.#isClosed || cluster === this.#cluster) return;
    this.#cluster = cluster;
    const wanted = cluster === null || cluster.deleting ? [] : [cluster.endpoint.port];
    if (cluster !== null && wanted.length > 0) {
      this.#apply(cluster);
      wanted.push(...(this.#topology?.listenerConfigs?.keys() ?? []));
    }
    for (const port of this.#doors.keys()) if (!wanted.includes(port)) this.#shut(port);
    for (const port of wanted) if (!this.#doors.has(port)) this.#open(port);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const port of [...this.#doors.keys()]) this.#shut(port);
    while (this.#closings.size > 0) await Promise.all(this.#closings);
  }

  /** A late delivery of an older record does not take clients back. */
  #apply(cluster: ClusterRecord): void {
    const config = configOf(cluster);
    const topology = config === null ? null : { config, listenerConfigs: listenerConfigs(cluster) };
    const shown = this.#topology?.config.version ?? 0;
    if (topology !== null && topology.config.version <= shown) return;
    this.#topology = topology;
    for (const door of this.#doors.values()) if (door.kind === 'open') door.router.apply(topology);
  }

  #open(port: number): void {
    const door: Door = { kind: 'opening' };
    this.#doors.set(port, door);
    const isShut = () => this.#doors.get(port) !== door;
    this.#track(
      this.#openRouter(port).then(
        (router) => (isShut() ? router.close() : this.#onOpened(port, router)),
        (error: unknown) => (isShut() ? undefined : this.#onFailed(port, error)),
      ),
    );
  }

  async #openRouter(port: number): Promise<Router> {
    return this.#parts.openRouter({
      ...ROUTER_DEFAULTS,
      listen: [{ host: this.#parts.listenHost, port }],
      topology: this.#topology,
      deadReads: this.#cluster?.deadReads ?? ROUTER_DEFAULTS.deadReads,
    });
  }

  #onOpened(port: number, router: Router): void {
    router.apply(this.#topology);
    this.#doors.set(port, { kind: 'open', router });
    this.#parts.log.info({ port, host: this.#parts.listenHost }, 'The endpoint listens');
  }

  #onFailed(port: number, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const isNews = this.#lastReasons.get(port) !== reason;
    this.#lastReasons.set(port, reason);
    if (isNews) this.#parts.log.error({ port, reason }, 'Cannot open the endpoint: trying again');
    const cancelRetry = this.#parts.clock.later(() => this.#open(port), OPEN_AGAIN_MS);
    this.#doors.set(port, { kind: 'failed', reason, cancelRetry });
  }

  #shut(port: number): void {
    const door = this.#doors.get(port);
    this.#doors.delete(port);
    this.#lastReasons.delete(port);
    if (door === undefined) return;
    switch (door.kind) {
      case 'opening':
        return;
      case 'open':
        this.#track(door.router.close());
        return;
      case 'failed':
        door.cancelRetry();
        return;
    }
  }

  #track(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'An endpoint did not close in order'))
      .finally(() => this.#closings.delete(settled));
    this.#closings.add(settled);
  }
}
