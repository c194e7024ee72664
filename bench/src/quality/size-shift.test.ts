import { describe, expect, test } from '@jest/globals';
import { backAfter } from './size-shift.js';

describe('the hit ratio is back', () => {
  test.each<[string, number[], number | null]>([
    ['at once when it never fell', [0.8, 0.8, 0.8], 0],
    ['from the first of three seconds near the settled one', [0.5, 0.6, 0.79, 0.79, 0.8], 2],
    ['not by two good seconds', [0.5, 0.79, 0.79, 0.6, 0.79], null],
  ])('%s', (_, ratios, expected) => {
    expect(backAfter(ratios, 0.8)).toBe(expected);
  });
});
