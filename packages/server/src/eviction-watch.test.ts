import { describe, expect, test } from '@jest/globals';
import { formatEntry } from './activity-line.js';
import { Watch } from './activity-log.js';
import { ActivityReader } from './activity-reader.js';
import { observeEvictions } from './eviction-watch.js';
import { AdminWorker, NOW } from './testing/admin-worker.js';

const MIB = 1024 * 1024;

function evictingDesk(): AdminWorker {
  const desk = new AdminWorker({ memoryLimitBytes: 2 * MIB, lruMaintainer: false, lruSegmented: false });
  desk.worker.store.evictionObserver = observeEvictions(desk.worker.store, desk.worker.activity);
  return desk;
}

function linesOf(desk: AdminWorker): string[] {
  const lines: string[] = [];
  new ActivityReader(desk.activityShared).drain(0, (entry, text) => lines.push(formatEntry(entry, text)));
  return lines;
}

function overfill(desk: AdminWorker): void {
  for (let i = 0; i < 60; i++) desk.put(`key:${i}`, 'x'.repeat(60_000), { exptime: i === 0 ? NOW + 500 : 0 });
}

describe('evictions', () => {
  test('are told to watchers, oldest item first, with what the item was', () => {
    const desk = evictingDesk();
    desk.worker.activity.watchOnly(Watch.EVICTIONS);
    desk.put('before', 'x');
    desk.worker.store.clock.set(NOW);
    overfill(desk);
    const lines = linesOf(desk);
    expect(lines[0]).toMatch(/ type=eviction key=key%3A0 fetch=no ttl=500 la=0 clsid=30 size=60000\n$/);
    expect(lines[1]).toMatch(/ type=eviction key=key%3A1 fetch=no ttl=-1 la=0 clsid=30 size=60000\n$/);
    expect(lines.length).toBe(Number(desk.stats('stats').get('evictions')));
  });

  test('leave no trace while nobody watches them', () => {
    const desk = evictingDesk();
    desk.worker.activity.watchOnly(Watch.FETCHERS);
    overfill(desk);
    expect(Number(desk.stats('stats').get('evictions'))).toBeGreaterThan(0);
    expect(linesOf(desk)).toEqual([]);
  });
});
