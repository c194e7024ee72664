/**
 * `stats items`: the queues of every size class that holds an item, 28 fields a class by default.
 *
 * Fields of the segmented LRU are there with the LRU maintainer, number_temp only with a temporary TTL.
 */
import { type ItemStatistics, Tuning } from '@shoal/store';
import type { WorkerContext } from '../worker-context.js';
import type { StatReport, StatValue } from './report.js';

export function reportItemClasses(worker: WorkerContext, report: StatReport): void {
  const { statistics } = worker.store;
  for (let id = 1; id <= statistics.largestClass; id++) {
    const items = statistics.itemsOf(id);
    if (itemCount(items) === 0) continue;
    const field = (name: string, value: StatValue) => report.stat(`items:${id}:${name}`, value);
    reportQueues(worker, items, field);
    reportEvictions(worker, items, field);
    if (worker.settings.options.lruMaintainer) reportMoves(items, field);
  }
}

type Field = (name: string, value: StatValue) => void;

function itemCount(items: ItemStatistics): number {
  return items.count.reduce((sum, count) => sum + count, 0);
}

function reportQueues(worker: WorkerContext, items: ItemStatistics, field: Field): void {
  const [hot, warm, cold, temporary] = items.count;
  const [hotAge, warmAge, coldAge] = items.ageSeconds;
  field('number', itemCount(items));
  if (worker.settings.options.lruMaintainer) {
    field('number_hot', hot);
    field('number_warm', warm);
    field('number_cold', cold);
    if (worker.store.tuning(Tuning.TEMPORARY_TTL_SECONDS) >= 0) field('number_temp', temporary);
    field('age_hot', hotAge);
    field('age_warm', warmAge);
  }
  field('age', coldAge);
  field('mem_requested', items.requestedBytes);
}

function reportEvictions(worker: WorkerContext, items: ItemStatistics, field: Field): void {
  field('evicted', items.evicted);
  field('evicted_nonzero', items.evictedNonzero);
  field('evicted_time', items.evictedTimeSeconds);
  field('outofmemory', items.outOfMemory);
  // Items with a leaked reference: there are none to leak here.
  field('tailrepairs', 0);
  field('reclaimed', items.reclaimed);
  field('expired_unfetched', items.expiredUnfetched);
  field('evicted_unfetched', items.evictedUnfetched);
  if (worker.settings.options.lruMaintainer) field('evicted_active', items.evictedActive);
  field('crawler_reclaimed', items.crawlerReclaimed);
  field('crawler_items_checked', items.crawlerItemsChecked);
  field('lrutail_reflocked', items.tailLocked);
}

function reportMoves(items: ItemStatistics, field: Field): void {
  const [hot, warm, cold, temporary] = items.hits;
  field('moves_to_cold', items.movesToCold);
  field('moves_to_warm', items.movesToWarm);
  field('moves_within_lru', items.movesWithinLru);
  field('direct_reclaims', items.directReclaims);
  field('hits_to_hot', hot);
  field('hits_to_warm', warm);
  field('hits_to_cold', cold);
  field('hits_to_temp', temporary);
}
