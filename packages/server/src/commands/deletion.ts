/**
 * delete of the text and the binary dialect. (memcached: process_delete_cmd, process_bin_delete; meta delete is in meta-delete.ts.)
 */
import { BinaryStatus, Status, writeBinaryEmpty, writeBinaryError, writeStatus } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { DeleteCommand, Watch } from '../activity-log.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { findLiveLocked } from './lookup.js';

export function deleteText(worker: WorkerContext, session: CommandSession): number {
  const { request } = worker;
  const status = deleteItem(worker, session, 0, 0);
  if (!request.noreply) writeStatus(worker.output, status);
  return Outcome.OPEN;
}

export function deleteBinary(worker: WorkerContext, session: CommandSession): number {
  const { request, output } = worker;
  const { opcode, opaque } = request;
  const status = deleteItem(worker, session, request.casLow, request.casHigh);
  if (status === Status.EXISTS) writeBinaryError(output, opcode, BinaryStatus.KEY_EXISTS, opaque, 0, 0);
  else if (status === Status.NOT_FOUND) writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
  else if (!request.noreply) writeBinaryEmpty(output, opcode, opaque, 0, 0);
  return Outcome.OPEN;
}

/** Status.DELETED, NOT_FOUND, or EXISTS if a CAS value was named (not 0) and the item has another. */
function deleteItem(worker: WorkerContext, session: CommandSession, casLow: number, casHigh: number): number {
  const { store, request, input } = worker;
  const { keyStart, keyEnd } = request;
  if (worker.settings.detailEnabled) worker.prefixes.recordDelete(input, keyStart, keyEnd);
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = findLiveLocked(worker, session.connection.id, keyStart, keyEnd, hash);
  const isOther =
    ref !== 0 && (casLow | casHigh) !== 0 && (store.casLow(ref) !== casLow || store.casHigh(ref) !== casHigh);
  if (ref !== 0 && !isOther) unlinkDeletedLocked(worker, ref, hash, DeleteCommand.DELETE);
  store.unlock(hash);
  if (isOther) return Status.EXISTS;
  if (ref !== 0) return Status.DELETED;
  worker.counters[ServerCounter.DELETE_MISSES]++;
  return Status.NOT_FOUND;
}

/** Counts, reports and unlinks an item that a client deletes. `command` is a DeleteCommand. */
export function unlinkDeletedLocked(worker: WorkerContext, ref: number, hash: number, command: number): void {
  reportDeletedLocked(worker, ref, command);
  worker.store.unlinkLocked(ref, hash);
}

export function reportDeletedLocked(worker: WorkerContext, ref: number, command: number): void {
  const { store, activity, request } = worker;
  store.countClass(ref, ClassCounter.DELETE_HITS);
  if ((activity.words[0] & Watch.DELETIONS) === 0) return;
  activity.itemDeleted(
    command,
    store.sizeClass(ref),
    store.valueBytes(ref),
    worker.input,
    request.keyStart,
    request.keyEnd,
  );
}
