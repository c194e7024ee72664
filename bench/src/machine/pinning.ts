// Binding processes to cores with taskset (util-linux), so that server and generator do not share one. Used by
// load/main.ts for itself and by server-process.ts for servers. Where taskset is missing or there is one core only,
// the run goes on unpinned and says so.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Pinning =
  | { readonly command: readonly string[]; readonly warning?: undefined }
  | { readonly command: readonly []; readonly warning: string };

/** What to put in front of a command so that it runs on `cores` ("0" or "0,1"). */
export function pinnedTo(cores: string): Pinning {
  const last = Math.max(...cores.split(',').map(Number));
  if (last >= availableParallelism()) return { command: [], warning: `core ${last} does not exist: not pinned` };
  if (spawnSync('taskset', ['-c', cores, 'true']).status !== 0) {
    return { command: [], warning: 'taskset is missing or not allowed: not pinned, figures wander more' };
  }
  return { command: ['taskset', '-c', cores] };
}

/** Moves this process, with all its threads, to a core; a warning when that is not possible. */
export function pinSelf(core: number): string | undefined {
  if (core < 0) return undefined;
  if (core >= availableParallelism()) return `core ${core} does not exist: the generator is not pinned`;
  const done = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
  return done.status === 0 ? undefined : 'taskset is missing or not allowed: the generator is not pinned';
}
