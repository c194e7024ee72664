/**
 * The data block behind a storage command: into the item, to its end, and the command's completion.
 *
 * In the steady state the whole block stands in the receive buffer when its command does, and `receiveBlock` copies, links and answers at
 * once. Else the session calls `takeBlock` with what arrives, and `finishBlock` when nothing is missing. (memcached: conn_nread.)
 */
import { Dialect, INPUT_SCRATCH_BYTES } from '@shoal/protocol';
import { ClassCounter, ItemMark } from '@shoal/store';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { storeItem } from './store-item.js';
import { writeBrokenBlock, writeReadingRefusal, writeStoreReply } from './store-reply.js';
import { giveTicket, type StoreTicket } from './store-ticket.js';

const CR = 13;
const LF = 10;

/** Length of what follows the value. */
export function blockEndBytes(dialect: number): number {
  return dialect === Dialect.BINARY ? 0 : 2;
}

/** Bytes of the block still to come. */
export function missingBlockBytes(ticket: StoreTicket): number {
  return ticket.valueBytes + blockEndBytes(ticket.dialect) - ticket.received;
}

/** The ticket's block begins at request.next; its key is where the request says. */
export function receiveBlock(worker: WorkerContext, session: CommandSession, ticket: StoreTicket): number {
  const { request } = worker;
  if (ticket.keyIsBinary) worker.store.setMarkLocked(ticket.ref, ItemMark.KEY_BINARY);
  const start = request.next;
  const end = start + ticket.valueBytes + blockEndBytes(ticket.dialect);
  if (end > session.inputEnd) return session.awaitBlock(ticket);
  request.next = end;
  if (takeBlock(worker, ticket, start, end)) {
    finishBlock(worker, session.connection.id, ticket, request.keyStart, request.keyEnd);
  } else {
    failBlock(worker, ticket);
  }
  return Outcome.OPEN;
}

/** Takes worker.input[start..end), which is at most what is missing. False: no memory for it. */
export function takeBlock(worker: WorkerContext, ticket: StoreTicket, start: number, end: number): boolean {
  const { store, input, inputView } = worker;
  const count = Math.min(end - start, ticket.valueBytes - ticket.received);
  if (count > 0 && !store.writeValue(ticket.ref, ticket.received, input, inputView, start, count)) return false;
  for (let at = count > 0 ? start + count : start; at < end; at++) {
    const isFirst = ticket.received + at - start === ticket.valueBytes;
    if (input[at] !== (isFirst ? CR : LF)) ticket.isBroken = true;
  }
  ticket.received += end - start;
  return true;
}

/** Stores and answers, all bytes being there. The key is worker.input[keyStart..keyEnd). */
export function finishBlock(
  worker: WorkerContext,
  cfd: number,
  ticket: StoreTicket,
  keyStart: number,
  keyEnd: number,
): void {
  if (ticket.isBroken) {
    writeBrokenBlock(worker, ticket);
    dropTicket(worker, ticket);
    return;
  }
  if (ticket.dialect === Dialect.BINARY) worker.store.countClass(ticket.ref, ClassCounter.CMD_SET);
  const outcome = storeItem(worker, cfd, ticket, keyStart, keyEnd);
  writeStoreReply(worker, ticket, outcome, keyStart, keyEnd);
  giveTicket(ticket);
}

/** The same for a block that took several turns: the key is read back from the item into the scratch behind the input. */
export function finishLateBlock(worker: WorkerContext, cfd: number, ticket: StoreTicket): void {
  const { input, inputView } = worker;
  const keyStart = input.length - INPUT_SCRATCH_BYTES;
  const keyBytes = worker.store.copyKey(ticket.ref, input, inputView, keyStart);
  finishBlock(worker, cfd, ticket, keyStart, keyStart + keyBytes);
}

/** The block ran out of memory: its item goes, the error is answered. The caller throws the rest of the block away. */
export function failBlock(worker: WorkerContext, ticket: StoreTicket): void {
  writeReadingRefusal(worker, ticket);
  dropTicket(worker, ticket);
}

/** Gives up a store whose block will not be completed. */
export function dropTicket(worker: WorkerContext, ticket: StoreTicket): void {
  worker.store.release(ticket.ref);
  ticket.ref = 0;
  giveTicket(ticket);
}
