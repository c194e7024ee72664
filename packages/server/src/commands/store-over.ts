/**
 * The short way of a set: over the old value, where it lies.
 *
 * Called before an item is reserved. It can be gone when the whole block is in the receive buffer, nobody watches, the command is a plain
 * set, and the key holds a live value of the same length: then nothing needs to be allocated, linked or freed, only written under the
 * key's stripe. In every other case nothing has happened and the ordinary way (storage.ts, data-block.ts) does it all.
 */
import { Dialect } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { StoreStatus, Watch } from '../activity-log.js';
import type { WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { blockEndBytes } from './data-block.js';
import { writeStoreReply } from './store-reply.js';
import { giveTicket, StoreMode, type StoreTicket } from './store-ticket.js';

const CR = 13;
const LF = 10;

/** True: stored and answered, request.next is behind the block. The ticket's hash and value length are set. */
export function storeOver(
  worker: WorkerContext,
  session: CommandSession,
  ticket: StoreTicket,
  clientFlags: number,
  exptime: number,
): boolean {
  const { store, input, inputView, request } = worker;
  const { keyStart, keyEnd, next } = request;
  const { hash, valueBytes } = ticket;
  const end = next + valueBytes + blockEndBytes(ticket.dialect);
  if (end > session.inputEnd || !isPlainSet(worker, ticket, end)) return false;
  store.lock(hash);
  const ref = store.findLocked(input, inputView, keyStart, keyEnd, hash);
  const isStored = ref !== 0 && store.storeOverLocked(ref, clientFlags, exptime, input, inputView, next, valueBytes);
  if (isStored) {
    store.countClass(ref, ClassCounter.CMD_SET);
    ticket.storedBytes = valueBytes;
    ticket.storedCasLow = store.casLow(ref);
    ticket.storedCasHigh = store.casHigh(ref);
  }
  store.unlock(hash);
  if (!isStored) return false;
  request.next = end;
  writeStoreReply(worker, ticket, StoreStatus.STORED, keyStart, keyEnd);
  giveTicket(ticket);
  return true;
}

/** A set without conditions, whose block ends as it should, and that no watcher wants to hear of. */
function isPlainSet(worker: WorkerContext, ticket: StoreTicket, end: number): boolean {
  const { input, activity } = worker;
  if (ticket.mode !== StoreMode.SET || ticket.keyIsBinary) return false;
  if ((ticket.newCasLow | ticket.newCasHigh) !== 0) return false;
  if ((activity.words[0] & (Watch.MUTATIONS | Watch.FETCHERS)) !== 0) return false;
  return ticket.dialect === Dialect.BINARY || (input[end - 2] === CR && input[end - 1] === LF);
}
