/**
 * Finding an item on behalf of a command, with everything that a lookup counts and reports.
 *
 * memcached counts an expired or flushed item that any command runs into, also a set or a delete, and logs every lookup to watchers of
 * fetchers; so every command looks up through here. The stripe is held by whoever calls a function named Locked.
 */
import { Miss } from '@shoal/store';
import { FetchStatus, Watch } from '../activity-log.js';
import { ServerCounter } from '../server-counters.js';
import type { WorkerContext } from '../worker-context.js';

/** The live item of the key worker.input[start..end), or 0. Does not count as a use of the item: see Store.bumpLocked. */
export function findLiveLocked(worker: WorkerContext, cfd: number, start: number, end: number, hash: number): number {
  const { store } = worker;
  const ref = store.fetchLocked(worker.input, worker.inputView, start, end, hash);
  if (ref === 0) countRemoved(worker, store.missReason);
  if ((worker.activity.words[0] & Watch.FETCHERS) !== 0) {
    if (ref === 0) reportMiss(worker, cfd, store.missReason, start, end);
    else reportHit(worker, cfd, store.sizeClass(ref), store.valueBytes(ref), start, end);
  }
  return ref;
}

/** Counts an item that was found too late: after its expiry, or after a flush. */
export function countRemoved(worker: WorkerContext, missReason: number): void {
  if (missReason === Miss.EXPIRED) worker.counters[ServerCounter.GET_EXPIRED]++;
  else if (missReason === Miss.FLUSHED) worker.counters[ServerCounter.GET_FLUSHED]++;
}

export function reportHit(
  worker: WorkerContext,
  cfd: number,
  sizeClass: number,
  valueBytes: number,
  start: number,
  end: number,
): void {
  worker.activity.itemGet(FetchStatus.FOUND, sizeClass, cfd, valueBytes, worker.input, start, end);
}

export function reportMiss(worker: WorkerContext, cfd: number, missReason: number, start: number, end: number): void {
  worker.activity.itemGet(fetchStatusOf(missReason), 0, cfd, 0, worker.input, start, end);
}

function fetchStatusOf(missReason: number): number {
  if (missReason === Miss.EXPIRED) return FetchStatus.EXPIRED;
  return missReason === Miss.FLUSHED ? FetchStatus.FLUSHED : FetchStatus.NOT_FOUND;
}

/** Somebody watches fetches, or statistics by prefix are on: a get or touch has more to do than to answer. */
export function isGetObserved(worker: WorkerContext): boolean {
  return (worker.activity.words[0] & Watch.FETCHERS) !== 0 || worker.settings.detailEnabled;
}

/** A get of the request's key has found the item that worker.reads shows. */
export function observeHit(worker: WorkerContext, cfd: number): void {
  const { keyStart, keyEnd } = worker.request;
  if (worker.settings.detailEnabled) worker.prefixes.recordGet(worker.input, keyStart, keyEnd, true);
  if ((worker.activity.words[0] & Watch.FETCHERS) === 0) return;
  const { ref, valueBytes } = worker.reads.found;
  reportHit(worker, cfd, worker.store.sizeClass(ref), valueBytes, keyStart, keyEnd);
}

/** A get of the request's key has found nothing. */
export function observeMiss(worker: WorkerContext, cfd: number, missReason: number): void {
  const { keyStart, keyEnd } = worker.request;
  if (worker.settings.detailEnabled) worker.prefixes.recordGet(worker.input, keyStart, keyEnd, false);
  if ((worker.activity.words[0] & Watch.FETCHERS) === 0) return;
  reportMiss(worker, cfd, missReason, keyStart, keyEnd);
}
