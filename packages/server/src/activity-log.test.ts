import { describe, expect, test } from '@jest/globals';
import { encodeUri, formatEntry } from './activity-line.js';
import {
  ActivityLog,
  type ActivityShared,
  ConnectionTransport,
  currentGid,
  DeleteCommand,
  FetchStatus,
  StoreCommand,
  StoreStatus,
  shareActivity,
  Watch,
} from './activity-log.js';
import { ActivityReader } from './activity-reader.js';
import { SERVER_COUNTERS, ServerCounter } from './server-counters.js';

const RING_BYTES = 4096;

function make(ringBytes = RING_BYTES): {
  log: ActivityLog;
  counters: Float64Array;
  shared: ActivityShared;
  lines: () => string[];
} {
  const shared = shareActivity({ rows: 2, ringBytes });
  const counters = new Float64Array(SERVER_COUNTERS);
  const reader = new ActivityReader(shared);
  const lines = () => {
    const drained: string[] = [];
    for (let row = 0; row < reader.rows; row++)
      reader.drain(row, (entry, text) => drained.push(formatEntry(entry, text)));
    return drained;
  };
  return { log: new ActivityLog(shared, 0, counters), counters, shared, lines };
}

const KEY = Buffer.from('xxfoo:bar#yy');

describe('lines of watch', () => {
  test.each<[string, (log: ActivityLog) => void, string]>([
    [
      'a fetch',
      (log) => log.itemGet(FetchStatus.NOT_FOUND, 0, 13, 0, KEY, 2, 9),
      'type=item_get key=foo%3Abar status=not_found clsid=0 cfd=13 size=0',
    ],
    [
      'a fetch of what a flush removed',
      (log) => log.itemGet(FetchStatus.FLUSHED, 1, 13, 7, KEY, 2, 5),
      'type=item_get key=foo status=flushed clsid=1 cfd=13 size=7',
    ],
    [
      'a store',
      (log) => log.itemStore(StoreStatus.STORED, StoreCommand.SET, 100, 1, 13, 1, KEY, 9, 10),
      'type=item_store key=%23 status=stored cmd=set ttl=100 clsid=1 cfd=13 size=1',
    ],
    [
      'a store that is over from the start, as the unsigned number memcached prints',
      (log) => log.itemStore(StoreStatus.NO_MEMORY, StoreCommand.CAS, -99, 1, 13, 1, KEY, 2, 5),
      'type=item_store key=foo status=no_memory cmd=cas ttl=4294967197 clsid=1 cfd=13 size=1',
    ],
    [
      'a deletion',
      (log) => log.itemDeleted(DeleteCommand.META_DELETE, 3, 44, KEY, 2, 5),
      'type=deleted key=foo cmd=md clsid=3 size=44',
    ],
    [
      'an eviction',
      (log) => log.eviction(true, -1, 60, 21, 11000, KEY, 2, 5),
      'type=eviction key=foo fetch=yes ttl=-1 la=60 clsid=21 size=11000',
    ],
    [
      'a new connection',
      (log) => log.connectionNew(15, ConnectionTransport.TCP, '::1', 33010),
      'type=conn_new rip=::1 rport=33010 transport=tcp cfd=15',
    ],
    [
      'a closed connection',
      (log) => log.connectionClose(16, ConnectionTransport.LOCAL, 1, 'unix', 0),
      'type=conn_close rip=unix rport=0 transport=local reason=normal cfd=16',
    ],
  ])('tell of %s', (_, write, expected) => {
    const { log, lines } = make();
    log.watchOnly(Watch.CONNECTIONS);
    write(log);
    const [line] = lines();
    expect(line).toMatch(/^ts=\d+\.\d+ gid=1 /);
    expect(line.slice(line.indexOf('type='))).toBe(`${expected}\n`);
  });

  test('carry the time of the entry', () => {
    const { log, lines } = make();
    const before = Date.now() / 1000;
    log.itemGet(FetchStatus.FOUND, 1, 1, 1, KEY, 0, 1);
    const [, seconds, microseconds] = /^ts=(\d+)\.(\d+)/.exec(lines()[0]) ?? [];
    const time = Number(seconds) + Number(microseconds) / 1e6;
    expect(Math.abs(time - before)).toBeLessThan(1);
    expect(Number(microseconds)).toBeLessThan(1e6);
  });

  test('show keys as URIs do', () => {
    expect(encodeUri(Buffer.from('aZ09-._~ /%\u0000\u00ff', 'latin1'))).toBe('aZ09-._~%20%2F%25%00%FF');
  });
});

