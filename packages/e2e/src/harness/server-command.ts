/**
 * The command lines of the servers that tests start: Shoal from this working tree, and the memcached of this machine
 * (SHOAL_E2E_MEMCACHED names another binary). Knows no process; server-process.ts starts what stands here.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../transcripts/document.js';
import type { Command } from './server-process.js';

export const Transport = { EPOLL: 'epoll', NET: 'net' } as const;
export type Transport = (typeof Transport)[keyof typeof Transport];

const SHOAL = fileURLToPath(new URL('../../../cli/bin/shoal.js', import.meta.url));
const EPHEMERAL = ['-l', '127.0.0.1', '-p', '-1', '-U', '0'];

export function shoalCommand(transport: Transport, flags: readonly string[]): Command {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  return { program: process.execPath, args: [SHOAL, 'server', ...user, ...flags, '--transport', transport] };
}

export function shoalOnPort(transport: Transport, flags: readonly string[] = []): Command {
  return shoalCommand(transport, [...EPHEMERAL, ...flags]);
}

export function memcachedOnPort(program: string, flags: readonly string[]): Command {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  return { program, args: [...user, ...EPHEMERAL, ...flags] };
}

export const SHOAL_IDENTITY: Identity = { server: 'shoal', version: '1.6.45', debugCommands: true };

export interface InstalledMemcached {
  readonly program: string;
  readonly identity: Identity;
}

/** The memcached to compare with, or null when there is none on this machine. */
export function installedMemcached(): InstalledMemcached | null {
  const program = process.env.SHOAL_E2E_MEMCACHED ?? 'memcached';
  const { stdout } = spawnSync(program, ['-V'], { encoding: 'utf8' });
  const version = /^memcached (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
  if (version === undefined) return null;
  return { program, identity: { server: 'memcached', version, debugCommands: program.endsWith('-debug') } };
}
