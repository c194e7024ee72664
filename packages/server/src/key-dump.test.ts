import { describe, expect, test } from '@jest/globals';
import { ItemMark } from '@shoal/store';
import { abandonOutbox, pumpOutbox } from './commands/watch.js';
import { DumpStep, KeyDump } from './key-dump.js';
import { OutboxState } from './outbox.js';
import { AdminWorker, NOW, START_UNIX_SECONDS } from './testing/admin-worker.js';
import { Outcome } from './worker-context.js';

const STORED_AT = START_UNIX_SECONDS + NOW;

function makeDump(desk: AdminWorker): { dump: KeyDump; woken: number[] } {
  const woken: number[] = [];
  const { outboxesShared, worker } = desk;
  const dump = new KeyDump({
    store: worker.store,
    outboxes: outboxesShared,
    wakeWorker: (id) => woken.push(id),
    startUnixSeconds: START_UNIX_SECONDS,
  });
  return { dump, woken };
}

/** Lets producer and reader take turns until the dump is over; answers what the connection received after OK. */
function readDump(desk: AdminWorker, dump: KeyDump): string {
  const { output } = desk.worker;
  let text = '';
  for (;;) {
    dump.step();
    output.at = 0;
    const outcome = pumpOutbox(desk.worker, desk.connection.outbox);
    text += Buffer.from(output.slice()).toString('latin1');
    if (outcome === Outcome.OPEN) return text;
  }
}

describe('a key dump', () => {
  test('lists items with all that metadump shows', () => {
    const desk = new AdminWorker();
    const { dump, woken } = makeDump(desk);
    desk.put('a', 'abc');
    expect(desk.ask('lru_crawler metadump all\r\n')).toBe('OK\r\n');
    expect(readDump(desk, dump)).toBe(`key=a exp=-1 la=${STORED_AT} cas=2 fetch=no cls=1 size=63 flags=0 \nEND\r\n`);
    expect(woken.length).toBeGreaterThan(0);
    expect(desk.worker.outboxes.stateOf(desk.connection.outbox)).toBe(OutboxState.FREE);
  });

  test('shows expiry, client flags, fetches, and keys as URIs', () => {
    const desk = new AdminWorker();
    const { dump } = makeDump(desk);
    const ref = desk.put('b:#', 'x'.repeat(300), { exptime: NOW + 100, flags: 0xffff_ffff | 0 });
    desk.worker.store.setMarkLocked(ref, ItemMark.FETCHED);
    desk.ask('lru_crawler metadump hash\r\n');
    expect(readDump(desk, dump)).toBe(
      `key=b%3A%23 exp=${STORED_AT + 100} la=${STORED_AT} cas=2 fetch=yes cls=7 size=366 flags=4294967295 \nEND\r\n`,
    );
  });

  test('of meta gets lists keys, binary ones in base64', () => {
    const desk = new AdminWorker();
    const { dump } = makeDump(desk);
    desk.put('plain', 'x');
    desk.ask('lru_crawler mgdump all\r\n');
    expect(readDump(desk, dump)).toBe('mg plain\r\nEN\r\n');
    desk.worker.store.flushAll(NOW);
    const ref = desk.put('a\r\nb', 'x');
    desk.worker.store.setMarkLocked(ref, ItemMark.KEY_BINARY);
    desk.ask('lru_crawler mgdump all\r\n');
    expect(readDump(desk, dump)).toBe(`mg ${Buffer.from('a\r\nb').toString('base64')} b\r\nEN\r\n`);
  });

  test('leaves out dead items and other classes', () => {
    const desk = new AdminWorker();
    const { dump } = makeDump(desk);
    desk.put('live', 'x');
    desk.put('large', 'x'.repeat(300));
    desk.put('dead', 'x', { exptime: NOW + 5 });
    desk.worker.store.clock.set(NOW + 6);
    desk.ask('lru_crawler mgdump 1\r\n');
    expect(readDump(desk, dump)).toBe('mg live\r\nEN\r\n');
  });

  test('of an empty cache is its end', () => {
    const desk = new AdminWorker();
    const { dump } = makeDump(desk);
    desk.ask('lru_crawler metadump all\r\n');
    expect(readDump(desk, dump)).toBe('END\r\n');
  });

  test('much larger than its outbox waits for the reader and brings every key once', () => {
    const desk = new AdminWorker({ watcherLogBufferBytes: 8192 });
    const { dump } = makeDump(desk);
    const keys = Array.from({ length: 20_000 }, (_, i) => `some-rather-long-prefix-of-a-key:${i}`);
    for (const key of keys) desk.put(key, 'x');
    desk.ask('lru_crawler mgdump all\r\n');
    while (dump.step() !== DumpStep.FULL);
    expect(dump.step()).toBe(DumpStep.FULL);
    const listed = readDump(desk, dump).split('\r\n').slice(0, -2);
    expect(listed.sort()).toEqual(keys.map((key) => `mg ${key}`).sort());
  });

  test('ends when its reader has gone, and the next one starts from the beginning', () => {
    const desk = new AdminWorker({ watcherLogBufferBytes: 8192 });
    const { dump } = makeDump(desk);
    for (let i = 0; i < 2000; i++) desk.put(`key-number-${i}`, 'x');
    desk.ask('lru_crawler mgdump all\r\n');
    while (dump.step() !== DumpStep.FULL);
    abandonOutbox(desk.worker, desk.connection.outbox);
    expect(desk.hostCalls.at(-1)).toBe('wake maintenance');
    expect(dump.isRequested()).toBe(true);
    expect(dump.step()).toBe(DumpStep.IDLE);
    expect(dump.isRequested()).toBe(false);
    desk.ask('lru_crawler mgdump all\r\n');
    expect(readDump(desk, dump).split('\r\n')).toHaveLength(2002);
  });
});

describe('a watcher', () => {
  test('is fed in pieces and never gets to be an ordinary connection again', () => {
    const desk = new AdminWorker();
    desk.ask('watch\r\n');
    const { outboxes } = desk.worker;
    const slot = desk.connection.outbox;
    const bytes = new Uint8Array(100_000).fill(65);
    outboxes.put(slot, bytes, 0, bytes.length);
    desk.worker.output.at = 0;
    expect([pumpOutbox(desk.worker, slot), desk.worker.output.at]).toEqual([Outcome.STREAM, 65_536]);
    expect([pumpOutbox(desk.worker, slot), desk.worker.output.at]).toEqual([Outcome.STREAM, 100_000]);
    expect([pumpOutbox(desk.worker, slot), desk.worker.output.at]).toEqual([Outcome.STREAM, 100_000]);
  });

  test('that leaves takes what only it watched off the mask and tells the main thread', () => {
    const desk = new AdminWorker();
    desk.ask('watch mutations\r\n');
    const mutations = desk.connection.outbox;
    desk.ask('watch fetchers\r\n');
    const both = desk.worker.activity.words[0];
    abandonOutbox(desk.worker, mutations);
    expect(desk.worker.activity.words[0]).toBe(desk.worker.outboxes.subjectOf(desk.connection.outbox));
    expect(desk.worker.activity.words[0]).toBeLessThan(both);
    expect(desk.hostCalls).toEqual(['watchers changed', 'watchers changed', 'watchers changed']);
  });
});
