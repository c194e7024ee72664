import { expect, test } from '@jest/globals';
import { monotonicMsNow, ServerClock } from './clock.js';
import { AdminWorker } from './testing/admin-worker.js';

/** A clock that starts now, and what it says some milliseconds later. */
function startClock() {
  const { worker } = new AdminWorker();
  const clock = new ServerClock(worker.store, worker.settings, monotonicMsNow());
  const startMs = performance.now();
  const at = (elapsedMs: number) => {
    const untilNextMs = clock.tick(startMs + elapsedMs);
    return { second: worker.store.now(), untilNextMs };
  };
  return { worker, at };
}

test('the clock begins at 62 and moves a second each second, whoever ticks it and however often', () => {
  const { at } = startClock();
  expect([100, 500, 900, 1100, 5100].map((ms) => at(ms).second)).toEqual([62, 62, 62, 63, 67]);
});

test('the next tick is asked for just behind the next full second', () => {
  const { at } = startClock();
  for (const elapsedMs of [100, 950, 7300]) {
    const secondsMs = elapsedMs + at(elapsedMs).untilNextMs;
    expect(secondsMs % 1000).toBeGreaterThan(0);
    expect(secondsMs % 1000).toBeLessThan(50);
  }
});

test('debugtime shifts and stops it', () => {
  const { worker, at } = startClock();
  worker.settings.clockShiftSeconds = 100;
  expect(at(100).second).toBe(162);
  worker.settings.clockPaused = true;
  expect(at(9100).second).toBe(162);
  worker.settings.clockPaused = false;
  expect(at(9100).second).toBe(171);
});
