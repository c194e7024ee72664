import { describe, expect, test } from '@jest/globals';
import { PAGE_BYTES } from './layout.js';
import { completeStoreOptions, STORE_DEFAULTS, type StoreOptions } from './options.js';

const GIB = 2 ** 30;

function problemsOf(asked: Partial<StoreOptions>): string[] {
  try {
    completeStoreOptions(asked);
  } catch (error) {
    const { message } = error as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(message.startsWith('Cannot make the store: ')).toBe(true);
    return message.slice('Cannot make the store: '.length).split('; ');
  }
  return [];
}

describe('options that were not given', () => {
  test("are memcached's defaults", () => {
    const { reserveBytes, ...options } = completeStoreOptions({});
    const { reserveBytes: none, ...defaults } = STORE_DEFAULTS;
    expect(none).toBe(0);
    expect(options).toEqual(defaults);
    expect(reserveBytes).toBe(192 * PAGE_BYTES);
  });

  test.each([
    ['a small limit leaves 128 MiB to grow', 2 * PAGE_BYTES, 130 * PAGE_BYTES],
    ['a large limit leaves as much again', GIB, 2 * GIB],
    ['no reserve goes beyond what references can name', 31 * GIB, 32 * GIB - 128 * PAGE_BYTES],
  ])('%s', (_, memoryLimitBytes, reserveBytes) => {
    expect(completeStoreOptions({ memoryLimitBytes }).reserveBytes).toBe(reserveBytes);
  });
});

describe('an option that would break the arena is refused by name, with the value and what is allowed', () => {
  test.each<[keyof StoreOptions, number, string]>([
    ['memoryLimitBytes', 0, '1 to 34225520640'],
    ['memoryLimitBytes', 32 * GIB, '1 to 34225520640'],
    ['memoryLimitBytes', Number.NaN, '1 to 34225520640'],
    ['itemSizeMaxBytes', 1023, '1024 to 1073741824'],
    ['itemSizeMaxBytes', GIB + 1, '1024 to 1073741824'],
    ['slabChunkMaxBytes', 0, 'divisors of 1048576 from 1024 on'],
    ['slabChunkMaxBytes', -1024, 'divisors of 1048576 from 1024 on'],
    ['slabChunkMaxBytes', 512, 'divisors of 1048576 from 1024 on'],
    ['slabChunkMaxBytes', 3000, 'divisors of 1048576 from 1024 on'],
    ['slabChunkMaxBytes', 2 * PAGE_BYTES, 'divisors of 1048576 from 1024 on'],
    ['growthFactor', 1, 'numbers above 1'],
    ['growthFactor', Number.NaN, 'numbers above 1'],
    ['minSizeBytes', 0, '1 and above'],
    ['hashPower', 11, '0 and 12 to 28'],
    ['hashPower', 29, '0 and 12 to 28'],
    ['hashPower', 16.5, '0 and 12 to 28'],
    ['slabAutomoveWindow', 0, '1 and above'],
    ['slabAutomoveWindow', 2.5, '1 and above'],
    ['rows', 0, '1 and above'],
  ])('%s of %d', (option, value, allowed) => {
    expect(problemsOf({ [option]: value })).toEqual([`${option} is ${value}, allowed are ${allowed}`]);
  });

  test('and several are named at once', () => {
    const problems = problemsOf({ memoryLimitBytes: -1, slabChunkMaxBytes: 5, growthFactor: 0.5, rows: 0 });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'memoryLimitBytes',
      'slabChunkMaxBytes',
      'growthFactor',
      'rows',
    ]);
  });
});

test('the outermost values that are allowed are taken', () => {
  expect(
    problemsOf({
      memoryLimitBytes: 32 * GIB - 128 * PAGE_BYTES,
      itemSizeMaxBytes: GIB,
      slabChunkMaxBytes: PAGE_BYTES,
      growthFactor: 1.0001,
      minSizeBytes: 1,
      hashPower: 28,
      rows: 1,
      slabAutomoveWindow: 1,
    }),
  ).toEqual([]);
  expect(problemsOf({ memoryLimitBytes: 1, itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024, hashPower: 12 })).toEqual(
    [],
  );
});
