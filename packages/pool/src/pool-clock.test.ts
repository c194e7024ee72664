import { afterEach, expect, jest, test } from '@jest/globals';
import { SYSTEM_CLOCK } from './pool-clock.js';

afterEach(() => {
  jest.restoreAllMocks();
});

test('the clock of a pool runs on when that of the machine is set back', () => {
  const before = SYSTEM_CLOCK.nowMs();
  jest.spyOn(Date, 'now').mockReturnValue(before - 3_600_000);
  expect(SYSTEM_CLOCK.nowMs()).toBeGreaterThanOrEqual(before);
});

test('it tells the time of day to begin with, in whole milliseconds', () => {
  const nowMs = SYSTEM_CLOCK.nowMs();
  expect(Math.abs(nowMs - Date.now())).toBeLessThan(60_000);
  expect(Number.isInteger(nowMs)).toBe(true);
});
