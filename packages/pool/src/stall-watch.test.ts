import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { SYSTEM_CLOCK } from './pool-clock.js';
import { StallWatch } from './stall-watch.js';

let watch: StallWatch;

beforeEach(() => {
  jest.useFakeTimers();
  watch = new StallWatch();
  watch.start();
});

afterEach(() => {
  watch.stop();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** Time goes by and no timer goes off. */
function stall(ms: number): void {
  const late = performance.now() + ms;
  jest.spyOn(performance, 'now').mockReturnValueOnce(late);
}

test('while timers come in time there is no stall', () => {
  const sinceMs = SYSTEM_CLOCK.nowMs();
  jest.advanceTimersByTime(5000);
  expect(watch.hasStalledSince(sinceMs)).toBe(false);
});

test('a stall of 251 ms is seen wherever between two ticks it begins', () => {
  for (let offset = 0; offset < 100; offset += 9) {
    jest.advanceTimersByTime(1000 + offset);
    const sinceMs = SYSTEM_CLOCK.nowMs();
    stall(251);
    expect(watch.hasStalledSince(sinceMs)).toBe(true);
  }
});

test('a stall that ended before does not count', () => {
  const sinceMs = SYSTEM_CLOCK.nowMs();
  stall(500);
  expect(watch.hasStalledSince(sinceMs)).toBe(true);
  jest.advanceTimersByTime(1000);
  expect(watch.hasStalledSince(SYSTEM_CLOCK.nowMs())).toBe(false);
});
