// The command lines of the two sides of a comparison: Shoal from this checkout, and memcached or
// whatever `--peer` names in its place. Both get the same flags. Used by bench.ts, idle.ts and
// startup.ts.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TransportName } from '../rows/rows.js';
import type { ServerCommand } from './server-process.js';

export const SHOAL_BIN = fileURLToPath(new URL('../../../packages/cli/bin/shoal.js', import.meta.url));
const MEMORY_MIB = 1024;
const MAX_CONNECTIONS = 1024;

export interface Sides {
  readonly memcached: string;
  readonly peer?: string;
  readonly shoal?: string;
  readonly transport: TransportName;
  readonly workers: number;
}

/** memcached's own flags, the same for both sides: threads, memory, connections, no UDP, and the user when run by root. */
export function sharedFlags(workers: number): string[] {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  return ['-t', String(workers), '-m', String(MEMORY_MIB), '-c', String(MAX_CONNECTIONS), '-U', '0', ...user];
}

export function peerCommand({ memcached, peer, workers }: Sides): ServerCommand {
  const program = peer === undefined ? [memcached] : words(peer);
  return { name: peer === undefined ? 'memcached' : 'peer', command: [...program, ...sharedFlags(workers)] };
}

export function shoalCommand({ shoal, transport, workers }: Sides): ServerCommand {
  if (shoal === undefined && !existsSync(SHOAL_BIN)) throw new Error(`Cannot find Shoal: ${SHOAL_BIN} is missing`);
  const program = shoal === undefined ? [process.execPath, SHOAL_BIN, 'server'] : words(shoal);
  return { name: 'Shoal', command: [...program, ...sharedFlags(workers), '--transport', transport] };
}

function words(command: string): string[] {
  return command.trim().split(/\s+/);
}
