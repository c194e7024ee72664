import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Histogram } from './histogram.js';

describe('Histogram', () => {
  test('answers 0 for every quantile when nothing was recorded', () => {
    expect(new Histogram().quantile(0.99)).toBe(0);
  });

  test('keeps values below 64 exactly', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 64; value++) histogram.record(value);
    for (let value = 0; value < 64; value++) expect(histogram.quantile((value + 1) / 64)).toBe(value);
  });

  test('is never below the true quantile and at most one part in 32 above it', () => {
    const values = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99, 0.999, 1), (recorded, fraction) => {
        const histogram = new Histogram();
        for (const value of recorded) histogram.record(value);
        const sorted = [...recorded].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
        expect(histogram.quantile(fraction)).toBeGreaterThanOrEqual(exact);
        expect(histogram.quantile(fraction)).toBeLessThanOrEqual(exact + exact / 32);
      }),
    );
  });

  test('counts fractions, negative and enormous values without leaving its buckets', () => {
    const histogram = new Histogram();
    for (const value of [-1, 1.9, 1e12]) histogram.record(value);
    expect([histogram.total, histogram.quantile(0.3), histogram.quantile(0.6), histogram.max]).toEqual([
      3,
      0,
      1,
      2 ** 31 - 1,
    ]);
  });

  test('forgets everything on reset', () => {
    const histogram = new Histogram();
    histogram.record(500);
    histogram.reset();
    expect([histogram.total, histogram.quantile(1), histogram.max]).toEqual([0, 0, 0]);
  });
});
