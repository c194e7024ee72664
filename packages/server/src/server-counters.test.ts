import { describe, expect, test } from '@jest/globals';
import { SERVER_COUNTERS, ServerCounter, ServerCounters, shareCounters } from './server-counters.js';

describe('server counters', () => {
  test('are numbered without a gap', () => {
    const numbers = Object.values(ServerCounter).sort((one, other) => one - other);
    expect(numbers).toEqual(Array.from({ length: SERVER_COUNTERS }, (_, index) => index));
  });

  test('are summed over the rows of all threads', () => {
    const shared = shareCounters(3);
    for (const index of [0, 1, 2]) new ServerCounters(shared).row(index)[ServerCounter.GET_MISSES] += index + 1;
    expect(new ServerCounters(shared).total(ServerCounter.GET_MISSES)).toBe(6);
  });

  test('start anew at a reset that leaves the rows of other threads alone', () => {
    const counters = new ServerCounters(shareCounters(2));
    const row = counters.row(1);
    row[ServerCounter.CMD_FLUSH] = 5;
    counters.reset();
    expect(counters.total(ServerCounter.CMD_FLUSH)).toBe(0);
    row[ServerCounter.CMD_FLUSH]++;
    expect(counters.total(ServerCounter.CMD_FLUSH)).toBe(1);
    expect(row[ServerCounter.CMD_FLUSH]).toBe(6);
  });

  test('refuse a row that no thread has', () => {
    expect(() => new ServerCounters(shareCounters(2)).row(2)).toThrow('Cannot count: row 2 of 2 does not exist');
  });
});
