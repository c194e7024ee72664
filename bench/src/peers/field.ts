/**
 * The servers of one comparison, started together: memcached (or what stands in its place), Shoal once for each transport, and
 * redis where it is asked for and installed.
 *
 * Used by the parts of the bench. All are bound to the same cores and idle while another has its turn. Which transport a
 * Shoal runs on is what it says itself (`stats settings`), so that `auto` is judged by what it came to. Where nobody
 * named it and the kernel forbids it, io_uring is left out with a warning. Stops what it started, whatever happens.
 */
import { availableParallelism } from 'node:os';
import { type Cores, planCores } from '../machine/cores.js';
import { pinnedTo } from '../machine/pinning.js';
import { type AskedTransport, TRANSPORTS, type TransportName } from '../rows/rows.js';
import { peerCommand, redisCommand, type Sides, shoalCommand } from './contenders.js';
import { ServerProcess } from './server-process.js';

export interface FieldOptions extends Omit<Sides, 'transport' | 'workers'> {
  /** Undefined = every one that works here. */
  readonly transports?: readonly AskedTransport[];
  readonly peers: readonly PeerName[];
}

export const PEERS = ['memcached', 'redis'] as const;
export type PeerName = (typeof PEERS)[number];

export interface FieldPlan {
  readonly workers: number;
  readonly transports: readonly AskedTransport[];
  readonly hasRedis?: boolean;
  readonly isPinned?: boolean;
}

export interface ShoalServer {
  readonly transport: TransportName;
  readonly server: ServerProcess;
}

export interface Field {
  readonly peer: ServerProcess;
  /** "memcached 1.6.45", or what stands in its place. */
  readonly peerName: string;
  /** Undefined when the other side is not memcached, and then nothing is judged. */
  readonly memcachedVersion?: string;
  readonly shoals: readonly ShoalServer[];
  readonly redis?: ServerProcess;
  readonly cores: Cores;
  readonly warnings: readonly string[];
}

const REDIS_PROGRAM = 'redis-server';

/** Those asked for, or of `among` all that work here. */
export function transportsOf(
  { transports }: FieldOptions,
  among: readonly AskedTransport[] = TRANSPORTS,
): readonly AskedTransport[] {
  return transports ?? among;
}

/** io_uring alone is the kernel's to refuse; whatever else does not start is a fault. */
export function mayBeMissing(asked: AskedTransport, { transports }: FieldOptions): boolean {
  return asked === 'uring' && transports === undefined;
}

export async function withField<Value>(
  options: FieldOptions,
  plan: FieldPlan,
  measure: (field: Field) => Promise<Value>,
): Promise<Value> {
  const started: ServerProcess[] = [];
  try {
    return await measure(await startField(options, plan, started));
  } finally {
    await Promise.all(started.map((server) => server.stop()));
  }
}

async function startField(options: FieldOptions, plan: FieldPlan, started: ServerProcess[]): Promise<Field> {
  const { workers, isPinned = true } = plan;
  const cores = planCores(workers, availableParallelism());
  const pinning = isPinned ? pinnedTo(cores.server) : { command: [] };
  const warnings = [cores.warning, pinning.warning].filter((warning) => warning !== undefined);
  const start = async (command: Parameters<typeof ServerProcess.start>[0]): Promise<ServerProcess> => {
    const server = await ServerProcess.start(command, pinning.command);
    started.push(server);
    return server;
  };
  const peer = await start(peerCommand({ ...options, transport: '', workers }));
  const shoals: ShoalServer[] = [];
  for (const asked of plan.transports) {
    const command = shoalCommand({ ...options, transport: asked, workers });
    const server = await start(command).catch((error: Error) => {
      if (!mayBeMissing(asked, options)) throw error;
      warnings.push(`the ${asked} transport does not work here and is left out (${error.message.split('\n').at(-1)})`);
    });
    if (server !== undefined) shoals.push({ transport: await transportSaid(server, asked), server });
  }
  const redis = plan.hasRedis ? await start(redisCommand(REDIS_PROGRAM)).catch(() => undefined) : undefined;
  if (plan.hasRedis && redis === undefined) warnings.push('redis-server is not installed: no redis beside get and set');
  return { peer, ...nameOf(options, peer), shoals, ...(redis === undefined ? {} : { redis }), cores, warnings };
}

function nameOf({ against }: FieldOptions, { version }: ServerProcess): Pick<Field, 'peerName' | 'memcachedVersion'> {
  if (against !== undefined) return { peerName: `${against} (${version})` };
  return { peerName: `memcached ${version}`, memcachedVersion: version };
}

async function transportSaid(server: ServerProcess, asked: string): Promise<TransportName> {
  const said = await server.setting('transport');
  const known = TRANSPORTS.find((name) => name === said);
  if (known === undefined) throw new Error(`Cannot judge a Shoal asked for ${asked}: it says it runs on ${said}`);
  return known;
}
