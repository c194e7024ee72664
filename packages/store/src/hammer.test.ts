import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { createArena } from './arena.js';
import { QueueCounter } from './control.js';
import { StoreCounter } from './counters.js';
import type { StoreOptions } from './options.js';
import { Store } from './store.js';
import { verify } from './verify.js';

const WORKERS = 3;
const OPERATIONS = 30_000;

function run(workerData: object): Promise<{ errors: string[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hammer-worker.mjs', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
  });
}

/** Work and maintenance in threads of their own; answers the store when all have ended. */
async function hammer(options: Partial<StoreOptions>): Promise<Store> {
  const seed = Date.now() | 0;
  console.info(`hammer seed ${seed}`);
  const arena = createArena({ slabChunkMaxBytes: 16 * 1024, hashPower: 12, rows: WORKERS + 1, ...options });
  new Store(arena, 0).clock.set(100);
  const workers = new SharedArrayBuffer(4);
  new Int32Array(workers)[0] = WORKERS;
  const threads = Array.from({ length: WORKERS + 1 }, (_, row) =>
    run({ arena, row, operations: OPERATIONS, keys: 12_000, seed: seed + row, maintains: row === WORKERS, workers }),
  );
  for (const { errors } of await Promise.all(threads)) expect(errors).toEqual([]);
  return new Store(arena, 0);
}

test.each<[string, Partial<StoreOptions>]>([
  ['with many classes and little memory', { memoryLimitBytes: 6 * 2 ** 20 }],
  ['while pages move between few classes', { memoryLimitBytes: 16 * 2 ** 20, growthFactor: 2, slabAutomove: 2 }],
  ['with a flat LRU and short-lived pages', { memoryLimitBytes: 16 * 2 ** 20, growthFactor: 4, segmented: false }],
])(
  'many threads on one arena never read a torn or foreign value, and leave it sound, %s',
  async (_, options) => {
    const store = await hammer(options);
    expect(verify(store)).toEqual([]);
    expect(store.statistics.queueTotal(QueueCounter.EVICTED)).toBeGreaterThan(0);
    if (options.growthFactor !== undefined) {
      expect(store.statistics.counter(StoreCounter.SLABS_MOVED)).toBeGreaterThan(0);
      expect(store.statistics.counter(StoreCounter.REASSIGN_RESCUES)).toBeGreaterThan(0);
    }
  },
  120_000,
);
