import { describe, expect, test } from '@jest/globals';
import { atLeast, atMost } from './check.js';

const line = (value: number) => ({ id: 'x', label: 'x', value, limit: 1, unit: '×' });

describe('a check', () => {
  test('passes on its limit, and beyond it on the right side only', () => {
    expect([0.9, 1, 1.1].map((value) => atMost(line(value)).verdict)).toEqual(['pass', 'pass', 'miss']);
    expect([0.9, 1, 1.1].map((value) => atLeast(line(value)).verdict)).toEqual(['miss', 'pass', 'pass']);
  });

  test('misses when nothing was measured', () => {
    expect([atMost(line(Number.NaN)).verdict, atLeast(line(Number.NaN)).verdict]).toEqual(['miss', 'miss']);
  });
});