describe('the ring of a thread', () => {
  test('is empty and unwatched at first', () => {
    const { log, lines } = make();
    expect(log.words[0]).toBe(0);
    expect(lines()).toEqual([]);
  });

  test('numbers entries across threads in the order they were made', () => {
    const { log, shared, lines } = make();
    const other = new ActivityLog(shared, 1, new Float64Array(SERVER_COUNTERS));
    log.itemGet(FetchStatus.FOUND, 1, 1, 1, KEY, 0, 1);
    other.itemGet(FetchStatus.FOUND, 1, 2, 1, KEY, 0, 1);
    log.itemGet(FetchStatus.FOUND, 1, 3, 1, KEY, 0, 1);
    const order = lines().map((line) => /gid=(\d+).*cfd=(\d+)/.exec(line)?.slice(1, 3));
    expect(order).toEqual([
      ['1', '1'],
      ['3', '3'],
      ['2', '2'],
    ]);
    expect(currentGid(shared)).toBe(3n);
  });

  test('drops and counts what finds it full, and takes entries again once it was read', () => {
    const { log, counters, lines } = make();
    for (let i = 0; i < 1000; i++) log.itemGet(FetchStatus.FOUND, 1, i, 1, KEY, 2, 9);
    const written = counters[ServerCounter.LOG_WORKER_WRITTEN];
    expect(written).toBeGreaterThan(50);
    expect(counters[ServerCounter.LOG_WORKER_DROPPED]).toBe(1000 - written);
    expect(lines()).toHaveLength(written);
    log.itemGet(FetchStatus.FOUND, 1, 1, 1, KEY, 2, 9);
    expect(lines()).toHaveLength(1);
  });

  test('passes its end again and again without losing or changing an entry', () => {
    const { log, counters, lines } = make();
    const key = Buffer.alloc(250, 'k');
    const seen: string[] = [];
    for (let i = 0; i < 2000; i++) {
      log.itemGet(FetchStatus.FOUND, 1, i, 1, key, 0, (i * 7) % 251);
      if (i % 3 === 0) seen.push(...lines());
    }
    seen.push(...lines());
    expect(counters[ServerCounter.LOG_WORKER_DROPPED]).toBe(0);
    expect(seen.map((line) => Number(/cfd=(\d+)/.exec(line)?.[1]))).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    expect(seen.every((line, i) => line.includes(`key=${'k'.repeat((i * 7) % 251)} `))).toBe(true);
  });

  test('takes no connection event while nobody watches them', () => {
    const { log, counters, lines } = make();
    log.watchOnly(Watch.FETCHERS);
    log.connectionNew(15, ConnectionTransport.TCP, '::1', 33010);
    log.connectionClose(15, ConnectionTransport.TCP, 1, '::1', 33010);
    expect(lines()).toEqual([]);
    expect(counters[ServerCounter.LOG_WORKER_WRITTEN]).toBe(0);
  });

  test('shows its mask to every thread', () => {
    const { log, shared } = make();
    log.watchOnly(Watch.FETCHERS | Watch.EVICTIONS);
    const other = new ActivityLog(shared, 1, new Float64Array(SERVER_COUNTERS));
    expect(other.words[0] & Watch.FETCHERS).not.toBe(0);
    expect(other.words[0] & Watch.MUTATIONS).toBe(0);
  });
});
