/**
 * The command lines of the servers that tests start: Shoal from this working tree, and the memcached of this machine
 * (SHOAL_E2E_MEMCACHED names another binary). Knows no process; server-process.ts starts what stands here.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../transcripts/document.js';
import type { Command } from './server-process.js';

export const Transport = { URING: 'uring', EPOLL: 'epoll', NET: 'net' } as const;
export type Transport = (typeof Transport)[keyof typeof Transport];

/** Why this machine cannot be expected to have io_uring, '' when it can: judged by the kernel's word alone, not by Shoal's. */
export const URING_ABSENCE = uringAbsence();
/** The transports that tests can be run on here. */
export const TRANSPORTS_HERE = Object.values(Transport).filter(
  (transport) => transport !== Transport.URING || URING_ABSENCE === '',
);

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

function uringAbsence(): string {
  if (process.platform !== 'linux') return `${process.platform} has no io_uring`;
  const [major, minor] = release().split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 1)) return `Linux ${release()} is older than 6.1`;
  if (readKernelWord('/proc/sys/kernel/io_uring_disabled') !== '0') return 'kernel.io_uring_disabled is set';
  return /^Seccomp:\t0$/m.test(readKernelWord('/proc/self/status')) ? '' : 'a seccomp profile is in force';
}

/** Kernels before 6.6 have no switch for io_uring: there it is on. */
function readKernelWord(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '0';
  }
}
