/**
 * Starts the host of local nodes: detached, in a session of its own, with its output in `host.log`.
 *
 * Called by process-link.ts when nobody answers on `host.sock`. The daemon does not wait for it at its own end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HostFiles } from '../host/host-files.js';

const ENTRY = fileURLToPath(new URL('../host/main.js', import.meta.url));
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY = 0o600;
const LOG_TAIL_CHARS = 500;

export interface StartingHost {
  /** Its exit code or signal once it has ended, else null. */
  readonly exit: () => string | null;
}

/** Throws what the file system or the kernel says. */
export function startHost(files: HostFiles, idleBoundMs: number): StartingHost {
  mkdirSync(files.folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const log = openSync(files.log, 'a', OWNER_ONLY);
  try {
    const child = spawn(process.execPath, [ENTRY, files.folder, String(idleBoundMs)], {
      cwd: files.folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: hostEnvironment(process.env),
    });
    return watchOver(child);
  } finally {
    closeSync(log);
  }
}

/** What the daemon was told is not for nodes: neither its secrets, nor files that only one process should write. */
export function hostEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isForNodes = (name: string) => !name.startsWith('SHOAL_') && name !== 'MEMCACHED_PORT_FILENAME';
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isForNodes(name)));
}

/** The last line that a host left in its log, for the error that says why there is none. */
export function lastLogLine({ log }: HostFiles): string {
  try {
    const lines = readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARS).trimEnd().split('\n');
    return lines[lines.length - 1];
  } catch {
    return '';
  }
}

function watchOver(child: ChildProcess): StartingHost {
  let exit: string | null = null;
  child.once('error', (error) => {
    exit = error.message;
  });
  child.once('exit', (code, signal) => {
    exit ??= signal === null ? `exit code ${code}` : `signal ${signal}`;
  });
  child.unref();
  return { exit: () => exit };
}
