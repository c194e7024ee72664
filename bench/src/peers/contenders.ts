/**
 * The command lines of a comparison: Shoal from this checkout, memcached or whatever `--against` names in its place, and redis
 * for reference.
 *
 * Used by the parts of the bench, by growth, client and router. Shoal and memcached get the same flags.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerCommand } from './server-process.js';

export const SHOAL_BIN = fileURLToPath(new URL('../../../packages/cli/bin/shoal.js', import.meta.url));
const MEMORY_MIB = 1024;
const MAX_CONNECTIONS = 1024;

export interface Sides {
  readonly memcached: string;
  /** In memcached's place. */
  readonly against?: string;
  /** In the place of this checkout's Shoal. */
  readonly shoal?: string;
  /** What Shoal is asked for; what it runs on, it says itself. */
  readonly transport: string;
  readonly workers: number;
}

/** memcached's own flags, the same for both sides: threads, memory, connections, no UDP, and the user when run by root. */
export function sharedFlags(workers: number): string[] {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  return ['-t', String(workers), '-m', String(MEMORY_MIB), '-c', String(MAX_CONNECTIONS), '-U', '0', ...user];
}

export function peerCommand({ memcached, against, workers }: Sides): ServerCommand {
  const program = against === undefined ? [memcached] : words(against);
  return { name: against === undefined ? 'memcached' : 'other side', command: [...program, ...sharedFlags(workers)] };
}

export function shoalCommand({ shoal, transport, workers }: Sides): ServerCommand {
  if (shoal === undefined && !existsSync(SHOAL_BIN)) throw new Error(`Cannot find Shoal: ${SHOAL_BIN} is missing`);
  const program = shoal === undefined ? [process.execPath, SHOAL_BIN, 'server'] : words(shoal);
  return { name: 'Shoal', command: [...program, ...sharedFlags(workers), '--transport', transport] };
}

/** One thread for commands, as always with redis; nothing is written to disk. */
export function redisCommand(redis: string): ServerCommand {
  return {
    name: 'redis',
    command: [redis, '--save', '', '--appendonly', 'no', '--maxmemory', `${MEMORY_MIB}mb`],
    addressFlags: (port) => ['--bind', '127.0.0.1', '--port', String(port)],
    probe: { request: 'INFO server\r\n', answer: /redis_version:(\S+)/ },
  };
}

function words(command: string): string[] {
  return command.trim().split(/\s+/);
}

/** "memcached 1.6.45", or the command that stands in its place. */
export function versionOf({ memcached, against }: Pick<Sides, 'memcached' | 'against'>): string {
  if (against !== undefined) return against;
  const { stdout } = spawnSync(memcached, ['-V'], { encoding: 'utf8' });
  return stdout?.trim() || memcached;
}
