import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { DeleteCommand, EntryType, FetchStatus, Field, StoreCommand, StoreStatus, Watch } from '../activity-log.js';
import { ActivityReader } from '../activity-reader.js';
import { ServerCounter } from '../server-counters.js';
import { NOW } from '../testing/admin-worker.js';
import { countExtras, frame } from '../testing/binary-frames.js';
import { Conversation, makeWorker } from '../testing/conversation.js';
import type { WorkerContext } from '../worker-context.js';

const SIZES = { store: { itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024, memoryLimitBytes: 8 * 2 ** 20 } };

/** Events as short words: what a command reports while everything is watched. */
function eventsOf(worker: WorkerContext, sent: string): string[] {
  worker.activity.watchOnly(Watch.FETCHERS | Watch.MUTATIONS | Watch.DELETIONS);
  new Conversation(worker).send(sent);
  const events: string[] = [];
  new ActivityReader(worker.activity.shared).drain(0, (entry, text) => {
    const field = (index: number) => entry.getInt32(index * 4, true);
    const key = Buffer.from(text).toString('latin1');
    const [a, b, c, d, e, f] = [Field.A, Field.B, Field.C, Field.D, Field.E, Field.F].map(field);
    if (field(Field.TYPE) === EntryType.ITEM_GET) events.push(`get ${key} ${a} class ${b} cfd ${c} size ${d}`);
    else if (field(Field.TYPE) === EntryType.ITEM_STORE) events.push(`store ${key} ${a} by ${e} ttl ${f} size ${d}`);
    else events.push(`delete ${key} by ${e} class ${b} size ${d}`);
  });
  return events;
}

