import { describe, expect, test } from '@jest/globals';
import { Random } from '../load/random.js';
import { costOf, fitPrices, type Observation } from './model.js';

const NAMES = ['event', 'command', 'byte', 'miss', 'worker'];
const TRUE_MICROS = [5, 0.4, 0.0002, 0.1, 0.05];
const COUNTS: readonly (readonly number[])[] = [
  [1, 1, 150, 0, 0],
  [1 / 16, 1, 150, 0, 0],
  [1 / 50, 1, 150, 0, 0],
  [1, 1, 8050, 0.5, 0],
  [1, 1, 1_000_050, 0.5, 0],
  [1, 1, 150, 0.9, 0],
  [1, 1, 150, 0, 1],
  [1 / 16, 1, 150, 0.9, 1],
  [1, 1, 65_000, 0.1, 0],
];

function truth(counts: readonly number[]): number {
  return counts.reduce((sum, count, index) => sum + count * TRUE_MICROS[index], 0);
}

function observations(factorOf: (index: number) => number = () => 1): Observation[] {
  return COUNTS.map((counts, index) => ({ label: `point ${index}`, micros: truth(counts) * factorOf(index), counts }));
}

describe('fitting prices', () => {
  test('finds the prices that the points were made with, whether of an event or of a byte', () => {
    const { prices, relativeError } = fitPrices(NAMES, observations());
    prices.forEach(({ micros }, index) => {
      expect(micros / TRUE_MICROS[index]).toBeCloseTo(1, 6);
    });
    expect(relativeError).toBeLessThan(1e-9);
  });

  test('stays near them, and within a few standard errors, when every point is off by up to 0.5 %', () => {
    const random = new Random(7);
    const { prices, relativeError } = fitPrices(
      NAMES,
      observations(() => 0.995 + random.below(101) / 10_000),
    );
    prices.forEach(({ micros, standardError }, index) => {
      expect(Math.abs(micros - TRUE_MICROS[index])).toBeLessThan(5 * standardError);
    });
    expect(relativeError).toBeLessThan(0.005);
  });

  test('takes a price out that would fall below zero, and says so with no standard error', () => {
    const cheaper = COUNTS.map((counts, index) => ({
      label: `point ${index}`,
      micros: truth(counts) - (counts[4] === 1 ? 0.1 : 0),
      counts,
    }));
    const { prices } = fitPrices(NAMES, cheaper);
    expect(prices[4]).toEqual({ name: 'worker', micros: 0, standardError: Number.NaN });
    expect(prices[0].micros).toBeGreaterThan(4.5);
  });

  test('leaves out what no point pays for', () => {
    const alone = observations().filter(({ counts }) => counts[4] === 0);
    const { prices } = fitPrices(NAMES, alone);
    expect(prices[4].micros).toBe(0);
    expect(prices[1].micros).toBeCloseTo(TRUE_MICROS[1], 6);
  });

  test('tells each point what it measured, what the prices say and how far that is off', () => {
    const { residuals } = fitPrices(
      NAMES,
      observations((index) => (index === 3 ? 1.1 : 1)),
    );
    expect(residuals).toHaveLength(COUNTS.length);
    expect(residuals[3].measured).toBeCloseTo(truth(COUNTS[3]) * 1.1, 9);
    expect(residuals[3].relative).toBeCloseTo(residuals[3].fitted / residuals[3].measured - 1, 9);
    expect(residuals[3].relative).toBeLessThan(0);
  });

  test('refuses fewer points than prices', () => {
    expect(() => fitPrices(NAMES, observations().slice(0, 4))).toThrow('Cannot fit');
  });
});

test('a cost is the sum of prices paid', () => {
  const prices = NAMES.map((name, index) => ({ name, micros: TRUE_MICROS[index], standardError: 0 }));
  expect(costOf(prices, COUNTS[7])).toBeCloseTo(truth(COUNTS[7]), 9);
});
