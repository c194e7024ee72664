import { expect, test } from '@jest/globals';
import { EXPIRED, resolveExptime } from './exptime.js';

const NOW = 500;
const START = 1_700_000_000;
const DAYS_30 = 30 * 24 * 60 * 60;

const at = (seconds: number) => resolveExptime(seconds, NOW, START);

test('0 is never', () => {
  expect(at(0)).toBe(0);
});

test('up to 30 days count from now', () => {
  expect(at(1)).toBe(NOW + 1);
  expect(at(DAYS_30)).toBe(NOW + DAYS_30);
});

test('above 30 days is a Unix time', () => {
  expect(at(START + NOW + 60)).toBe(NOW + 60);
});

test('a Unix time before the start is over, and so is a negative number', () => {
  for (const seconds of [DAYS_30 + 1, START, -1, -2147483648]) {
    expect(at(seconds)).toBe(EXPIRED);
    expect(at(seconds)).toBeLessThan(NOW);
  }
});

test('a time beyond an item’s word is cut to the latest that fits', () => {
  expect(resolveExptime(0xffffffff, NOW, 1_000_000_000)).toBe(0x7fffffff);
});
