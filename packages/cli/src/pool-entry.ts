/**
 * The one place where the command line meets the pool daemon, loaded only when one is about to start.
 */
import type { PoolOptions, RunningPool } from '@shoal/pool/main';
import { CommandError } from './command-error.js';

export interface PoolEntry {
  /** Resolves when the daemon runs. Rejects with a CommandError for what keeps it from starting. */
  start(options: PoolOptions): Promise<RunningPool>;
  /** The whole life of a daemon process; resolves with its exit code. */
  run(options: PoolOptions): Promise<number>;
}

export async function loadPool(): Promise<PoolEntry> {
  const { exitCodeOf, runPool, startPool } = await import('@shoal/pool/main');
  return {
    run: runPool,
    start: async (options) => {
      try {
        return await startPool(options);
      } catch (error) {
        const exitCode = exitCodeOf(error);
        if (exitCode === null) throw error;
        throw new CommandError('NOT_STARTED', [(error as Error).message], exitCode);
      }
    },
  };
}
