/**
 * How commands speak to a running pool: the client on its unix socket, with refusals turned into CommandErrors whose exit
 * codes scripts can use. Called by the commands of `cluster` and `node`, and for completions.
 */
import { type CacheCluster, PoolApiError, PoolClient } from '@shoal/pool/api-client';
import { CommandError, type CommandErrorCode } from './command-error.js';
import type { CommandContext } from './context.js';
import { type DataDirectoryFlag, poolSocket } from './data-directory.js';

/** Everything that is not here is a mistake in what was asked. */
const CODES: Readonly<Record<string, CommandErrorCode>> = {
  CacheClusterNotFound: 'NOT_FOUND',
  CacheNodeNotFound: 'NOT_FOUND',
  CacheClusterAlreadyExists: 'ALREADY_EXISTS',
  InvalidCacheClusterState: 'NOT_NOW',
  InsufficientCacheClusterCapacity: 'NOT_NOW',
  ServiceUnavailable: 'UNREACHABLE',
  InternalFailure: 'INTERNAL',
  NOT_RUNNING: 'UNREACHABLE',
  NOT_PERMITTED: 'UNREACHABLE',
  TIMEOUT: 'NOT_NOW',
  DISCONNECTED: 'UNREACHABLE',
  BAD_ANSWER: 'UNREACHABLE',
};

/** What the pool names as ElastiCache does has other names on the command line. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  CacheClusterId: 'the name of the cluster',
  NumCacheNodes: 'the number of nodes',
  CacheNodeIdsToRemove: 'nodes to remove',
  CacheNodeIdsToReboot: 'nodes to reboot',
  CacheNodeId: 'the id of the node',
  MemoryMegabytes: '--memory',
  Threads: '--threads',
  NodePorts: '--node-ports',
  Port: '--port',
  DrainSeconds: '--drain',
  DeadReads: '--dead-reads',
};

const COMPLETION_TIMEOUT_MS = 1000;

/** Runs `work` with a client of the pool that the flags name. */
export function withPool<Result>(
  context: CommandContext,
  flags: DataDirectoryFlag,
  work: (pool: PoolClient) => Promise<Result>,
): Promise<Result> {
  return withPoolAt(poolSocket(context, flags), work);
}

/** The same with the pool behind this socket. */
export async function withPoolAt<Result>(
  socketPath: string,
  work: (pool: PoolClient) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(new PoolClient(socketPath));
  } catch (error) {
    if (!(error instanceof PoolApiError)) throw error;
    throw new CommandError(CODES[error.code] ?? 'BAD_OPTIONS', [inOwnWords(error.message)]);
  }
}

function inOwnWords(message: string): string {
  const text = message
    .replace(/^Cannot run [A-Za-z]+: /, '')
    .replace(/\b[A-Z][A-Za-z]+\b/g, (word) => OWN_WORDS[word] ?? word);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** All clusters with their nodes, however many pages that takes. */
export async function listClusters(pool: PoolClient): Promise<CacheCluster[]> {
  const clusters: CacheCluster[] = [];
  let marker: string | undefined;
  do {
    const page = await pool.describeCacheClusters({ ShowCacheNodeInfo: true, Marker: marker });
    clusters.push(...page.CacheClusters);
    marker = page.Marker;
  } while (marker !== undefined);
  return clusters;
}

export async function describeCluster(pool: PoolClient, id: string): Promise<CacheCluster> {
  const { CacheClusters } = await pool.describeCacheClusters({ CacheClusterId: id, ShowCacheNodeInfo: true });
  return CacheClusters[0];
}

/** Null when there is no such cluster. */
export async function describeIfAny(pool: PoolClient, id: string): Promise<CacheCluster | null> {
  try {
    return await describeCluster(pool, id);
  } catch (error) {
    if (error instanceof PoolApiError && error.code === 'CacheClusterNotFound') return null;
    throw error;
  }
}

/** For completions: nothing when no pool answers at once. */
export async function clustersIfAny(context: CommandContext): Promise<CacheCluster[]> {
  try {
    return await listClusters(
      new PoolClient({ socketPath: poolSocket(context, {}), timeoutMs: COMPLETION_TIMEOUT_MS }),
    );
  } catch {
    return [];
  }
}
