import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { SpinLocks, StripeLocks } from './locks.js';

const ROUNDS = 20_000;
const THREADS = 3;

function stripesOf(count = 8): StripeLocks {
  return new StripeLocks(new Int32Array(new SharedArrayBuffer(count * 4)));
}

/** Threads that count a plain word up under lock 1, each in its own worker; answers what they counted. */
async function countTogether(kind: 'stripe' | 'spin', before: (words: Int32Array) => () => void): Promise<number> {
  const words = new SharedArrayBuffer(64 * 4);
  const counter = new SharedArrayBuffer(8);
  const release = before(new Int32Array(words));
  const workers = Array.from(
    { length: THREADS },
    () =>
      new Worker(new URL('./testing/lock-worker.mjs', import.meta.url), {
        workerData: { kind, words, counter, rounds: ROUNDS },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const whileHeld = new Int32Array(counter)[0];
  const ends = workers.map((worker) => once(worker, 'exit'));
  release();
  await Promise.all(ends);
  expect(whileHeld).toBe(0);
  return new Int32Array(counter)[0];
}

describe('a stripe', () => {
  test('is held by one thread at a time, and the others wait for it', async () => {
    const counted = await countTogether('stripe', (words) => {
      const stripes = new StripeLocks(words);
      stripes.lock(1);
      return () => stripes.unlock(1);
    });
    expect(counted).toBe(THREADS * ROUNDS);
  });

  test('is chosen by the low bits of the hash', () => {
    const stripes = stripesOf(8);
    stripes.lock(3);
    expect(stripes.tryLock(11)).toBe(false);
    expect(stripes.tryLock(-5)).toBe(false);
    expect(stripes.tryLock(4)).toBe(true);
  });

  test('has a new version after every lock, an odd one while it is held', () => {
    const stripes = stripesOf();
    const before = stripes.version(2);
    expect(before & 1).toBe(0);
    stripes.lock(2);
    expect(stripes.version(2) & 1).toBe(1);
    stripes.unlock(2);
    expect(stripes.version(2)).not.toBe(before);
    expect(stripes.version(2) & 1).toBe(0);
  });

  test('is upgraded only if nobody has locked it since its version was read', () => {
    const stripes = stripesOf();
    const version = stripes.version(2);
    stripes.lock(2);
    expect(stripes.upgrade(2, version)).toBe(false);
    stripes.unlock(2);
    expect(stripes.upgrade(2, version)).toBe(false);
    expect(stripes.upgrade(2, stripes.version(2))).toBe(true);
    expect(stripes.tryLock(2)).toBe(false);
    stripes.unlock(2);
    expect(stripes.tryLock(2)).toBe(true);
  });

  test('goes on working when its version passes the largest int32', () => {
    const stripes = stripesOf();
    stripes.words[2] = 0x7ffffffe;
    const seen = new Set<number>();
    for (let round = 0; round < 4; round++) {
      const version = stripes.version(2);
      expect(seen.has(version)).toBe(false);
      seen.add(version);
      expect(stripes.upgrade(2, version)).toBe(true);
      expect(stripes.tryLock(2)).toBe(false);
      stripes.unlock(2);
    }
    expect(stripes.version(2)).toBe(-0x7ffffffa);
  });
});

describe('a spin lock', () => {
  test('is held by one thread at a time, and the others wait for it', async () => {
    const counted = await countTogether('spin', (words) => {
      const locks = new SpinLocks(words, 16);
      locks.lock(1);
      return () => locks.unlock(1);
    });
    expect(counted).toBe(THREADS * ROUNDS);
  });

  test('lies at its stride and touches no other word', () => {
    const words = new Int32Array(new SharedArrayBuffer(64 * 4));
    const locks = new SpinLocks(words, 16);
    locks.lock(2);
    expect(locks.tryLock(2)).toBe(false);
    expect(locks.tryLock(1)).toBe(true);
    expect([...words.entries()].filter(([, word]) => word !== 0)).toEqual([
      [16, 1],
      [32, 1],
    ]);
    locks.unlock(2);
    expect(locks.tryLock(2)).toBe(true);
  });
});
