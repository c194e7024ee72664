/**
 * The life of a server process, from checked flags to an exit code: what `shoal server` runs.
 *
 * Here is everything that concerns the process and not the server: background, user, core limit, pid and port file, signals,
 * warnings about flags, membership of a cluster. An error at the start is one line of the log (and of the parent, for a daemon) and an exit code.
 */
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { DaemonChild, startDaemonChild } from './daemon.js';
import { raiseInliningBudget } from './engine-flags.js';
import { becomeUser, isRoot } from './identity.js';
import { type Log, levelOf, openLog } from './log.js';
import { parsePoolAddress } from './membership/advertise.js';
import { Member } from './membership/member.js';
import { resolveServerOptions, ServerOptionsError } from './option-checks.js';
import type { ResolvedServerOptions, ServerOptions } from './options.js';
import { ProcessFiles } from './process-files.js';
import { raiseCoreLimit } from './process-limits.js';
import type { RunningServer } from './running-server.js';
import { launchServer } from './server.js';
import { SignalListener, type Stoppable } from './signals.js';
import { ExitCode, ServerStartError } from './start-errors.js';
import { loadLibc } from './transport/libc.js';

const THREADS_SENSIBLE_MAX = 64;

/** Resolves with the exit code when the server has stopped, or could not start. */
export async function runServer(asked: ServerOptions): Promise<number> {
  const child = new DaemonChild();
  let options: ResolvedServerOptions;
  try {
    options = resolveServerOptions(asked);
  } catch (error) {
    if (!(error instanceof ServerOptionsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    child.reportFailure(error.message);
    return ExitCode.USAGE;
  }
  if (options.daemon && !child.isOne) return startDaemonChild(options.verbosity > 0);
  return serveUntilStopped(child.isOne ? goToBackground(options) : options, child);
}

/** Paths mean what they meant where the command was given; the working directory is free to go away. */
function goToBackground(options: ResolvedServerOptions): ResolvedServerOptions {
  const absolute = (path: string | null) => (path === null ? null : resolve(path));
  const settled = { ...options, pidFile: absolute(options.pidFile), unixSocket: absolute(options.unixSocket) };
  if (!options.coreDumps) process.chdir('/');
  return settled;
}

async function serveUntilStopped(options: ResolvedServerOptions, child: DaemonChild): Promise<number> {
  const { log, flush } = await openLog(levelOf(options));
  const signals = new SignalListener((signal) => log.info({ signal }, 'Got a signal'));
  const exitCode = await serve(options, child, { log, signals });
  signals.remove();
  await flush();
  return exitCode;
}

async function serve(
  options: ResolvedServerOptions,
  child: DaemonChild,
  { log, signals }: { log: Log; signals: SignalListener },
): Promise<number> {
  const files = new ProcessFiles(options, log);
  try {
    warnAboutFlags(options, log);
    if (options.coreDumps) await allowCoreFiles(log);
    raiseInliningBudget();
    const server = await launchServer(options, {
      log,
      afterBind: () => changeUser(options, log),
      beforeListen: (endpoints) => files.write(endpoints),
    });
    files.writeLatePorts(server.endpoints);
    child.reportServing();
    const member = joinPool(options, server, log);
    signals.attend(member === null ? server : stoppableMember(member, server));
    const reason = await server.stopped;
    member?.stop();
    return reason.kind === 'failed' ? ExitCode.SOFTWARE : ExitCode.OK;
  } catch (error) {
    return reportFailure(error, child, log);
  } finally {
    files.remove();
  }
}

/** null for a node of its own, and for one that a pool started itself. */
function joinPool(options: ResolvedServerOptions, server: RunningServer, log: Log): Member | null {
  const { poolAddresses, clusterId, poolToken, advertise } = options;
  if (clusterId === null) return null;
  const member = new Member({
    pool: poolAddresses.map(parsePoolAddress).filter((address) => address !== null),
    clusterId,
    token: poolToken,
    advertise,
    port: server.port,
    log,
    onSecret: (secret) => server.setClusterSecret(secret),
  });
  member.start();
  return member;
}

/** A graceful end begins with leaving the cluster, and serving on for those that have not heard of it. */
function stoppableMember(member: Member, server: RunningServer): Stoppable {
  return {
    close: async () => {
      await member.leave();
      await server.close();
    },
    destroy: async () => {
      member.stop();
      await server.destroy();
    },
  };
}

function reportFailure(error: unknown, child: DaemonChild, log: Log): ExitCode {
  const isKnown = error instanceof ServerStartError;
  const message = error instanceof Error ? error.message : String(error);
  if (isKnown) log.fatal({ code: error.code }, message);
  else log.fatal({ err: error }, message);
  child.reportFailure(message);
  return isKnown ? error.exitCode : ExitCode.SOFTWARE;
}

function changeUser({ user }: ResolvedServerOptions, log: Log): void {
  if (!isRoot()) return;
  if (user === null) log.warn('Running as root: name another user with -u');
  else if (user !== 'root') becomeUser(user);
}

async function allowCoreFiles(log: Log): Promise<void> {
  const { libc, reason } = await loadLibc();
  if (libc === null) log.warn({ reason }, 'Cannot raise the limit on core files');
  else raiseCoreLimit(libc);
}

function warnAboutFlags(options: ResolvedServerOptions, log: Log): void {
  const { threads, memoryLimitBytes, ineffective, port, unixSocket, hashAlgorithm } = options;
  for (const flag of ineffective) log.warn({ flag }, 'This flag has no effect here');
  if (hashAlgorithm === 'xxh3') log.warn('xxh3 is not available: murmur3 is used');
  if (threads > Math.max(THREADS_SENSIBLE_MAX, availableParallelism())) {
    log.warn({ threads }, 'More worker threads than this are of no use');
  }
  if (memoryLimitBytes > totalmem()) {
    log.warn({ memoryLimitBytes, machineBytes: totalmem() }, 'The memory limit is above what the machine has');
  }
  if (port === null && unixSocket === null) log.warn('Neither TCP nor a unix socket is on: nobody can connect');
}
