/**
 * Commands about the process itself: shutdown, verbosity, cache_memlimit, debugtime, refresh_certs.
 *
 * Called by commands/admin.ts; each answers a Status, or Status.NONE when the connection shall close without a word.
 * Answers and their order are those of proto_text.c.
 */
import { Status } from '@shoal/protocol';
import { CloseReason, type ConnectionInfo, type WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

const VERBOSITY_MAX = 2;
const MEGABYTE = 1024 * 1024;
const MEMLIMIT_MB_MIN = 8;
/** Above this the number was surely meant as bytes. */
const MEMLIMIT_MB_MAX = 1_000_000_000;

/** shutdown [graceful]. Without -A it is refused. */
export function shutdown(worker: WorkerContext, connection: ConnectionInfo, words: Words): number {
  if (!worker.settings.options.shutdownCommand) return Status.SHUTDOWN_NOT_ENABLED;
  const isGraceful = words.count === 2 && words.text(1) === 'graceful';
  if (words.count !== 1 && !isGraceful) return Status.INVALID_SHUTDOWN_MODE;
  connection.closeReason = CloseReason.SHUTDOWN;
  worker.host.requestShutdown(isGraceful);
  return Status.NONE;
}

export function setVerbosity(worker: WorkerContext, level: number): void {
  worker.settings.verbosity = Math.min(level, VERBOSITY_MAX);
}

/** cache_memlimit <megabytes> */
export function setMemoryLimit(worker: WorkerContext, words: Words): number {
  const megabytes = words.uint32(1);
  if (megabytes === null) return Status.ERROR;
  if (megabytes < MEMLIMIT_MB_MIN) return Status.MEMLIMIT_TOO_SMALL;
  if (megabytes > MEMLIMIT_MB_MAX) return Status.MEMLIMIT_NOT_BYTES;
  if (!worker.store.setMemoryLimit(megabytes * MEGABYTE)) return Status.MEMLIMIT_FAILED;
  worker.host.wakeMaintenance();
  return Status.OK;
}

/** debugtime <seconds>|p|r, for tests: moves the clock, or stops it and lets it run on. Only with --debug-commands. */
export function moveClock(worker: WorkerContext, words: Words): number {
  const { settings, store } = worker;
  if (!settings.options.debugCommands || words.count < 2) return Status.ERROR;
  if (words.text(1) === 'p' || words.text(1) === 'r') {
    settings.clockPaused = words.text(1) === 'p';
    return Status.OK;
  }
  const seconds = words.int32(1);
  if (seconds === null) return Status.ERROR;
  settings.clockShiftSeconds += seconds;
  store.clock.set(store.now() + seconds);
  return Status.OK;
}

/** refresh_certs: there is no TLS here, so there are no certificates. */
export function refreshCertificates(): number {
  return Status.TLS_NOT_ENABLED;
}
