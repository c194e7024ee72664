import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { createArena } from './arena.js';
import { Store } from './store.js';
import { verify } from './verify.js';

const WORKERS = 3;
const OPERATIONS = 60_000;

function run(workerData: object): Promise<{ errors: string[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hammer-worker.mjs', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
  });
}

test('many threads on one arena never read a torn or foreign value, and leave it sound', async () => {
  const seed = Date.now() | 0;
  console.info(`hammer seed ${seed}`);
  const arena = createArena({
    memoryLimitBytes: 6 * 2 ** 20,
    slabChunkMaxBytes: 16 * 1024,
    hashPower: 12,
    rows: WORKERS + 1,
  });
  new Store(arena, 0).clock.set(100);
  const threads = Array.from({ length: WORKERS + 1 }, (_, row) =>
    run({ arena, row, operations: OPERATIONS, keys: 12_000, seed: seed + row, maintains: row === WORKERS }),
  );
  for (const { errors } of await Promise.all(threads)) expect(errors).toEqual([]);
  expect(verify(new Store(arena, 0))).toEqual([]);
}, 120_000);
