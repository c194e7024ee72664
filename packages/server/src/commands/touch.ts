/**
 * touch of the text and the binary dialect: a new expiry for an item, which counts as a use of it. (memcached: process_touch_cmd,
 * process_bin_get_or_touch; the get-and-touch family is in retrieval.ts and binary-retrieval.ts.)
 */
import { BinaryStatus, Status, writeBinaryError, writeBinaryHitHead, writeStatus } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { findLiveLocked } from './lookup.js';

export function touchText(worker: WorkerContext, session: CommandSession): number {
  const { store, request, settings } = worker;
  const exptime = resolveExptime(request.exptime, store.now(), settings.startUnixSeconds);
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = touchLocked(worker, session.connection.id, hash, exptime);
  store.unlock(hash);
  if (!request.noreply) writeStatus(worker.output, ref === 0 ? Status.NOT_FOUND : Status.TOUCHED);
  return Outcome.OPEN;
}

export function touchBinary(worker: WorkerContext, session: CommandSession): number {
  const { store, request, settings, output, input } = worker;
  const { opcode, opaque, keyStart, keyEnd } = request;
  // The wire's uint32 is not signed here (realtime() takes a time_t): 0xffffffff is a time far ahead.
  const exptime = resolveExptime(request.exptime >>> 0, store.now(), settings.startUnixSeconds);
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = touchLocked(worker, session.connection.id, hash, exptime);
  if (ref !== 0) {
    writeBinaryHitHead(output, opcode, opaque, store.clientFlags(ref), 0, 0, store.casLow(ref), store.casHigh(ref));
  }
  store.unlock(hash);
  if (ref === 0) writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
  if (settings.detailEnabled) worker.prefixes.recordGet(input, keyStart, keyEnd, ref !== 0);
  return Outcome.OPEN;
}

/** The item, used and with its new expiry, or 0; counted either way. The stripe is held. */
export function touchLocked(worker: WorkerContext, cfd: number, hash: number, exptime: number): number {
  const { store, request, counters } = worker;
  const ref = findLiveLocked(worker, cfd, request.keyStart, request.keyEnd, hash);
  if (ref === 0) {
    counters[ServerCounter.TOUCH_MISSES]++;
    return 0;
  }
  store.bumpLocked(ref);
  store.setExptimeLocked(ref, exptime);
  store.countClass(ref, ClassCounter.TOUCH_HITS);
  return ref;
}
