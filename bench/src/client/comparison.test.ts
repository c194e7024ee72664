/** Ratios are taken within rounds, and who is behind is named. */
import { describe, expect, test } from '@jest/globals';
import { behind, comparisonTable, figuresOf, type Round, type Rounds } from './comparison.js';

/** Shoal and memcached as given, the others far behind. */
function round(shoal: [operations: number, cpuMicros: number], memcached: [number, number]): Round {
  const sample = ([operations, cpuMicros]: [number, number]) => ({ operations, cpuMicros, seconds: 2 });
  const slow = sample([1, 1000]);
  return { shoal: sample(shoal), memcached: sample(memcached), memjs: slow, 'memcache-client': slow };
}

const AHEAD = round([4000, 4000], [2000, 6000]);

describe('a comparison of clients', () => {
  test('takes the median of the ratios of the rounds', () => {
    const rounds = [AHEAD, round([1000, 500], [1000, 1000]), round([9000, 9000], [1000, 5000])];
    expect(figuresOf(rounds, 'memcached')).toEqual({
      operationsPerSecond: 500,
      microsPerOperation: 3,
      speedRatio: 2,
      cpuRatio: 3,
    });
    expect(figuresOf(rounds, 'shoal')).toMatchObject({ speedRatio: 1, cpuRatio: 1 });
  });

  test('names where Shoal is not ahead', () => {
    const slower: Rounds = { get: [AHEAD], set: [round([1000, 1000], [2000, 4000])], getMany: [AHEAD] };
    expect(behind(slower)).toEqual(['set: operations per second against memcached']);
    const dearer: Rounds = { get: [AHEAD], set: [AHEAD], getMany: [round([4000, 4000], [2000, 2000])] };
    expect(behind(dearer)).toEqual(['getMany: CPU per operation against memcached']);
  });

  test('has a line for every row and client', () => {
    const lines = comparisonTable({ get: [AHEAD], set: [AHEAD], getMany: [AHEAD] }).split('\n');
    expect(lines).toHaveLength(2 + 3 * 4);
    expect(lines).toContain('| set | 50 | memcached | 1,000 | 3.00 | 2.00× | 3.00× |');
    expect(lines).toContain('| set | 50 | shoal | 2,000 | 1.00 | – | – |');
  });
});
