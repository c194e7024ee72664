/**
 * flush_all and the binary Flush and FlushQ: everything stored before a moment is gone.
 *
 * Called by commands/admin.ts. The moment is now, or the exptime given; items stored later survive, also those of
 * the same second (the store tells them apart). The command counts even when -F forbids it, in text but not in binary.
 */
import { BinaryStatus, Dialect, Status } from '@shoal/protocol';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import type { WorkerContext } from '../worker-context.js';

/** Answers a Status, or in binary a BinaryStatus. */
export function flushAll(worker: WorkerContext): number {
  return worker.request.dialect === Dialect.BINARY ? flushBinary(worker) : flushText(worker);
}

function flushText(worker: WorkerContext): number {
  const { request, settings } = worker;
  worker.counters[ServerCounter.CMD_FLUSH]++;
  if (!settings.options.flushAll) return Status.FLUSH_NOT_ALLOWED;
  if (request.status !== Status.NONE) return request.status;
  flushAt(worker, request.exptime);
  return Status.OK;
}

function flushBinary(worker: WorkerContext): number {
  if (!worker.settings.options.flushAll) return BinaryStatus.AUTH_ERROR;
  flushAt(worker, worker.request.exptime);
  worker.counters[ServerCounter.CMD_FLUSH]++;
  return BinaryStatus.SUCCESS;
}

/** @param exptime as sent: 0 or negative = now. */
function flushAt(worker: WorkerContext, exptime: number): void {
  const { store, host, settings } = worker;
  const now = store.now();
  store.flushAll(exptime > 0 ? resolveExptime(exptime, now, settings.startUnixSeconds) : now);
  host.wakeMaintenance();
}
