/**
 * The maintenance thread: the task file of the piscina pool that maintenance-schedule.ts keeps.
 *
 * `attach` comes first and once, then `work`, which lasts until the thread is ended: LRU moves, the expiry crawl, page moves and
 * key dumps, in bounded steps, and the clock. Between steps the thread sleeps where it is, because a task costs two messages,
 * and a message wakes two event loops. Idle, it wakes once a second. The thread has its own rows of counters.
 */
import { Maintenance, Store } from '@shoal/store';
import { ActivityLog } from './activity-log.js';
import { ServerClock } from './clock.js';
import { observeEvictions } from './eviction-watch.js';
import { DumpStep, KeyDump } from './key-dump.js';
import { MaintenancePace } from './maintenance-pace.js';
import { ServerCounter, ServerCounters } from './server-counters.js';
import { Settings } from './settings.js';
import { Wakeups } from './wakeups.js';
import { maintenanceRow, type ServerParts } from './worker-parts.js';

/** The reader of a key dump has to take something first. */
const DUMP_FULL_DELAY_MS = 5;

export interface Attachment {
  readonly parts: ServerParts;
  readonly alarm: SharedArrayBuffer;
  readonly startedAtMs: number;
}

interface Attached {
  readonly clock: ServerClock;
  readonly pace: MaintenancePace;
  readonly counters: ServerCounters;
  readonly maintenance: Maintenance;
  readonly dump: KeyDump;
  /** One word, changed and notified by the schedule when work was requested. */
  readonly alarm: Int32Array;
}

let attached: Attached | null = null;

export function attach({ parts, alarm, startedAtMs }: Attachment): void {
  const row = maintenanceRow(parts.settings.options.threads);
  const store = new Store(parts.arena, row);
  const wakeups = new Wakeups(parts.wakeups);
  const counters = new ServerCounters(parts.counters);
  const activity = new ActivityLog(parts.activity, row, counters.row(row));
  store.evictionObserver = observeEvictions(store, activity);
  const dump = new KeyDump({
    store,
    outboxes: parts.outboxes,
    wakeWorker: (id) => wakeups.wake(id),
    startUnixSeconds: parts.settings.startUnixSeconds,
  });
  const clock = new ServerClock(store, new Settings(parts.settings), startedAtMs);
  attached = {
    clock,
    pace: new MaintenancePace(),
    counters,
    maintenance: new Maintenance(store),
    dump,
    alarm: new Int32Array(alarm),
  };
}

/** Steps and sleeps until the pool ends the thread, which also ends a sleep. */
export function work(): never {
  if (attached === null) throw new Error('Cannot maintain the store: nothing is attached');
  const { clock, pace, counters, maintenance, dump, alarm } = attached;
  for (;;) {
    const rung = Atomics.load(alarm, 0);
    const nowMs = performance.now();
    const untilNextSecondMs = clock.tick(nowMs);
    if (pace.isDue(nowMs, { receivedBytes: counters.total(ServerCounter.BYTES_READ), rung })) {
      pace.noteStep(nowMs, Math.min(maintenance.step(nowMs), stepDump(dump)));
    }
    const delayMs = Math.min(untilNextSecondMs, pace.untilNextMs(nowMs));
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
