/**
 * `--wait`: asks the pool again and again until a cluster has become what was asked for, and shows what it is doing on the
 * way: one line that is drawn over on a terminal, else a line for each change. Called by the commands of `cluster` and `node`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CacheCluster, PoolClient } from '@shoal/pool/api-client';
import type { Argv } from 'yargs';
import { CommandError } from './command-error.js';
import type { CommandContext } from './context.js';
import { describeCluster, describeIfAny } from './pool-connection.js';

const POLL_MS = 250;
const ERASE_LINE = '\r\u001b[2K';

export interface WaitFlags {
  wait: boolean;
  timeout: number;
}

export function withWait<Flags>(parser: Argv<Flags>): Argv<Flags & WaitFlags> {
  return parser
    .option('wait', { type: 'boolean', default: false, describe: 'Return when it is done, not when it has begun' })
    .option('timeout', { type: 'number', default: 600, describe: 'With --wait: give up after this many seconds' });
}

/** Resolves with the cluster once it is available, no change is under way, and every node that answers tells its list. */
export async function waitUntilAvailable(
  context: CommandContext,
  pool: PoolClient,
  { id, timeout }: { id: string; timeout: number },
): Promise<CacheCluster> {
  return poll(context, timeout, async (progress) => {
    const cluster = await describeCluster(pool, id);
    progress(progressOf(cluster));
    return cluster.CacheClusterStatus === 'available' && isPublished(cluster) ? cluster : null;
  });
}

/** Resolves once nobody knows the cluster any more. */
export async function waitUntilGone(
  context: CommandContext,
  pool: PoolClient,
  { id, timeout }: { id: string; timeout: number },
): Promise<void> {
  await poll(context, timeout, async (progress) => {
    const cluster = await describeIfAny(pool, id);
    if (cluster === null) return true;
    progress(progressOf(cluster));
    return null;
  });
}

async function poll<Result>(
  context: CommandContext,
  timeoutSeconds: number,
  look: (progress: (line: string) => void) => Promise<Result | null>,
): Promise<Result> {
  if (!(timeoutSeconds > 0))
    throw new CommandError('BAD_OPTIONS', ['--timeout: a number of seconds above 0 is wanted']);
  const deadline = performance.now() + timeoutSeconds * 1000;
  const line = new ProgressLine(context);
  try {
    for (;;) {
      const result = await look((text) => line.show(text));
      if (result !== null) return result;
      if (performance.now() > deadline) {
        throw new CommandError('NOT_NOW', [`Not done within ${timeoutSeconds} s: ${line.text}. It goes on by itself`]);
      }
      await pause(POLL_MS);
    }
  } finally {
    line.erase();
  }
}

class ProgressLine {
  text = '';
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  show(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.#context.writeError(this.#context.isTerminal ? `${ERASE_LINE}${text}` : `${text}\n`);
  }

  erase(): void {
    if (this.#context.isTerminal && this.text !== '') this.#context.writeError(ERASE_LINE);
  }
}

function isPublished({ CacheNodes = [], Shoal: { Version } }: CacheCluster): boolean {
  return CacheNodes.every(({ Shoal }) => Shoal.Health !== 'healthy' || Shoal.ConfigVersion === Version);
}

/** `dev: modifying, 3 of 5 nodes in the list (0004 creating, 0005 creating)` */
function progressOf(cluster: CacheCluster): string {
  const nodes = cluster.CacheNodes ?? [];
  const listed = nodes.filter(({ Endpoint }) => Endpoint !== undefined).length;
  const others = nodes.filter(({ CacheNodeStatus }) => CacheNodeStatus !== 'available');
  const doing = others.map(({ CacheNodeId, Shoal }) => `${CacheNodeId} ${Shoal.Phase}`).join(', ');
  const head = `${cluster.CacheClusterId}: ${cluster.CacheClusterStatus}, ${listed} of ${nodes.length} nodes in the list`;
  return doing === '' ? head : `${head} (${doing})`;
}
