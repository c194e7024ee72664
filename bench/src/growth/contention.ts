/**
 * Threads on one store without any sockets: what a second thread adds to a command that a first one does.
 *
 * Called by workers.ts. With sockets, three busy threads share two cores here and the kernel's part hides everything else; the store alone needs
 * no generator, so two threads have a core each. Bounded: WARM_UP_MS and the plan's seconds a scene and round.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createArena, Store } from '@shoal/store';
import { median } from '../rows/table.js';
import { type ContentionKind, SCENES, type Scene, type ThreadSample, Turn } from './contention-work.js';
import type { Added } from './forecast.js';
import type { GrowthPlan } from './plan.js';

const WARM_UP_MS = 300;
/** Of a thread; few, so that what is measured is not other programs' use of the caches. */
const KEYS = 2000;
const MEMORY_BYTES = 256 * 2 ** 20;
const SEED = 11;
const THREAD_ENTRY = new URL('contention-thread.js', import.meta.url);

export interface SceneCost {
  readonly scene: Scene;
  /** CPU nanoseconds of the first thread per operation, a round each. */
  readonly nanos: readonly number[];
}

export async function measureContention({ rounds, seconds }: GrowthPlan): Promise<SceneCost[]> {
  const all = SCENES.map((scene) => ({ scene, nanos: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { scene, nanos } of all) nanos.push(await runScene(scene, seconds * 1000, round));
  }
  return all;
}

/** What a second thread adds to an operation: the model's price of a further worker. */
export function addedBy(all: readonly SceneCost[], kind: ContentionKind): Added {
  const of = (name: string): readonly number[] => all.find(({ scene }) => scene.name === name)?.nanos ?? [];
  const alone = of(`${kind}, alone`);
  const added = of(`${kind} beside ${kind}`).map((nanos, round) => (nanos - alone[round]) / 1000);
  return { micros: median(added), doubt: median(added.map((micros) => Math.abs(micros - median(added)))) };
}

async function runScene({ kinds, isHot }: Scene, lengthMs: number, round: number): Promise<number> {
  const arena = createArena({ memoryLimitBytes: MEMORY_BYTES, hashPower: 16, rows: kinds.length + 1 });
  new Store(arena, kinds.length).clock.set(100);
  const turns = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const threads = kinds.map((kind, row) => {
    const keys = isHot ? { firstKey: 0, keyCount: 1 } : { firstKey: row * KEYS, keyCount: KEYS };
    const workerData = { arena, row, kind, ...keys, seed: SEED + row + round, turns };
    return new Worker(THREAD_ENTRY, { workerData });
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const samples = Promise.all(threads.map((thread) => once(thread, 'message')));
  const turn = new Int32Array(turns);
  for (const [next, ms] of [
    [Turn.WARM_UP, WARM_UP_MS],
    [Turn.MEASURE, lengthMs],
    [Turn.STOP, 0],
  ]) {
    Atomics.store(turn, 0, next);
    Atomics.notify(turn, 0);
    await delay(ms);
  }
  const [[first]] = (await samples) as [ThreadSample][];
  return first.nanos / first.operations;
}
