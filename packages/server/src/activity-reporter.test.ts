import { afterEach, describe, expect, test } from '@jest/globals';
import {
  ActivityLog,
  currentGid,
  FetchStatus,
  StoreCommand,
  StoreStatus,
  shareActivity,
  Watch,
} from './activity-log.js';
import { ActivityReporter } from './activity-reporter.js';
import { Outboxes, OutboxState, shareOutboxes } from './outbox.js';
import { SERVER_COUNTERS, ServerCounter } from './server-counters.js';

const SLOT_BYTES = 8192;
const KEY = Buffer.from('foo');
const OWNER = 3;

class Stage {
  readonly activity = shareActivity({ rows: 2, ringBytes: 65_536 });
  readonly #outboxesShared = shareOutboxes({ slotBytes: SLOT_BYTES });
  readonly outboxes = new Outboxes(this.#outboxesShared);
  readonly counters = new Float64Array(SERVER_COUNTERS);
  readonly woken: number[] = [];
  readonly logs = [0, 1].map((row) => new ActivityLog(this.activity, row, new Float64Array(SERVER_COUNTERS)));
  readonly reporter = new ActivityReporter({
    activity: this.activity,
    outboxes: this.#outboxesShared,
    counters: this.counters,
    wakeWorker: (worker) => this.woken.push(worker),
  });

  watch(kinds: number): number {
    const startGid = currentGid(this.activity);
    return this.outboxes.claimWatch(OWNER, { kinds, startGid }, (wanted) => this.logs[0].watchOnly(wanted));
  }

  fetch(row: number, cfd: number): void {
    this.logs[row].itemGet(FetchStatus.FOUND, 1, cfd, 1, KEY, 0, 3);
  }

  store(row: number): void {
    this.logs[row].itemStore(StoreStatus.STORED, StoreCommand.SET, 0, 1, 9, 1, KEY, 0, 3);
  }

  read(slot: number): string[] {
    const bytes = new Uint8Array(SLOT_BYTES);
    const text = Buffer.from(bytes.subarray(0, this.outboxes.take(slot, bytes, 0, SLOT_BYTES))).toString('latin1');
    return text.split('\n').slice(0, -1);
  }
}

const stages: Stage[] = [];

function makeStage(): Stage {
  const stage = new Stage();
  stages.push(stage);
  return stage;
}

afterEach(() => {
  for (const stage of stages.splice(0)) stage.reporter.stop();
});

describe('the reporter', () => {
  test('sends the entries of all threads in the order of their gid, to the owner of the watcher', () => {
    const stage = makeStage();
    const slot = stage.watch(Watch.FETCHERS);
    stage.fetch(1, 1);
    stage.fetch(0, 2);
    stage.fetch(1, 3);
    expect(stage.reporter.report()).toBe(3);
    expect(stage.read(slot).map((line) => /gid=(\d+).* cfd=(\d+)/.exec(line)?.slice(1, 3))).toEqual([
      ['1', '1'],
      ['2', '2'],
      ['3', '3'],
    ]);
    expect(stage.woken).toEqual([OWNER]);
    expect(stage.counters[ServerCounter.LOG_WATCHER_SENT]).toBe(3);
  });

  test('sends each watcher what it wants and wakes nobody without news', () => {
    const stage = makeStage();
    const fetchers = stage.watch(Watch.FETCHERS);
    const mutations = stage.watch(Watch.MUTATIONS);
    stage.store(0);
    stage.reporter.report();
    expect(stage.read(fetchers)).toEqual([]);
    expect(stage.read(mutations)).toEqual([expect.stringContaining('type=item_store')]);
    expect(stage.woken).toEqual([OWNER]);
  });

  test('tells a watcher nothing that was before it', () => {
    const stage = makeStage();
    stage.watch(Watch.FETCHERS);
    stage.fetch(0, 1);
    const late = stage.watch(Watch.FETCHERS);
    stage.fetch(0, 2);
    stage.reporter.report();
    expect(stage.read(late)).toEqual([expect.stringContaining('cfd=2')]);
  });

  test('skips lines for a watcher that does not read, counts them, and says how many before the next', () => {
    const stage = makeStage();
    const slow = stage.watch(Watch.FETCHERS);
    for (let i = 0; i < 200; i++) stage.fetch(0, i);
    stage.reporter.report();
    const sent = stage.counters[ServerCounter.LOG_WATCHER_SENT];
    expect(stage.counters[ServerCounter.LOG_WATCHER_SKIPPED]).toBe(200 - sent);
    expect(stage.read(slow)).toHaveLength(sent);
    stage.fetch(0, 777);
    stage.reporter.report();
    expect(stage.read(slow)).toEqual([`skipped=${200 - sent}`, expect.stringContaining('cfd=777')]);
    stage.fetch(0, 778);
    stage.reporter.report();
    expect(stage.read(slow)).toEqual([expect.stringContaining('cfd=778')]);
  });

  test('frees the slot of a watcher that has gone', () => {
    const stage = makeStage();
    const slot = stage.watch(Watch.FETCHERS);
    stage.reporter.report();
    stage.outboxes.abandon(slot, () => {});
    stage.fetch(0, 1);
    stage.reporter.report();
    expect(stage.outboxes.stateOf(slot)).toBe(OutboxState.FREE);
    expect(stage.watch(Watch.FETCHERS)).toBe(slot);
  });

  test('goes on by itself while somebody watches', async () => {
    const stage = makeStage();
    const slot = stage.watch(Watch.FETCHERS);
    stage.reporter.start();
    stage.fetch(1, 42);
    const deadline = Date.now() + 60_000;
    while (!stage.outboxes.isReady(slot) && Date.now() < deadline) await new Promise(setImmediate);
    expect(stage.read(slot)).toEqual([expect.stringContaining('cfd=42')]);
  });
});
