/**
 * The way to a host that answers: connects to the one that lives, or starts one, and ends one that is there and hangs.
 *
 * Called by process.ts when it opens and after a host was lost. Bounded in time; every failure is a DriverError.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostFiles } from '../host/host-files.js';
import { EXIT_TAKEN, lockOwner } from '../host/host-lock.js';
import { HOST_PROTOCOL, type HostHello, hostHello } from '../host/host-protocol.js';
import { identityOf, isGoneWithin, killProcess, type ProcessIdentity } from '../host/process-identity.js';
import { DriverError, DriverErrorCode } from './driver.js';
import { type ConnectionEvents, HostConnection, HostSilentError } from './process-connection.js';
import { lastLogLine, type StartingHost, startHost } from './process-start.js';

export interface HostLink {
  readonly connection: HostConnection;
  readonly hello: HostHello;
  readonly process: ProcessIdentity;
}

export interface LinkParts {
  readonly files: HostFiles;
  readonly idleBoundMs: number;
  /** A host that does not say hello for this long hangs. */
  readonly hangBoundMs: number;
}

/** No socket, or one that nobody listens on any more. */
const ABSENT = ['ENOENT', 'ECONNREFUSED'];
const REACH_BOUND_MS = 30_000;
const STARTS_MAX = 3;
const TAKEN_EXIT = `exit code ${EXIT_TAKEN}`;
const POLL_MS = 10;
const KILL_BOUND_MS = 5000;

/** A host that answers; the one that lives, else a new one. */
export async function reachHost(parts: LinkParts, events: ConnectionEvents): Promise<HostLink> {
  const deadline = performance.now() + REACH_BOUND_MS;
  let starting: StartingHost | null = null;
  let starts = 0;
  while (performance.now() < deadline) {
    const link = await linkToLiving(parts, events);
    if (link !== null) return link;
    const exit = starting?.exit() ?? null;
    // Another host has the directory, and may be about to listen.
    const isTaken = exit === TAKEN_EXIT && lockOwner(parts.files.lock) !== null;
    if ((starting === null || exit !== null) && !isTaken) {
      if (starts === STARTS_MAX) throw unreachable(`it ends at once, with ${exit}: ${lastLogLine(parts.files)}`);
      starting = tryStart(parts);
      starts++;
    }
    await pause(POLL_MS);
  }
  throw unreachable(`there is none after ${REACH_BOUND_MS} ms: ${lastLogLine(parts.files)}`);
}

/** Null where no host is. One that hangs is killed, and then there is none. */
export async function linkToLiving(parts: LinkParts, events: ConnectionEvents): Promise<HostLink | null> {
  try {
    const connection = await HostConnection.open(parts.files.socket, events);
    return await greet(connection, parts);
  } catch (error) {
    if (error instanceof HostSilentError) {
      await killHost(lockOwner(parts.files.lock));
      return null;
    }
    if (error instanceof DriverError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (ABSENT.includes(code)) return null;
    throw unreachable(message);
  }
}

export async function killHost(host: ProcessIdentity | null): Promise<void> {
  if (host === null) return;
  killProcess(host);
  await isGoneWithin(host, KILL_BOUND_MS);
}

/** A host that dies while it is greeted is no host. */
async function greet(connection: HostConnection, { hangBoundMs }: LinkParts): Promise<HostLink | null> {
  const asking = { schema: hostHello, timeoutMs: hangBoundMs, what: 'reach the host of local nodes' };
  let hello: HostHello;
  try {
    hello = await connection.ask({ kind: 'hello', takesEvents: true }, asking);
  } catch (error) {
    connection.close();
    if (error instanceof HostSilentError) throw error;
    return null;
  }
  if (hello.protocol === HOST_PROTOCOL) return { connection, hello, process: identityOf(hello.pid) };
  connection.close();
  const other = `process ${hello.pid}, of Shoal ${hello.version}, speaks another protocol than this release`;
  throw unreachable(`${other}; end it and its nodes with kill ${hello.pid}`);
}

function tryStart({ files, idleBoundMs }: LinkParts): StartingHost {
  try {
    return startHost(files, idleBoundMs);
  } catch (error) {
    throw unreachable((error as Error).message);
  }
}

function unreachable(reason: string): DriverError {
  return new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot reach the host of local nodes: ${reason}`);
}
