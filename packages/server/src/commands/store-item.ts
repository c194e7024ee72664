/**
 * What the storage commands do to the cache, whatever dialect asked: one place for set, add, replace, append, prepend and cas.
 *
 * Called once the value is complete in the ticket's private item. Everything between finding the old item and linking the new one happens
 * under the key's stripe. Outcomes are StoreStatus numbers, which watchers are told as well. (memcached: do_store_item.)
 */
import { ClassCounter, ItemMark, Reserve, type Store } from '@shoal/store';
import { StoreStatus, Watch } from '../activity-log.js';
import { ServerCounter } from '../server-counters.js';
import type { WorkerContext } from '../worker-context.js';
import { findLiveLocked } from './lookup.js';
import { StoreMode, type StoreTicket } from './store-ticket.js';

/**
 * Stores the ticket's item under the key worker.input[start..end). Afterwards the ticket holds no item, and of a stored one the CAS number
 * and the length.
 */
export function storeItem(worker: WorkerContext, cfd: number, ticket: StoreTicket, start: number, end: number): number {
  const { store } = worker;
  ticket.storedBytes = ticket.valueBytes;
  ticket.storedCasLow = 0;
  ticket.storedCasHigh = 0;
  store.lock(ticket.hash);
  const old = findLiveLocked(worker, cfd, start, end, ticket.hash);
  const outcome = old === 0 ? storeNewLocked(worker, ticket) : storeOverLocked(worker, ticket, old, start, end);
  reportStored(worker, cfd, outcome, ticket.mode, ticket.ref, start, end);
  store.unlock(ticket.hash);
  if (outcome !== StoreStatus.STORED) store.release(ticket.ref);
  ticket.ref = 0;
  return outcome;
}

function storeNewLocked(worker: WorkerContext, ticket: StoreTicket): number {
  switch (ticket.mode) {
    case StoreMode.CAS:
      worker.counters[ServerCounter.CAS_MISSES]++;
      return StoreStatus.NOT_FOUND;
    case StoreMode.REPLACE:
    case StoreMode.APPEND:
    case StoreMode.PREPEND:
      return StoreStatus.NOT_STORED;
    default:
      linkLocked(worker.store, ticket, 0);
      return StoreStatus.STORED;
  }
}

function storeOverLocked(worker: WorkerContext, ticket: StoreTicket, old: number, start: number, end: number): number {
  const { store } = worker;
  switch (ticket.mode) {
    case StoreMode.SET:
    case StoreMode.REPLACE:
      break;
    case StoreMode.ADD:
      store.refreshLocked(old);
      return StoreStatus.NOT_STORED;
    case StoreMode.CAS:
      if (!admitsCasLocked(store, ticket, old)) return StoreStatus.EXISTS;
      break;
    default: {
      if (comparesCas(ticket) && !hasTicketCas(store, ticket, old)) return StoreStatus.EXISTS;
      if (!joinLocked(worker, ticket, old, start, end)) return StoreStatus.NOT_STORED;
    }
  }
  linkLocked(store, ticket, old);
  return StoreStatus.STORED;
}

function linkLocked(store: Store, ticket: StoreTicket, old: number): void {
  const { ref, hash } = ticket;
  if ((ticket.newCasLow | ticket.newCasHigh) !== 0) {
    if (old === 0) store.linkWithCasLocked(ref, hash, ticket.newCasLow, ticket.newCasHigh);
    else store.replaceWithCasLocked(old, ref, hash, ticket.newCasLow, ticket.newCasHigh);
  } else if (old === 0) {
    store.linkLocked(ref, hash);
  } else {
    store.replaceLocked(old, ref, hash);
  }
  ticket.storedCasLow = store.casLow(ref);
  ticket.storedCasHigh = store.casHigh(ref);
}

function comparesCas(ticket: StoreTicket): boolean {
  return (ticket.casLow | ticket.casHigh) !== 0;
}

function hasTicketCas(store: Store, ticket: StoreTicket, ref: number): boolean {
  return store.casLow(ref) === ticket.casLow && store.casHigh(ref) === ticket.casHigh;
}

/** Whether a compare-and-store may replace `old`. A ticket without a number never may (doc/protocol.txt: cas, meta set with C). */
function admitsCasLocked(store: Store, ticket: StoreTicket, old: number): boolean {
  const isMatch = comparesCas(ticket) && hasTicketCas(store, ticket, old);
  const isStale = !isMatch && ticket.allowsStale && comparesCas(ticket) && isOlder(store, ticket, old);
  if (isStale) inheritStaleLocked(store, ticket.ref, old);
  store.countClass(old, isMatch || isStale ? ClassCounter.CAS_HITS : ClassCounter.CAS_BADVAL);
  return isMatch || isStale;
}

/** The ticket's 64-bit CAS is below that of `old`. */
function isOlder(store: Store, ticket: StoreTicket, old: number): boolean {
  const high = ticket.casHigh >>> 0;
  const oldHigh = store.casHigh(old) >>> 0;
  return high === oldHigh ? ticket.casLow >>> 0 < store.casLow(old) >>> 0 : high < oldHigh;
}

/** A value that came too late keeps the time to live it found, and is marked so that one client is asked to renew it. */
function inheritStaleLocked(store: Store, ref: number, old: number): void {
  store.setExptimeLocked(ref, store.exptime(old));
  store.setMarkLocked(ref, ItemMark.STALE);
  if (store.hasMark(old, ItemMark.WIN_SENT)) store.setMarkLocked(ref, ItemMark.WIN_SENT);
}

/** Puts an item with both values, and the old one's flags and expiry, in the place of the ticket's. False: no memory, or too large. */
function joinLocked(worker: WorkerContext, ticket: StoreTicket, old: number, start: number, end: number): boolean {
  const { store, input, inputView } = worker;
  const { hash, ref: added } = ticket;
  const oldBytes = store.valueBytes(old);
  const joinedBytes = oldBytes + ticket.valueBytes;
  const flags = store.clientFlags(old) | 0;
  const joined = store.reserve(input, inputView, start, end, hash, flags, store.exptime(old), joinedBytes);
  if (isRefusal(joined)) return false;
  const appends = ticket.mode === StoreMode.APPEND || ticket.mode === StoreMode.APPEND_OR_CREATE;
  const isWritten = appends
    ? store.writeValueOfLocked(joined, 0, old) && store.writeValueOfLocked(joined, oldBytes, added)
    : store.writeValueOfLocked(joined, 0, added) && store.writeValueOfLocked(joined, ticket.valueBytes, old);
  store.release(isWritten ? added : joined);
  if (!isWritten) return false;
  ticket.ref = joined;
  ticket.storedBytes = joinedBytes;
  return true;
}

/** What `reserve` answered is no item. */
export function isRefusal(ref: number): boolean {
  return ref === Reserve.TOO_LARGE || ref === Reserve.NO_MEMORY;
}

/** Tells watchers of mutations what became of an item, private or linked with its stripe held. */
export function reportStored(
  worker: WorkerContext,
  cfd: number,
  outcome: number,
  mode: number,
  ref: number,
  start: number,
  end: number,
): void {
  const { store, activity } = worker;
  if ((activity.words[0] & Watch.MUTATIONS) === 0) return;
  const exptime = store.exptime(ref);
  const ttl = exptime === 0 ? 0 : exptime - store.now();
  activity.itemStore(outcome, mode, ttl, store.sizeClass(ref), cfd, store.valueBytes(ref), worker.input, start, end);
}
