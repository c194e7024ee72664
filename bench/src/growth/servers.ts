/**
 * The two servers of a comparison, set up alike for a group of points, and the limit of open files that thousands of connections need.
 *
 * Called by sampling.ts and keys.ts. Servers get cores 0 to workers-1, as everywhere in the bench. Node.js and memcached raise their soft
 * limit of open files themselves; only a hard limit that is too low needs help, and that takes root: `prlimit` is tried once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Cores, planCores } from '../machine/cores.js';
import { pinnedTo } from '../machine/pinning.js';
import { SHOAL_BIN } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import type { GrowthPlan } from './plan.js';
import type { Setup } from './points.js';

export const SIDES = ['Shoal', 'memcached'] as const;
export type Side = (typeof SIDES)[number];

/** What a process has open beside its connections, with room to spare. */
const OTHER_FILES = 300;

export interface FileLimit {
  /** Put in front of commands that need more files than they may open. */
  readonly prefix: readonly string[];
  readonly mostConnections: number;
  readonly warning?: string;
}

/** How many connections a process can have here, up to what is wanted. */
export function fileLimitFor(wanted: number, limits = readFileSync('/proc/self/limits', 'latin1')): FileLimit {
  const hardText = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '1024';
  const hard = hardText === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hardText);
  const needed = wanted + OTHER_FILES;
  if (hard >= needed) return { prefix: [], mostConnections: wanted };
  const prefix = ['prlimit', `--nofile=${needed}:${needed}`];
  if (spawnSync(prefix[0], [prefix[1], 'true']).status === 0) return { prefix, mostConnections: wanted };
  const mostConnections = hard - OTHER_FILES;
  return {
    prefix: [],
    mostConnections,
    warning: `the hard limit of ${hard} open files cannot be raised (that takes root): ${mostConnections} connections in place of ${wanted}`,
  };
}

export function coresFor({ workers }: Setup): Cores {
  return planCores(workers, availableParallelism());
}

export async function startServer(
  side: Side,
  plan: GrowthPlan,
  setup: Setup,
  filePrefix: readonly string[] = [],
): Promise<ServerProcess> {
  const pinning = pinnedTo(coresFor(setup).server);
  const command = [...programOf(side, plan), ...flagsOf(setup), ...(side === 'Shoal' ? transportOf(plan) : [])];
  return await ServerProcess.start({ name: side, command }, [...filePrefix, ...pinning.command]);
}

function programOf(side: Side, { shoal, memcached }: GrowthPlan): string[] {
  if (side === 'memcached') return [memcached];
  if (shoal !== undefined) return shoal.trim().split(/\s+/);
  if (!existsSync(SHOAL_BIN)) throw new Error(`Cannot find Shoal: ${SHOAL_BIN} is missing`);
  return [process.execPath, SHOAL_BIN, 'server'];
}

function flagsOf({ workers, memoryMib, maxConnections, itemSizeMax }: Setup): string[] {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const numbers = ['-t', String(workers), '-m', String(memoryMib), '-c', String(maxConnections), '-U', '0'];
  return [...numbers, '-I', itemSizeMax, ...user];
}

function transportOf({ transport }: GrowthPlan): string[] {
  return ['--transport', transport];
}
