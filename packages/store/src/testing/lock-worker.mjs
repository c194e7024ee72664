// One thread of locks.test.ts: counts up a plain word under a lock, as often as it is told.
// Plain JavaScript, because a worker cannot load a test's TypeScript; the locks come from this package's build.
// Takes workerData {kind, words, counter, rounds}; posts 'ready' before it first asks for the lock, 'done' at the end.
import { parentPort, workerData } from 'node:worker_threads';
import { SpinLocks, StripeLocks } from '../../dist/locks.js';

const { kind, words, counter, rounds } = workerData;
const counted = new Int32Array(counter);
const locks = kind === 'stripe' ? new StripeLocks(new Int32Array(words)) : new SpinLocks(new Int32Array(words), 16);

parentPort.postMessage('ready');
for (let round = 0; round < rounds; round++) {
  locks.lock(1);
  const seen = counted[0];
  // Long enough that another thread would be seen to change the word meanwhile.
  for (let i = 0; i < 20; i++) counted[1] = i;
  counted[0] = seen + 1;
  locks.unlock(1);
}
parentPort.postMessage('done');
