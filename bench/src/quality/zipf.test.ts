import { describe, expect, test } from '@jest/globals';
import { Random } from '../load/random.js';
import { Zipf, zipfProbabilities } from './zipf.js';

const DRAWS = 400_000;

function frequencies(ranks: number, exponent: number, seed: number): Int32Array {
  const zipf = new Zipf(new Random(seed), { ranks, exponent });
  const counts = new Int32Array(ranks);
  for (let draw = 0; draw < DRAWS; draw++) counts[zipf.next()]++;
  return counts;
}

describe('a Zipf sampler', () => {
  test.each([0, 0.8, 1, 1.2, 2])('with exponent %d draws each rank as often as it should', (exponent) => {
    const ranks = 50;
    const probabilities = zipfProbabilities(ranks, exponent);
    frequencies(ranks, exponent, 7).forEach((count, rank) => {
      const expected = probabilities[rank] * DRAWS;
      // Six standard deviations: far beyond chance for any of the 50 ranks.
      expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected));
    });
  });

  test('spreads what is left of a large keyspace as it should', () => {
    const ranks = 1_000_000;
    const probabilities = zipfProbabilities(ranks, 1);
    const counts = frequencies(ranks, 1, 3);
    for (const [from, to] of [
      [0, 10],
      [10, 1000],
      [1000, 100_000],
      [100_000, ranks],
    ]) {
      const share = counts.subarray(from, to).reduce((sum, count) => sum + count, 0) / DRAWS;
      const expected = probabilities.subarray(from, to).reduce((sum, probability) => sum + probability, 0);
      expect(Math.abs(share - expected)).toBeLessThan(0.005);
    }
  });

  test('of one rank draws that', () => {
    expect(new Zipf(new Random(1), { ranks: 1, exponent: 1 }).next()).toBe(0);
  });
});

test('probabilities fall with the power of the rank and sum to one', () => {
  const probabilities = zipfProbabilities(4, 2);
  expect(probabilities[0] / probabilities[1]).toBeCloseTo(4);
  expect(probabilities[0] / probabilities[3]).toBeCloseTo(16);
  expect(probabilities.reduce((sum, probability) => sum + probability)).toBeCloseTo(1);
});
