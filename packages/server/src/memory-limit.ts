/**
 * What `-m auto` means: how much memory items may take under the limit that the system has set for this process.
 *
 * Called by option-checks.ts when it fills in defaults. The limit is that of the control group (version 2, else 1), the least
 * of the process's own and those above it, as a container sees it or a unit of the service manager. Items get three
 * quarters of it, less what the process needs itself; without a limit it is memcached's default.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { SERVER_OPTION_DEFAULTS } from './options.js';

export interface AutomaticMemory {
  readonly threads: number;
  /** Not below this, however small the limit is: the server would not start. */
  readonly leastBytes: number;
  /** Tests have files of their own. */
  readonly readText?: (path: string) => string;
}

const MIB = 1_048_576;
/** The rest is for connections, the hash table as it grows, and replies that wait for slow readers. */
const SHARE = 0.75;
/** An idle node without its arena: Node.js, and what each worker thread adds. */
const PROCESS_MIB = 75;
const WORKER_MIB = 15;
const MOST_BYTES = 32_640 * MIB;

const OWN_GROUPS = '/proc/self/cgroup';
const VERSION_2_ROOT = '/sys/fs/cgroup';
const VERSION_1_ROOT = '/sys/fs/cgroup/memory';

export function automaticMemoryBytes({ threads, leastBytes, readText = readTextFile }: AutomaticMemory): number {
  const limit = memoryLimitBytes(readText);
  if (limit === null) return SERVER_OPTION_DEFAULTS.memoryLimitBytes;
  const itemsMib = Math.floor((limit * SHARE) / MIB) - PROCESS_MIB - WORKER_MIB * threads;
  return Math.min(MOST_BYTES, Math.max(leastBytes, itemsMib * MIB));
}

/** null without one. A limit above what the machine has limits nothing. */
function memoryLimitBytes(readText: (path: string) => string): number | null {
  const files = limitFiles(readText(OWN_GROUPS));
  const limits = files.map((file) => Number.parseInt(readText(file), 10)).filter((bytes) => bytes > 0);
  const least = Math.min(...limits);
  return least < totalmem() ? least : null;
}

/** Where limits may stand: for the process's group and for each group above it. A container sees its own as the root. */
function limitFiles(groups: string): string[] {
  const files: string[] = [];
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const paths = withAncestors(path);
    if (controllers === '') files.push(...paths.map((group) => `${VERSION_2_ROOT}${group}/memory.max`));
    if (controllers.split(',').includes('memory')) {
      files.push(...paths.map((group) => `${VERSION_1_ROOT}${group}/memory.limit_in_bytes`));
    }
  }
  return files;
}

/** `/a/b` → `/a/b`, `/a` and the root, ''. */
function withAncestors(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, count) =>
    ['', ...names.slice(0, names.length - count)].join('/'),
  );
}

/** '' for a file that is not there. */
function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
