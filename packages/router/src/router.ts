/**
 * A router: listeners, the sessions of its clients, and the nodes behind them.
 *
 * Started by the pool for each cluster's endpoint and by `shoal proxy`. Everything runs on one thread. Two ways to end: `close`
 * answers what is under way within a bound, `destroy` does not.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type ClusterNode, clusterConfigProblems, STATUS_LINES, Status } from '@shoal/protocol';
import { FlushRound } from './flush-round.js';
import type { Node, NodeSettings } from './node.js';
import type { ListenAddress, RoutedTopology, Router, RouterOptions } from './options.js';
import { RouteTable } from './route-table.js';
import { listenError, RouterStartError, RouterStartErrorCode } from './router-error.js';
import { Routes } from './routes.js';
import { ClientSession } from './session.js';

const BACKLOG = 1024;
const PROGRESS_CHECK_MS = 1000;
/** Beyond the time that nodes have: for replies to leave. */
const CLOSING_GRACE_MS = 500;
/** Between two calls of onNodeFailure. */
const FAILURE_PAUSE_MS = 1000;
const CLOSING_POLL_MS = 10;
const PORT_MAX = 65_535;

/** Listens everywhere asked, or nowhere. Rejects with a RouterStartError. */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const problems = optionProblems(options);
  if (problems.length > 0) {
    throw new RouterStartError(RouterStartErrorCode.BAD_OPTIONS, `Cannot start the router: ${problems.join('; ')}`);
  }
  const router = new RunningRouter(options);
  try {
    for (const address of options.listen) await router.listen(address);
  } catch (error) {
    await router.destroy();
    throw error;
  }
  return router;
}

function optionProblems(options: RouterOptions): string[] {
  const problems: string[] = [];
  const positive = (name: 'heldBytesMax' | 'itemSizeMaxBytes' | 'maxConnections' | 'nodeTimeoutMs') => {
    if (!Number.isInteger(options[name]) || options[name] < 1) problems.push(`${name} is not a whole number above 0`);
  };
  if (options.listen.length === 0) problems.push('there is nowhere to listen');
  for (const { host, port } of options.listen) {
    if (!Number.isInteger(port) || port < 0 || port > PORT_MAX) problems.push(`${host}:${port} is not a port`);
  }
  if (options.topology !== null) problems.push(...clusterConfigProblems(options.topology.config));
  for (const config of options.topology?.listenerConfigs?.values() ?? [])
    problems.push(...clusterConfigProblems(config));
  positive('itemSizeMaxBytes');
  positive('maxConnections');
  positive('heldBytesMax');
  positive('nodeTimeoutMs');
  return problems;
}

class RunningRouter implements Router {
  readonly addresses: ListenAddress[] = [];
  readonly #options: RouterOptions;
  readonly #table: RouteTable;
  readonly #nodeSettings: NodeSettings;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<ClientSession>();
  readonly #progressTimer: NodeJS.Timeout;
  /** Nodes that are on no list any more and still owe answers. */
  #leaving: Node[] = [];
  /** The failure of a node is told again after this. */
  #silentUntilMs = 0;
  #ending: Promise<void> | null = null;

  constructor(options: RouterOptions) {
    const round = new FlushRound();
    this.#options = options;
    this.#nodeSettings = {
      timeoutMs: options.nodeTimeoutMs,
      round,
      onItemSize: (bytes) => {
        this.#table.itemBytesMax = Math.max(this.#table.itemBytesMax, bytes);
      },
      onFailure: (address) => this.#tellOfFailure(address),
    };
    this.#table = new RouteTable(options, new Routes(options.topology, null, this.#nodeSettings), round);
    this.#progressTimer = setInterval(() => this.#dropSlowClients(), PROGRESS_CHECK_MS).unref();
  }

  get topology(): RoutedTopology | null {
    return this.#table.routes.topology;
  }

  async listen({ host, port }: ListenAddress): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(placeOf(host, port), error)));
      server.listen({ host, port, backlog: BACKLOG, exclusive: true }, resolve);
    });
    // An accept that fails for want of descriptors is no reason to end: the kernel keeps the connection waiting.
    server.on('error', () => undefined);
    const bound = server.address();
    this.addresses.push({ host, port: typeof bound === 'object' && bound !== null ? bound.port : port });
  }

  apply(topology: RoutedTopology | null): void {
    if (this.#ending !== null) return;
    const before = this.#table.routes;
    const next = new Routes(topology, before, this.#nodeSettings);
    this.#table.routes = next;
    this.#leaving = this.#leaving.filter((node) => !node.isIdle);
    for (const node of before.nodesMissingIn(next)) {
      node.retire();
      this.#leaving.push(node);
    }
  }

  close(): Promise<void> {
    this.#ending ??= this.#close();
    return this.#ending;
  }

  async destroy(): Promise<void> {
    this.#ending ??= Promise.resolve();
    this.#stopListening();
    this.#letGo();
    await this.#ending;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    for (const session of this.#sessions) session.finish();
    const deadlineMs = performance.now() + this.#options.nodeTimeoutMs + CLOSING_GRACE_MS;
    while (this.#sessions.size > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, CLOSING_POLL_MS));
      for (const session of this.#sessions) if (session.isIdle) session.destroy();
    }
    this.#letGo();
  }

  #stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  #letGo(): void {
    clearInterval(this.#progressTimer);
    for (const session of this.#sessions) session.destroy();
    this.#table.routes.destroy();
    for (const node of this.#leaving) node.destroy();
  }

  #accept(socket: Socket): void {
    const { counters } = this.#table;
    if (this.#sessions.size >= this.#options.maxConnections || this.#ending !== null) {
      counters.rejectedConnections++;
      socket.on('error', () => undefined);
      socket.end(STATUS_LINES[Status.TOO_MANY_CONNECTIONS]);
      socket.destroySoon();
      return;
    }
    const session = new ClientSession(this.#table, socket, socket.localPort ?? 0);
    this.#sessions.add(session);
    counters.totalConnections++;
    counters.currentConnections++;
    socket.once('close', () => {
      session.destroy();
      this.#sessions.delete(session);
      counters.currentConnections--;
    });
  }

  #tellOfFailure(address: ClusterNode): void {
    const { onNodeFailure } = this.#options;
    const nowMs = performance.now();
    if (onNodeFailure === undefined || this.#ending !== null || nowMs < this.#silentUntilMs) return;
    this.#silentUntilMs = nowMs + FAILURE_PAUSE_MS;
    setImmediate(() => onNodeFailure(address));
  }

  #dropSlowClients(): void {
    const nowMs = performance.now();
    for (const session of this.#sessions) {
      if (session.makesProgress(nowMs)) continue;
      this.#table.counters.slowClientsDropped++;
      session.destroy();
    }
    this.#table.held.wake();
  }
}

function placeOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
