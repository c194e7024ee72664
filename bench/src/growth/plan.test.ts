import { describe, expect, test } from '@jest/globals';
import { PARTS, parseGrowthFlags } from './plan.js';

describe('the flags', () => {
  test('ask for all parts unless some are named, which are measured in the table’s order', () => {
    expect(parseGrowthFlags([])?.only).toEqual(PARTS);
    expect(parseGrowthFlags(['--only', 'values,workers'])?.only).toEqual(['workers', 'values']);
  });

  test('are refused all at once', () => {
    const flags = ['--only', 'wokers', '--rounds', '0', '--transport', 'tcp'];
    expect(() => parseGrowthFlags(flags)).toThrow(/--only wokers.*\n--rounds 0.*\n--transport tcp/);
  });

  test('that ask for help bring no plan', () => {
    expect(parseGrowthFlags(['-h'])).toBeUndefined();
  });
});
