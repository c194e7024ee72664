/**
 * The maintenance thread: the task file of the piscina pool that maintenance-schedule.ts keeps.
 *
 * `attach` comes first and once, then `work` again and again: LRU moves, the expiry crawl, page moves and key dumps, in
 * bounded steps. Between steps that are due soon the thread sleeps where it is, for a task costs the main thread some
 * 0.1 ms; it comes back when there is nothing to do for a while, and answers how long. The thread has its own rows of counters.
 */
import { Maintenance, Store } from '@shoal/store';
import { ActivityLog } from './activity-log.js';
import { observeEvictions } from './eviction-watch.js';
import { DumpStep, KeyDump } from './key-dump.js';
import { ServerCounters } from './server-counters.js';
import { Wakeups } from './wakeups.js';
import { maintenanceRow, type ServerParts } from './worker-parts.js';

/** Length of one task, so that the pool can end the thread. */
const TASK_MAX_MS = 500;
/** A pause longer than this is spent outside of the task. */
const PAUSE_MAX_MS = 100;
/** The reader of a key dump has to take something first. */
const DUMP_FULL_DELAY_MS = 5;

interface Attached {
  readonly maintenance: Maintenance;
  readonly dump: KeyDump;
  /** One word, changed and notified by the schedule when work was requested. */
  readonly alarm: Int32Array;
}

let attached: Attached | null = null;

export function attach({ parts, alarm }: { parts: ServerParts; alarm: SharedArrayBuffer }): void {
  const row = maintenanceRow(parts.settings.options.threads);
  const store = new Store(parts.arena, row);
  const wakeups = new Wakeups(parts.wakeups);
  const activity = new ActivityLog(parts.activity, row, new ServerCounters(parts.counters).row(row));
  store.evictionObserver = observeEvictions(store, activity);
  const dump = new KeyDump({
    store,
    outboxes: parts.outboxes,
    wakeWorker: (id) => wakeups.wake(id),
    startUnixSeconds: parts.settings.startUnixSeconds,
  });
  attached = { maintenance: new Maintenance(store), dump, alarm: new Int32Array(alarm) };
}

/** Steps until nothing is due for a while; milliseconds until something is. */
export function work(): number {
  if (attached === null) throw new Error('Cannot maintain the store: nothing is attached');
  const { maintenance, dump, alarm } = attached;
  const endMs = performance.now() + TASK_MAX_MS;
  for (;;) {
    const rung = Atomics.load(alarm, 0);
    const nowMs = performance.now();
    const delayMs = Math.min(maintenance.step(nowMs), stepDump(dump));
    if (delayMs > PAUSE_MAX_MS || nowMs > endMs) return delayMs;
    if (delayMs > 0) Atomics.wait(alarm, 0, rung, delayMs);
  }
}

function stepDump(dump: KeyDump): number {
  if (!dump.isRequested()) return Number.POSITIVE_INFINITY;
  switch (dump.step()) {
    case DumpStep.MORE:
      return 0;
    case DumpStep.FULL:
      return DUMP_FULL_DELAY_MS;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
