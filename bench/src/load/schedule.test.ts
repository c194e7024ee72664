import { describe, expect, test } from '@jest/globals';
import { Random } from './random.js';
import { Schedule } from './schedule.js';

const COUNT = 100_000;

function momentsOf(seed: number): number[] {
  const schedule = new Schedule(1000, 50_000, new Random(seed));
  return Array.from({ length: COUNT }, () => schedule.take());
}

describe('Schedule', () => {
  test('keeps its rate over many arrivals and never goes back', () => {
    const moments = momentsOf(1);
    expect((moments[COUNT - 1] - 1000) / 1000).toBeCloseTo(COUNT / 50_000, 1);
    expect(moments.every((moment, i) => i === 0 || moment > moments[i - 1])).toBe(true);
  });

  test('leaves gaps as independent arrivals do: as many below the mean as 1 - 1/e', () => {
    const moments = momentsOf(2);
    const short = moments.filter((moment, i) => i > 0 && moment - moments[i - 1] < 0.02).length;
    expect(short / COUNT).toBeCloseTo(1 - 1 / Math.E, 2);
  });

  test('is the same for the same seed and another for another', () => {
    expect(momentsOf(3)).toEqual(momentsOf(3));
    expect(momentsOf(3)[0]).not.toBe(momentsOf(4)[0]);
  });
});
