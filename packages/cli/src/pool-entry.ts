/**
 * The one place where the command line meets the pool daemon, loaded only when one is about to start.
 */
import type { PoolOptions, RunningPool } from '@shoal/pool/main';

export interface PoolEntry {
  /** Resolves when the daemon runs. Rejects with what keeps it from starting. */
  start(options: PoolOptions): Promise<RunningPool>;
  /** The whole life of a daemon process; resolves with its exit code. */
  run(options: PoolOptions): Promise<number>;
}

export async function loadPool(): Promise<PoolEntry> {
  const { runPool, startPool } = await import('@shoal/pool/main');
  return { start: startPool, run: runPool };
}