describe('watchers', () => {
  test('a set is a lookup and a store, a get a lookup', () => {
    const worker = makeWorker(SIZES);
    expect(eventsOf(worker, 'set a 0 100 1\r\nx\r\nget a b\r\nset a 0 0 2\r\nyy\r\n')).toEqual([
      `get a ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
      `store a ${StoreStatus.STORED} by ${StoreCommand.SET} ttl 100 size 1`,
      `get a ${FetchStatus.FOUND} class 1 cfd 1 size 1`,
      `get b ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
      `get a ${FetchStatus.FOUND} class 1 cfd 1 size 1`,
      `store a ${StoreStatus.STORED} by ${StoreCommand.SET} ttl 0 size 2`,
    ]);
  });

  test('stores that fail are reported with their reason', () => {
    const worker = makeWorker(SIZES);
    expect(
      eventsOf(worker, `replace a 0 0 1\r\nx\r\ncas a 0 0 1 5\r\nx\r\nset a 0 0 2000\r\n${'x'.repeat(2000)}\r\n`),
    ).toEqual([
      `get a ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
      `store a ${StoreStatus.NOT_STORED} by ${StoreCommand.REPLACE} ttl 0 size 1`,
      `get a ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
      `store a ${StoreStatus.NOT_FOUND} by ${StoreCommand.CAS} ttl 0 size 1`,
      `store a ${StoreStatus.TOO_LARGE} by ${StoreCommand.SET} ttl 0 size 0`,
      `get a ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
    ]);
  });

  test('an append is reported with its joined length', () => {
    const worker = makeWorker(SIZES);
    new Conversation(worker).send('set a 0 0 2\r\nab\r\n');
    expect(eventsOf(worker, 'append a 0 0 3\r\ncde\r\n')).toContain(
      `store a ${StoreStatus.STORED} by ${StoreCommand.APPEND} ttl 0 size 5`,
    );
  });

  test('expired and flushed items are told apart from absent ones', () => {
    const worker = makeWorker(SIZES);
    new Conversation(worker).send('set a 0 -1 1\r\nx\r\nset b 0 0 1\r\nx\r\n');
    worker.store.flushAll(NOW);
    new Conversation(worker).send('set c 0 -1 1\r\nx\r\n');
    expect(eventsOf(worker, 'get b\r\nmg c\r\nget d\r\n')).toEqual([
      `get b ${FetchStatus.FLUSHED} class 0 cfd 1 size 0`,
      `get c ${FetchStatus.EXPIRED} class 0 cfd 1 size 0`,
      `get d ${FetchStatus.NOT_FOUND} class 0 cfd 1 size 0`,
    ]);
  });

  test('deletes of the text and the meta dialect are reported', () => {
    const worker = makeWorker(SIZES);
    const events = eventsOf(worker, 'set a 0 0 1\r\nx\r\ndelete a\r\nms b 2\r\nxy\r\nmd b\r\ndelete b\r\n');
    expect(events.filter((event) => event.startsWith('delete'))).toEqual([
      `delete a by ${DeleteCommand.DELETE} class 1 size 1`,
      `delete b by ${DeleteCommand.META_DELETE} class 1 size 2`,
    ]);
  });

  test('counters that come to be are reported as adds', () => {
    const worker = makeWorker(SIZES);
    const created = frame({ opcode: Opcode.INCREMENT, key: 'b', extras: countExtras(1n, 7n, 0) });
    expect(eventsOf(worker, 'ma a N0\r\n')).toContain(
      `store a ${StoreStatus.STORED} by ${StoreCommand.ADD} ttl 0 size 1`,
    );
    expect(eventsOf(worker, created)).toContain(`store b ${StoreStatus.STORED} by ${StoreCommand.ADD} ttl 0 size 1`);
  });
});

describe('statistics by prefix', () => {
  test('gets, sets and deletes of the classic commands are counted, those of the meta dialect are not', () => {
    const worker = makeWorker();
    worker.settings.detailEnabled = true;
    new Conversation(worker).send(
      'set p:a 0 0 1\r\nx\r\nget p:a p:b\r\ngat 0 p:a\r\ndelete p:a\r\nms p:c 1\r\nx\r\nmg p:c\r\nmd p:c\r\n',
    );
    worker.prefixes.dump(worker.output);
    expect(Buffer.from(worker.output.slice()).toString('latin1')).toContain('PREFIX p get 3 hit 2 set 1 del 1\r\n');
  });
});

describe('counters', () => {
  test('misses, expired and flushed items, and refused stores are counted', () => {
    const worker = makeWorker(SIZES);
    const count = (counter: number) => worker.counters[counter];
    const send = (text: string) => new Conversation(worker).send(text);
    send(
      'get a b\r\nmg a\r\ngat 0 a\r\ntouch a 0\r\ndelete a\r\nmd a\r\nincr a 1\r\ndecr a 1\r\nma a\r\ncas a 0 0 1 1\r\nx\r\n',
    );
    send('set e 0 -1 1\r\nx\r\nget e\r\nset e 0 -1 1\r\nx\r\nset e 0 0 1\r\nx\r\n');
    worker.store.flushAll(NOW);
    send(`get e\r\nset a 0 0 2000\r\n${'x'.repeat(2000)}\r\nme a\r\nme b\r\n`);
    expect(count(ServerCounter.GET_MISSES)).toBe(5);
    expect(count(ServerCounter.TOUCH_MISSES)).toBe(2);
    expect(count(ServerCounter.DELETE_MISSES)).toBe(2);
    expect(count(ServerCounter.INCR_MISSES)).toBe(2);
    expect(count(ServerCounter.DECR_MISSES)).toBe(1);
    expect(count(ServerCounter.CAS_MISSES)).toBe(1);
    expect(count(ServerCounter.GET_EXPIRED)).toBe(2);
    expect(count(ServerCounter.GET_FLUSHED)).toBe(1);
    expect(count(ServerCounter.STORE_TOO_LARGE)).toBe(1);
    expect(count(ServerCounter.CMD_META)).toBe(2);
  });

  test('hits are counted by class', () => {
    const worker = makeWorker(SIZES);
    new Conversation(worker).send(
      'set n 0 0 1\r\n5\r\nget n n\r\nmg n\r\nmg n T0\r\ngat 0 n\r\ntouch n 0\r\nincr n 1\r\ndecr n 1\r\nms n 1 C1\r\n5\r\nms n 1\r\n5\r\nmd n x\r\nmd n I\r\ndelete n\r\n',
    );
    const { statistics } = worker.store;
    expect(statistics.getHits).toBe(3);
    expect(statistics.classTotal(ClassCounter.CMD_SET)).toBe(3);
    expect(statistics.classTotal(ClassCounter.TOUCH_HITS)).toBe(3);
    expect(statistics.classTotal(ClassCounter.INCR_HITS)).toBe(1);
    expect(statistics.classTotal(ClassCounter.DECR_HITS)).toBe(1);
    expect(statistics.classTotal(ClassCounter.CAS_BADVAL)).toBe(1);
    expect(statistics.classTotal(ClassCounter.DELETE_HITS)).toBe(2);
  });
});
