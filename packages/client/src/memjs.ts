/**
 * Keeps the server list of a memjs client current, since memjs discovers nothing. For applications, as
 * `@shoal/client/memjs`; imports no memjs, but speaks of the parts of it (1.x) that are documented or plain properties.
 *
 * A new list takes effect between two calls: servers that stay keep their connections, new ones connect when they are
 * first needed, and those that left are closed after a grace time and not before their last answer is in. What waits to be
 * closed is bounded by the nodes that leave within ten grace times. Keys go by Shoal's ring unless the application wants
 * memjs's own remainder, with which nearly every key changes its server when the list changes.
 */
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';
import { formatAddress, parseAddress, type ServerAddress } from './discovery.js';
import { HashRing } from './hash-ring.js';
import { type PollerOptions, TopologyPoller } from './topology-poller.js';

/** What is needed of memjs's Server. */
export interface MemjsServer {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly options?: object;
  /** One for each request without an answer. */
  readonly errorCallbacks?: object;
  /** Called by memjs when the connection fails or a request is late. */
  error?(reason: unknown): void;
  close(): void;
}

/** What is needed of memjs's Client. */
export interface MemjsClient {
  servers: MemjsServer[];
  /** memjs documents that an application may replace it: the index in `servers` of the one that owns a key. */
  getServer(key: string): number;
  close(): void;
  quit(): void;
}

export interface FollowOptions extends PollerOptions {
  /** `ring`, unless given: as Shoal's client and endpoint place keys. `modulo`: as memjs does by itself. */
  readonly hashing?: 'ring' | 'modulo';
  /** How long a server that left the list keeps its connection at least; 5,000 unless given. */
  readonly graceMs?: number;
}

type ServerConstructor = new (
  host: string,
  port: number,
  username?: string,
  password?: string,
  options?: object,
) => MemjsServer;

interface KnownServer {
  readonly server: MemjsServer;
  /** As the list told it; null for the servers that the client was made with. */
  readonly ip: string | null;
}

const DEFAULT_GRACE_MS = 5000;
/** A server that is never idle at the end of a grace time is closed after so many. */
const GRACES_MAX = 10;
/** After an error the list is asked for at once, but not more often than this. */
const ERROR_POLL_GAP_MS = 1000;

/**
 * Follows the cluster of this endpoint, or of these, from now on. The client serves meanwhile with the servers it was made
 * with. Closing it ends the following too. Throws a RangeError when an endpoint cannot be read.
 */
export function followCluster(
  client: MemjsClient,
  endpoints: string | readonly string[],
  options: FollowOptions = {},
): MemjsFollower {
  const follower = new MemjsFollower(client, typeof endpoints === 'string' ? [endpoints] : endpoints, options);
  follower.poller.start();
  return follower;
}

/**
 * Makes a memjs client that has the nodes of a cluster for its servers and follows them. `create` is memjs's
 * `Client.create`. Rejects with the DiscoveryError when the endpoint does not answer with a list.
 */
export async function createFollowingClient<Client extends MemjsClient>(
  create: (servers: string, options?: object) => Client,
  endpoint: string,
  { memjs, ...options }: FollowOptions & { readonly memjs?: object } = {},
): Promise<{ readonly client: Client; readonly follower: MemjsFollower }> {
  const client = create(formatAddress(parseAddress(endpoint)), { ...memjs });
  const follower = followCluster(client, endpoint, options);
  const error = await follower.poller.pollNow();
  if (error === null) return { client, follower };
  client.close();
  throw error;
}

export class MemjsFollower {
  /** Its `current`, `onTopology`, `onError` and `pollNow` are the application's to use. */
  readonly poller: TopologyPoller;
  readonly #client: MemjsClient;
  readonly #template: MemjsServer;
  readonly #graceMs: number;
  /** By `host:port`. */
  #known: Map<string, KnownServer>;
  #ring: HashRing | null = null;
  readonly #leaving = new Map<MemjsServer, NodeJS.Timeout>();
  #lastErrorPollAtMs = Number.NEGATIVE_INFINITY;

  constructor(client: MemjsClient, endpoints: readonly string[], options: FollowOptions) {
    if (client.servers.length === 0) throw new RangeError('Cannot follow a cluster: the memjs client has no server');
    this.poller = new TopologyPoller(endpoints, options);
    this.#client = client;
    this.#template = client.servers[0];
    this.#graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    this.#known = new Map(client.servers.map((server) => [nameOf(server), { server, ip: null }]));
    for (const server of client.servers) this.#pollAfterErrorsOf(server);
    if (options.hashing !== 'modulo') this.#hashByRing();
    this.#stopWithClient();
    this.poller.onTopology((config) => this.#apply(config));
  }

  /** Follows no longer; the client keeps the servers it has. Any number of calls. */
  stop(): void {
    this.poller.stop();
  }

  #apply(config: ClusterConfig): void {
    const known = new Map(config.nodes.map((node) => [nameOf(addressOf(node)), this.#serverFor(node)]));
    const staying = new Set([...known.values()].map(({ server }) => server));
    const left = this.#client.servers.filter((server) => !staying.has(server));
    this.#known = known;
    this.#ring = new HashRing(config.nodes);
    this.#client.servers = [...known.values()].map(({ server }) => server);
    for (const server of left) this.#closeLater(server, 1);
  }

  /** A node whose address changed behind its name needs a connection of its own. */
  #serverFor(node: ClusterNode): KnownServer {
    const known = this.#known.get(nameOf(addressOf(node)));
    if (known !== undefined && (known.ip === null || known.ip === node.ip))
      return { server: known.server, ip: node.ip };
    const { username, password, options } = this.#template;
    const Server = this.#template.constructor as ServerConstructor;
    const server = new Server(node.hostname, node.port, username, password, options);
    this.#pollAfterErrorsOf(server);
    return { server, ip: node.ip };
  }

  #closeLater(server: MemjsServer, graces: number): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(server);
      if (graces < GRACES_MAX && isBusy(server)) this.#closeLater(server, graces + 1);
      else server.close();
    }, this.#graceMs);
    this.#leaving.set(server, timer.unref());
  }

  #hashByRing(): void {
    const client = this.#client;
    const byRemainder = client.getServer;
    client.getServer = (key) => this.#ring?.ownerOf(Buffer.from(key)) ?? byRemainder.call(client, key);
  }

  #pollAfterErrorsOf(server: MemjsServer): void {
    const { error } = server;
    if (error === undefined) return;
    server.error = (reason) => {
      this.#pollAfterError();
      error.call(server, reason);
    };
  }

  #pollAfterError(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastErrorPollAtMs < ERROR_POLL_GAP_MS) return;
    this.#lastErrorPollAtMs = nowMs;
    void this.poller.pollNow();
  }

  #stopWithClient(): void {
    const client = this.#client;
    for (const method of ['close', 'quit'] as const) {
      const end = client[method];
      client[method] = () => {
        this.stop();
        this.#closeLeaving();
        end.call(client);
      };
    }
  }

  #closeLeaving(): void {
    for (const [server, timer] of this.#leaving) {
      clearTimeout(timer);
      server.close();
    }
    this.#leaving.clear();
  }
}

function isBusy({ errorCallbacks = {} }: MemjsServer): boolean {
  return Object.keys(errorCallbacks).length > 0;
}

function addressOf({ hostname: host, port }: ClusterNode): ServerAddress {
  return { host, port };
}

/** Names are compared as lists write them, in lower case. */
function nameOf({ host, port }: ServerAddress): string {
  return formatAddress({ host: host.toLowerCase(), port });
}
