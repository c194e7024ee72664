import { describe, expect, test } from '@jest/globals';
import { isExpandingIn, latencyOf, type Window } from './windows.js';

function windowOf(more: Partial<Window>): Window {
  return { endedAtMs: 1000, lengthMs: 100, sets: 10, keys: 10, latencies: [], maxMicros: 0, ...more };
}

describe('the latency of some windows', () => {
  test('is told from all their gets together', () => {
    const fast = windowOf({ latencies: [[50, 989]], maxMicros: 49 });
    const slow = windowOf({
      latencies: [
        [50, 1],
        [200, 9],
        [9000, 1],
      ],
      maxMicros: 8500,
      sets: 30,
    });
    expect(latencyOf([fast, slow])).toEqual({
      gets: 1000,
      p50: 50,
      p99: 50,
      p999: 200,
      max: 8500,
      setsPerSecond: 200,
    });
  });

  test('does not exist without a get', () => {
    expect(latencyOf([])).toBeUndefined();
    expect(latencyOf([windowOf({})])).toBeUndefined();
  });
});

describe('a table', () => {
  test.each([
    ['grows in a window in which it said so', 950, true],
    ['grows in a window if it said so right before', 870, true],
    ['does not for what it said long before', 800, false],
    ['does not for what it said long after', 1100, false],
  ])('%s', (_, atMs, expected) => {
    expect(isExpandingIn(windowOf({}), [{ atMs, isExpanding: true }])).toBe(expected);
  });

  test('does not grow when it says that it does not', () => {
    expect(isExpandingIn(windowOf({}), [{ atMs: 950, isExpanding: false }])).toBe(false);
  });
});
