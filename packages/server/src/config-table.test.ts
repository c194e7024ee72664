import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { type Config, ConfigStore, ConfigTable, shareConfigs } from './config-table.js';

const CLUSTER = Buffer.from('cluster');
const LEGACY = Buffer.from('AmazonElastiCache:cluster');

function config(key: string, value: string | Uint8Array, parts: Partial<Config> = {}): Config {
  return { key: Buffer.from(key), value: Buffer.from(value as string), flags: 0, compareCas: 0n, ...parts };
}

function load(table: ConfigTable, key: string): string | null {
  const bytes = Buffer.from(key);
  return table.load(bytes, 0, bytes.length) ? Buffer.from(table.value.subarray(0, table.valueBytes)).toString() : null;
}

describe('the configuration table', () => {
  test('gives every thread what one stored, with its flags and a CAS that rises', () => {
    const shared = shareConfigs();
    const writer = new ConfigTable(shared);
    const reader = new ConfigTable(shared);
    expect(load(reader, 'cluster')).toBeNull();
    writer.store(config('cluster', '1\na|1.2.3.4|5\n', { flags: 0x8000_0001 | 0 }));
    expect(load(reader, 'cluster')).toBe('1\na|1.2.3.4|5\n');
    expect(reader.flags >>> 0).toBe(0x8000_0001);
    expect([reader.casLow, reader.casHigh]).toEqual([1, 0]);
    writer.store(config('cluster', '2\n'));
    expect(load(reader, 'cluster')).toBe('2\n');
    expect(reader.casLow).toBe(2);
    expect(reader.count).toBe(1);
  });

  test('keeps sixteen configurations of 65,536 bytes and refuses the next, but not a new value of an old one', () => {
    const table = new ConfigTable(shareConfigs());
    const value = Buffer.alloc(65_536, 'v');
    for (let i = 0; i < 16; i++) expect(table.store(config(`key-${i}`, value))).toBe(ConfigStore.STORED);
    expect(table.store(config('key-16', 'x'))).toBe(ConfigStore.FULL);
    expect(table.store(config('key-7', 'new'))).toBe(ConfigStore.STORED);
    expect(load(table, 'key-7')).toBe('new');
    expect(load(table, 'key-15')).toHaveLength(65_536);
    expect(table.keys().map((key) => Buffer.from(key).toString())).toEqual(
      Array.from({ length: 16 }, (_, i) => `key-${i}`),
    );
  });

  test('forgets a deleted configuration and has its room again', () => {
    const table = new ConfigTable(shareConfigs());
    expect(table.wasEverUsed).toBe(false);
    table.store(config('cluster', 'x'));
    expect(table.delete(CLUSTER, 0, CLUSTER.length)).toBe(true);
    expect(table.delete(CLUSTER, 0, CLUSTER.length)).toBe(false);
    expect(load(table, 'cluster')).toBeNull();
    expect([table.count, table.wasEverUsed]).toEqual([0, true]);
    for (let i = 0; i < 16; i++) expect(table.store(config(`key-${i}`, 'v'))).toBe(ConfigStore.STORED);
  });

  test('stores over a given CAS only', () => {
    const table = new ConfigTable(shareConfigs());
    expect(table.store(config('cluster', 'x', { compareCas: 1n }))).toBe(ConfigStore.NOT_FOUND);
    table.store(config('cluster', 'x'));
    expect(table.store(config('cluster', 'y', { compareCas: 9n }))).toBe(ConfigStore.EXISTS);
    expect(table.store(config('cluster', 'y', { compareCas: 1n }))).toBe(ConfigStore.STORED);
    expect(load(table, 'cluster')).toBe('y');
  });

  test('knows the old name of the cluster list only while there is a list', () => {
    const table = new ConfigTable(shareConfigs());
    const isLegacy = () => table.isLegacyKey(LEGACY, 0, LEGACY.length);
    table.store(config('other', 'x'));
    expect(isLegacy()).toBe(false);
    table.store(config('cluster', 'list'));
    expect(isLegacy()).toBe(true);
    expect(table.isLegacyKey(Buffer.from('AmazonElastiCache:clusteR'), 0, 25)).toBe(false);
    expect(table.isLegacyKey(LEGACY, 0, LEGACY.length - 1)).toBe(false);
    expect(table.loadCluster(11211)).toBe(true);
    table.delete(CLUSTER, 0, CLUSTER.length);
    expect(isLegacy()).toBe(false);
  });
});

describe('the secret of a managed table', () => {
  const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');
  const OTHER = Buffer.from('f'.repeat(32));

  test('is known to every thread once one has set it, and can be exchanged', () => {
    const shared = shareConfigs(true);
    const main = new ConfigTable(shared);
    const worker = new ConfigTable(shared);
    const admitted = () => [SECRET, OTHER].map((secret) => worker.admits(secret, 0, secret.length));
    expect(admitted()).toEqual([false, false]);
    // What untouched memory holds is no secret either.
    expect(worker.admits(new Uint8Array(32), 0, 32)).toBe(false);
    main.setSecret(SECRET.toString());
    expect(admitted()).toEqual([true, false]);
    main.setSecret(OTHER.toString());
    expect(admitted()).toEqual([false, true]);
    expect(worker.admits(SECRET, 0, 0)).toBe(false);
  });

  test('is not asked for by a table of its own', () => {
    const table = new ConfigTable(shareConfigs());
    expect(table.admits(SECRET, 0, 0)).toBe(true);
    expect(table.isReservedKey(LEGACY, 0, LEGACY.length)).toBe(false);
    expect(new ConfigTable(shareConfigs(true)).isReservedKey(LEGACY, 0, LEGACY.length)).toBe(true);
  });
});

describe('two threads', () => {
  /** Stores values of one repeated byte and of changing lengths, as fast as it can. */
  const WRITER = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ ConfigTable }) => {
      const table = new ConfigTable(workerData.shared);
      for (let round = 0; round < workerData.rounds; round++) {
        const value = new Uint8Array(1 + ((round * 2477 + workerData.letter) % 60000)).fill(workerData.letter + (round % 4));
        table.store({ key: Buffer.from('cluster'), value, flags: value.length, compareCas: 0n });
        if (round % 16 === 0) table.delete(Buffer.from('cluster'), 0, 7);
      }
      parentPort.postMessage('done');
    });`;

  test('that store and delete at once never show a third one a torn value', async () => {
    const shared = shareConfigs();
    const module = new URL('../dist/config-table.js', import.meta.url).href;
    const writers = [65, 97].map(
      (letter) => new Worker(WRITER, { eval: true, workerData: { module, shared, letter, rounds: 3000 } }),
    );
    let running = writers.length;
    for (const writer of writers) writer.once('message', () => running--);
    const table = new ConfigTable(shared);
    let reads = 0;
    while (running > 0) {
      for (let i = 0; i < 200; i++) if (table.loadCluster(11211)) reads += checkWhole(table);
      await new Promise(setImmediate);
    }
    await Promise.all(writers.map((writer) => writer.terminate()));
    expect(reads).toBeGreaterThan(0);
    expect(table.count).toBeLessThanOrEqual(1);
  });

  function checkWhole(table: ConfigTable): number {
    const value = table.value.subarray(0, table.valueBytes);
    if (table.flags !== table.valueBytes)
      throw new Error(`flags of a value of ${table.flags}, length ${table.valueBytes}`);
    if (!value.every((byte) => byte === value[0])) throw new Error('bytes of two values');
    return 1;
  }
});
