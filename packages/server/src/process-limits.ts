/**
 * Limits of the process that follow from the flags: open files for -c, core files for -r. Linux, through libc.
 *
 * Called once, by server.ts before anything listens. memcached sets the file limit to -c exactly; a Node.js process needs
 * descriptors of its own beside that, so more is asked for, and less is taken as long as -c fits.
 */
import { ServerStartError, StartErrorCode } from './start-errors.js';
import { type Libc, type NativeMemory, RLIMIT_CORE, RLIMIT_NOFILE } from './transport/libc.js';

/** What a process has open beside clients: libuv, epoll and eventfd of each thread, the log, listeners. */
const OWN_DESCRIPTORS = 64;
const DESCRIPTORS_PER_THREAD = 16;
const RLIMIT_BYTES = 16;
const HARD_OFFSET = 8;
const INFINITE = 0xffff_ffff_ffff_ffffn;

export interface FileLimit {
  /** What the process may open now. */
  readonly files: number;
  /** What it should be able to open to be sure. */
  readonly wanted: number;
}

/** Throws a ServerStartError if -c connections cannot be open at a time. */
export function raiseFileLimit(libc: Libc, options: { maxConnections: number; threads: number }): FileLimit {
  const memory = libc.allocate(RLIMIT_BYTES);
  const wanted = options.maxConnections + OWN_DESCRIPTORS + options.threads * DESCRIPTORS_PER_THREAD;
  const { soft, hard } = readLimit(libc, memory, RLIMIT_NOFILE);
  if (soft < wanted) {
    // The hard limit can only be raised by root; within it the soft one can always be.
    const isRaised = writeLimit(libc, memory, RLIMIT_NOFILE, { soft: BigInt(wanted), hard: max(hard, BigInt(wanted)) });
    if (!isRaised) writeLimit(libc, memory, RLIMIT_NOFILE, { soft: hard, hard });
  }
  const files = Number(readLimit(libc, memory, RLIMIT_NOFILE).soft);
  if (files < options.maxConnections) {
    throw new ServerStartError(
      StartErrorCode.FILE_LIMIT,
      `Cannot serve ${options.maxConnections} connections: the process may open ${files} files only (ulimit -n)`,
    );
  }
  return { files, wanted };
}

/** Throws a ServerStartError if no core file could be written at all. */
export function raiseCoreLimit(libc: Libc): void {
  const memory = libc.allocate(RLIMIT_BYTES);
  const { hard } = readLimit(libc, memory, RLIMIT_CORE);
  const isRaised = writeLimit(libc, memory, RLIMIT_CORE, { soft: INFINITE, hard: INFINITE });
  if (!isRaised) writeLimit(libc, memory, RLIMIT_CORE, { soft: hard, hard });
  if (readLimit(libc, memory, RLIMIT_CORE).soft === 0n) {
    throw new ServerStartError(StartErrorCode.FILE_LIMIT, 'Cannot allow core files: the hard limit is 0 (ulimit -Hc)');
  }
}

interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

function readLimit(libc: Libc, memory: NativeMemory, resource: number): Limit {
  libc.getrlimit(resource, memory.address);
  return { soft: memory.view.getBigUint64(0, true), hard: memory.view.getBigUint64(HARD_OFFSET, true) };
}

function writeLimit(libc: Libc, memory: NativeMemory, resource: number, { soft, hard }: Limit): boolean {
  memory.view.setBigUint64(0, soft, true);
  memory.view.setBigUint64(HARD_OFFSET, hard, true);
  return libc.setrlimit(resource, memory.address) === 0;
}

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
