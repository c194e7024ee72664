/**
 * md: delete, mark as stale, or empty an item (doc/protocol.txt, "Meta Delete"; memcached: process_mdelete_cmd).
 */
import { MetaFlag, Status, writeMetaCode, writeOpaqueAndKey, writeStatus } from '@shoal/protocol';
import { ItemMark, Reserve } from '@shoal/store';
import { DeleteCommand, StoreStatus } from '../activity-log.js';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { reportDeletedLocked, unlinkDeletedLocked } from './deletion.js';
import { findLiveLocked } from './lookup.js';
import { reportStored } from './store-item.js';
import { StoreMode } from './store-ticket.js';

export function deleteMeta(worker: WorkerContext, session: CommandSession): number {
  const { store, input, inputView, request, output } = worker;
  const { keyStart, keyEnd } = request;
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = findLiveLocked(worker, session.connection.id, keyStart, keyEnd, hash);
  const status = ref === 0 ? Status.META_NOT_FOUND : deleteFoundLocked(worker, session, ref, hash);
  store.unlock(hash);
  if (status === Status.NO_MEMORY) {
    writeStatus(output, status);
    return Outcome.OPEN;
  }
  if (status !== Status.META_HIT) worker.counters[ServerCounter.DELETE_MISSES]++;
  else if (request.noreply) return Outcome.OPEN;
  writeMetaCode(output, status);
  writeOpaqueAndKey(output, input, inputView, request);
  output.crlf();
  return Outcome.OPEN;
}

/** The status to answer. */
function deleteFoundLocked(worker: WorkerContext, session: CommandSession, found: number, hash: number): number {
  const { store, request } = worker;
  const { metaFlags } = request;
  if ((metaFlags & MetaFlag.COMPARE_CAS) !== 0) {
    if (store.casLow(found) !== request.casLow || store.casHigh(found) !== request.casHigh) return Status.META_EXISTS;
  }
  const empties = (metaFlags & MetaFlag.REMOVE_VALUE) !== 0;
  const ref = empties ? emptyLocked(worker, session, found, hash) : found;
  if (ref === 0) return Status.NO_MEMORY;
  if ((metaFlags & MetaFlag.INVALIDATE) !== 0) invalidateLocked(worker, ref);
  else if (empties) reportDeletedLocked(worker, ref, DeleteCommand.META_DELETE);
  else unlinkDeletedLocked(worker, ref, hash, DeleteCommand.META_DELETE);
  return Status.META_HIT;
}

/** x: an item without a value takes the place of `old`, with its CAS number unless E names one; 0 without memory. */
function emptyLocked(worker: WorkerContext, session: CommandSession, old: number, hash: number): number {
  const { store, input, inputView, request } = worker;
  const { keyStart, keyEnd, metaFlags } = request;
  const flags = (metaFlags & MetaFlag.CLIENT_FLAGS) !== 0 ? request.clientFlags : 0;
  const exptime = (metaFlags & MetaFlag.SET_TTL) !== 0 ? newExptime(worker) : 0;
  const ref = store.reserve(input, inputView, keyStart, keyEnd, hash, flags, exptime, 0);
  if (ref === Reserve.TOO_LARGE || ref === Reserve.NO_MEMORY) return 0;
  const isExplicit = (metaFlags & MetaFlag.EXPLICIT_CAS) !== 0;
  const casLow = isExplicit ? request.newCasLow : store.casLow(old);
  const casHigh = isExplicit ? request.newCasHigh : store.casHigh(old);
  store.replaceWithCasLocked(old, ref, hash, casLow, casHigh);
  reportStored(worker, session.connection.id, StoreStatus.STORED, StoreMode.SET, ref, keyStart, keyEnd);
  return ref;
}

/** I: the item stays and is stale; the next client to fetch it is told to renew it. */
function invalidateLocked(worker: WorkerContext, ref: number): void {
  const { store, request } = worker;
  if ((request.metaFlags & MetaFlag.SET_TTL) !== 0) store.setExptimeLocked(ref, newExptime(worker));
  store.setMarkLocked(ref, ItemMark.STALE);
  store.clearMarkLocked(ref, ItemMark.WIN_SENT);
  if ((request.metaFlags & MetaFlag.EXPLICIT_CAS) !== 0) {
    store.setCasLocked(ref, request.newCasLow, request.newCasHigh);
  } else {
    store.nextCas();
    store.setCasLocked(ref, store.casOutLow, store.casOutHigh);
  }
}

function newExptime(worker: WorkerContext): number {
  return resolveExptime(worker.request.newTtl, worker.store.now(), worker.settings.startUnixSeconds);
}
