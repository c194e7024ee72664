/**
 * The maintenance thread: the task file of the piscina pool that maintenance-schedule.ts keeps.
 *
 * `attach` comes first and once, then `step` again and again: LRU moves, the expiry crawl, page moves and key dumps, in
 * pieces of a few milliseconds. A step answers when the next one is due. The thread has its own rows of counters.
 */
import { Maintenance, Store } from '@shoal/store';
import { ActivityLog } from './activity-log.js';
import { observeEvictions } from './eviction-watch.js';
import { DumpStep, KeyDump } from './key-dump.js';
import { ServerCounters } from './server-counters.js';
import { Wakeups } from './wakeups.js';
import { maintenanceRow, type ServerParts } from './worker-parts.js';

/** Work of one task, so that the main thread hears of it in between. */
const STEP_BUDGET_MS = 5;
/** The reader of a key dump has to take something first. */
const DUMP_FULL_DELAY_MS = 5;

interface Attached {
  readonly maintenance: Maintenance;
  readonly dump: KeyDump;
}

let attached: Attached | null = null;

export function attach(parts: ServerParts): void {
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
  attached = { maintenance: new Maintenance(store), dump };
}

/** Milliseconds until the next step is due. */
export function step(): number {
  if (attached === null) throw new Error('Cannot maintain the store: nothing is attached');
  const endMs = performance.now() + STEP_BUDGET_MS;
  let delayMs = 0;
  while (delayMs === 0 && performance.now() < endMs) {
    delayMs = Math.min(attached.maintenance.step(performance.now()), stepDump(attached.dump));
  }
  return delayMs;
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
