import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { ByteWriter } from '@shoal/protocol';
import { PREFIXES_MAX, PrefixTable, sharePrefixes } from './prefix-table.js';

const COLON = ':'.charCodeAt(0);

function make(): PrefixTable {
  return new PrefixTable(sharePrefixes(), COLON);
}

function dump(table: PrefixTable): string[] {
  const writer = new ByteWriter(64);
  table.dump(writer);
  return Buffer.from(writer.slice()).toString('latin1').split('\r\n').slice(0, -1);
}

function get(table: PrefixTable, key: string, isHit = false): void {
  const bytes = Buffer.from(`__${key}`, 'latin1');
  table.recordGet(bytes, 2, bytes.length, isHit);
}

describe('counts by prefix', () => {
  test('tell gets, hits, sets and deletes of each prefix apart, in the order prefixes came', () => {
    const table = make();
    const foo = Buffer.from('foo:1');
    get(table, 'foo:1');
    get(table, 'foo:22', true);
    table.recordSet(foo, 0, foo.length);
    get(table, 'bar:x');
    table.recordDelete(foo, 0, foo.length);
    expect(dump(table)).toEqual(['PREFIX foo get 2 hit 1 set 1 del 1', 'PREFIX bar get 1 hit 0 set 0 del 0']);
  });

  test('leave out keys without the delimiter and know the empty prefix', () => {
    const table = make();
    get(table, 'nodelimiter');
    expect(dump(table)).toEqual([]);
    get(table, ':x');
    expect(dump(table)).toEqual(['PREFIX  get 1 hit 0 set 0 del 0']);
  });

  test('end a prefix at the byte that was configured', () => {
    const table = new PrefixTable(sharePrefixes(), '/'.charCodeAt(0));
    get(table, 'a:b/c');
    expect(dump(table)).toEqual(['PREFIX a:b get 1 hit 0 set 0 del 0']);
  });

  test('take prefixes of up to 249 bytes', () => {
    const table = make();
    get(table, `${'p'.repeat(249)}:`);
    get(table, `${'p'.repeat(248)}q:`);
    expect(dump(table)).toEqual([
      `PREFIX ${'p'.repeat(249)} get 1 hit 0 set 0 del 0`,
      `PREFIX ${'p'.repeat(248)}q get 1 hit 0 set 0 del 0`,
    ]);
  });

  test('start anew after a clear, entries used before included', () => {
    const table = make();
    get(table, 'foo:1', true);
    table.clear();
    expect(dump(table)).toEqual([]);
    get(table, 'bar:1');
    expect(dump(table)).toEqual(['PREFIX bar get 1 hit 0 set 0 del 0']);
  });

  test('stop at 65,536 prefixes and go on counting those known', () => {
    const table = make();
    for (let i = 0; i < PREFIXES_MAX + 1000; i++) get(table, `${i}:k`);
    get(table, '0:k');
    get(table, `${PREFIXES_MAX - 1}:k`);
    const lines = dump(table);
    expect(lines).toHaveLength(PREFIXES_MAX);
    expect(lines[0]).toBe('PREFIX 0 get 2 hit 0 set 0 del 0');
    expect(lines.at(-1)).toBe(`PREFIX ${PREFIXES_MAX - 1} get 2 hit 0 set 0 del 0`);
  });
});

describe('several threads', () => {
  const COUNTER = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ PrefixTable }) => {
      const table = new PrefixTable(workerData.shared, 58);
      for (let round = 0; round < workerData.rounds; round++) {
        const key = Buffer.from((round % workerData.prefixes) + ':k');
        table.recordGet(key, 0, key.length, true);
      }
      parentPort.postMessage('done');
    });`;

  test('that meet the same new prefixes at once enter each one once and count all', async () => {
    const shared = sharePrefixes();
    const module = new URL('../dist/prefix-table.js', import.meta.url).href;
    const workerData = { module, shared, rounds: 30_000, prefixes: 3000 };
    const workers = [0, 1, 2].map(() => new Worker(COUNTER, { eval: true, workerData }));
    await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
    await Promise.all(workers.map((worker) => worker.terminate()));
    const lines = dump(new PrefixTable(shared, COLON));
    expect(lines).toHaveLength(3000);
    expect(lines.every((line) => / get 30 hit 30 set 0 del 0$/.test(line))).toBe(true);
  });
});
