import { expect, test } from '@jest/globals';
import { reconnectPauseMs } from './reconnect-pause.js';

const BOUNDS = { reconnectMinMs: 100, reconnectMaxMs: 5000 };

test('the pause doubles from the least to the most', () => {
  const pauses = [1, 2, 3, 6, 7, 100, 10_000].map((failures) => reconnectPauseMs(failures, BOUNDS, 1));
  expect(pauses).toEqual([100, 200, 400, 3200, 5000, 5000, 5000]);
});

test('chance takes up to half of it off', () => {
  expect(reconnectPauseMs(3, BOUNDS, 0)).toBe(200);
  expect(reconnectPauseMs(100, BOUNDS, 0.5)).toBe(3750);
});
