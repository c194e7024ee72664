/**
 * The short way of a set: over the old value, where it lies.
 *
 * It can be gone when the whole block is in the receive buffer, nobody watches, the command is a plain set, and the key holds a live value of
 * the same shape: then nothing needs to be allocated, linked or freed, only written under the key's stripe. In every other case
 * nothing has happened and the ordinary way (storage.ts, data-block.ts) does it all. Most sets are answered from here, without a ticket.
 */
import { Dialect } from '@shoal/protocol';
import { StoreStatus, Watch } from '../activity-log.js';
import type { WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { blockEndBytes } from './data-block.js';
import { writeStoreReply } from './store-reply.js';
import { giveTicket, StoreMode, type StoreTicket } from './store-ticket.js';

const CR = 13;
const LF = 10;

/** True: the request's value is stored, its CAS unique is in worker.overwrites, and request.next is behind the block. Nothing is answered. */
export function putOver(
  worker: WorkerContext,
  session: CommandSession,
  dialect: number,
  clientFlags: number,
  exptime: number,
): boolean {
  const { input, request, activity, keyHash } = worker;
  const { keyStart, keyEnd, next, valueBytes } = request;
  const end = next + valueBytes + blockEndBytes(dialect);
  if (end > session.inputEnd || (activity.words[0] & (Watch.MUTATIONS | Watch.FETCHERS)) !== 0) return false;
  if (dialect !== Dialect.BINARY && (input[end - 2] !== CR || input[end - 1] !== LF)) return false;
  if (!worker.overwrites.store(keyStart, keyEnd, keyHash, clientFlags, exptime, next, valueBytes)) return false;
  request.next = end;
  return true;
}

/** The same for a command that has a ticket, because it returns something. True: stored and answered. */
export function storeOver(
  worker: WorkerContext,
  session: CommandSession,
  ticket: StoreTicket,
  clientFlags: number,
  exptime: number,
): boolean {
  if (ticket.mode !== StoreMode.SET || ticket.keyIsBinary || (ticket.newCasLow | ticket.newCasHigh) !== 0) return false;
  if (!putOver(worker, session, ticket.dialect, clientFlags, exptime)) return false;
  const { overwrites, request } = worker;
  ticket.storedBytes = request.valueBytes;
  ticket.storedCasLow = overwrites.casOutLow;
  ticket.storedCasHigh = overwrites.casOutHigh;
  writeStoreReply(worker, ticket, StoreStatus.STORED, request.keyStart, request.keyEnd);
  giveTicket(ticket);
  return true;
}
