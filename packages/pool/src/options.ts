/**
 * What a pool can be told, for `shoal up`, `shoal pool` and programs alike. `resolvePoolOptions` checks it once, at the door,
 * names every problem at once, and fills in the defaults; nothing behind it checks an option again.
 */
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { DRAIN_MS_MAX, HEARTBEAT_MS, MEMORY_MEGABYTES_MAX, PORT_MAX, THREADS_MAX } from './limits.js';
import { LOG_LEVELS } from './log.js';
import { DriverKind } from './model.js';
import { GONE_AFTER_MS } from './owner-watch.js';
import type { NewCluster } from './pool-requests.js';
import { isEtcdUrl } from './registry/etcd-url.js';

export interface PoolOptions {
  /** Registry file, sockets, lock and id of the daemon live here; made if need be. */
  readonly dataDirectory: string;
  /** `embedded`, or `etcd://host:port[,host:port…][/prefix]`. Default `embedded`. */
  readonly registry?: string;
  /** Renames a registry file that cannot be read, and begins with an empty one. Default false. */
  readonly setAsideRegistry?: boolean;
  /** Address of this machine that endpoints listen on. Default 127.0.0.1. */
  readonly listenHost?: string;
  /** Name or address under which clients reach the endpoints. Default: listenHost, or this machine's first address if that is every one. */
  readonly advertisedHost?: string;
  /** IPv4 address on which nodes of the process driver listen and are listed. Default as advertisedHost. */
  readonly nodeHost?: string;
  /** Driver of clusters that name none. Default `process`. */
  readonly driver?: DriverKind;
  /** For clusters of the docker driver. */
  readonly docker?: DockerOptions;
  /** Of nodes whose cluster does not say: memory for items in megabytes (64), worker threads (1). */
  readonly memoryMegabytes?: number;
  readonly threads?: number;
  /** How long a removed node serves on, unless its cluster says otherwise. Default 75,000: clients poll every 60 s. */
  readonly drainMs?: number;
  /** Reads of a key whose owner is dead, unless the cluster says otherwise. Default `error`. */
  readonly deadReads?: 'error' | 'miss';
  /** Where nodes register; null: nowhere. Default null. */
  readonly registration?: { readonly host: string; readonly port: number } | null;
  /** What registering nodes have to present; required unless registration listens on loopback. Default null. */
  readonly token?: string | null;
  /** How often registered nodes are expected to be heard of. Default 2000. */
  readonly heartbeatMs?: number;
  /** How long the daemon of a deleted cluster may be away before another one takes the cluster off the registry. Default 60,000. */
  readonly ownerGoneMs?: number;
  /** Clusters that are made at the start unless they exist. Default []. */
  readonly clusters?: readonly NewCluster[];
  /** What the end of the daemon means for its nodes: they serve on, or stop with it. Default `keep`. */
  readonly onStop?: 'keep' | 'stop';
  readonly logLevel?: (typeof LOG_LEVELS)[number];
}

export interface DockerOptions {
  /** Of a node. Default `shoal:local`. */
  readonly image?: string;
  /**
   * Name of a network of the engine on which nodes are reached and listed, by the names of their containers. Null: their
   * ports are published on nodeHost, and they are listed there. Default null.
   */
  readonly network?: string | null;
  /** The engine's socket. Default: as DOCKER_HOST says, else /var/run/docker.sock. */
  readonly socketPath?: string;
}

export type ResolvedPoolOptions = Readonly<Required<PoolOptions>> & {
  readonly docker: DockerOptions & { readonly image: string };
};

export class PoolOptionsError extends Error {
  readonly code = 'BAD_OPTIONS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Cannot start the pool: ${problems.join('; ')}`);
    this.name = 'PoolOptionsError';
    this.problems = problems;
  }
}

export const DEFAULT_DRAIN_MS = 75_000;
export const DEFAULT_PORT = 11_211;
const LOOPBACK = '127.0.0.1';

const host = z.string().regex(/^[a-z0-9.:-]{1,255}$/i, 'is no host name or address');
const port = z.int().min(0).max(PORT_MAX);

const schema = z.strictObject({
  dataDirectory: z.string().min(1),
  registry: z
    .string()
    .refine((text) => text === 'embedded' || isEtcdUrl(text), 'is neither "embedded" nor an etcd:// URL')
    .default('embedded'),
  setAsideRegistry: z.boolean().default(false),
  listenHost: host.default(LOOPBACK),
  advertisedHost: host.optional(),
  nodeHost: z.ipv4('is no IPv4 address').optional(),
  driver: z.enum(DriverKind).default(DriverKind.PROCESS),
  docker: z
    .strictObject({
      image: z.string().min(1).default('shoal:local'),
      network: z.string().min(1).nullable().default(null),
      socketPath: z.string().min(1).optional(),
    })
    .default({ image: 'shoal:local', network: null }),
  memoryMegabytes: z.int().min(1).max(MEMORY_MEGABYTES_MAX).default(64),
  threads: z.int().min(1).max(THREADS_MAX).default(1),
  drainMs: z.int().min(0).max(DRAIN_MS_MAX).default(DEFAULT_DRAIN_MS),
  deadReads: z.enum(['error', 'miss']).default('error'),
  registration: z.strictObject({ host, port }).nullable().default(null),
  token: z.string().min(1).nullable().default(null),
  heartbeatMs: z.int().min(HEARTBEAT_MS.least).max(HEARTBEAT_MS.most).default(2000),
  ownerGoneMs: z.int().min(100).default(GONE_AFTER_MS),
  clusters: z.array(z.custom<NewCluster>((value) => typeof value === 'object' && value !== null)).default([]),
  onStop: z.enum(['keep', 'stop']).default('keep'),
  logLevel: z.enum(LOG_LEVELS).default('info'),
});

export function resolvePoolOptions(asked: PoolOptions): ResolvedPoolOptions {
  const checked = schema.safeParse(asked);
  if (!checked.success) {
    throw new PoolOptionsError(checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  }
  const options = checked.data;
  const reachable = isEveryAddress(options.listenHost) ? machineAddress() : options.listenHost;
  const nodeHost = options.nodeHost ?? (isIpv4(reachable) ? reachable : machineAddress());
  return { ...options, nodeHost, advertisedHost: (options.advertisedHost ?? reachable).toLowerCase() };
}

function isEveryAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isIpv4(address: string): boolean {
  return z.ipv4().safeParse(address).success;
}

/** The first address by which others reach this machine. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? LOOPBACK;
}
