import { expect, test } from '@jest/globals';
import { shareWakeups, Wakeups } from './wakeups.js';
import type { ServerParts } from './worker-parts.js';
import { Workers } from './workers.js';

const ENTRY = new URL('./testing/failing-worker.mjs', import.meta.url);

function makeWorkers(fails: string): { workers: Workers; failure: Promise<Error> } {
  const wakeups = shareWakeups([-1]);
  const parts = { fails, wakeups, settings: { options: { threads: 1 }, transport: 'epoll' } } as unknown as ServerParts;
  let report: (error: Error) => void = () => {};
  const failure = new Promise<Error>((resolve) => {
    report = resolve;
  });
  const workers = new Workers({
    parts,
    hasAcceptingThread: false,
    listenersOf: () => [],
    listeningOf: () => [],
    onReady: () => {},
    onReport: () => {},
    onFailure: (error) => report(error),
    entry: ENTRY,
  });
  return { workers, failure };
}

test.each([
  ['with an error', 'it broke'],
  ['silently', 'Cannot go on: worker 0 has ended'],
])('a worker that ends %s is reported', async (fails, message) => {
  const { workers, failure } = makeWorkers(fails);
  await workers.start();
  expect((await failure).message).toBe(message);
});

test('a worker that does not follow an order is terminated, which is no failure', async () => {
  const { workers, failure } = makeWorkers('never');
  await workers.start();
  await workers.stop({ kind: 'destroy' });
  await expect(Promise.race([failure, Promise.resolve('none')])).resolves.toBe('none');
});

test('wakes before the worker looks are one wake', async () => {
  const wakeups = new Wakeups(shareWakeups([-1, -1]));
  wakeups.wake(1);
  wakeups.wake(1);
  await wakeups.whenWoken(1);
  expect([wakeups.takeWake(0), wakeups.takeWake(1), wakeups.takeWake(1)]).toEqual([false, true, false]);
});

test('a worker that waits is woken', async () => {
  const wakeups = new Wakeups(shareWakeups([-1]));
  const woken = wakeups.whenWoken(0);
  wakeups.wake(0);
  await woken;
  expect(wakeups.takeWake(0)).toBe(true);
});
