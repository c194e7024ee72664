import { describe, expect, test } from '@jest/globals';
import { forecast, reachedCeilings } from './forecast.js';
import type { Price } from './model.js';
import { countsOf, PRICES, type Work } from './price-list.js';

const CACHES = { secondBytes: 2 ** 21, thirdBytes: 2 ** 28 };
const GET: Omit<Work, 'workers'> = { verb: 'get', depth: 1, valueBytes: 100, keyCount: 1000, busy: 50 };

function pricesOf(micros: Partial<Record<(typeof PRICES)[number], number>>, standardError = 0): Price[] {
  return PRICES.map((name) => ({ name, micros: micros[name] ?? 0, standardError }));
}

describe('what an operation pays for', () => {
  const counts = (work: Partial<Work>): Record<string, number> =>
    Object.fromEntries(countsOf({ ...GET, workers: 1, ...work }, CACHES).map((count, index) => [PRICES[index], count]));

  test('is an event and a command for a lone get, and its bytes', () => {
    expect(counts({})).toMatchObject({ 'readable event': 1, get: 1, set: 0, 'byte of a get': 100, 'byte of a set': 0 });
  });

  test('is a sixteenth of an event in a batch of sixteen', () => {
    expect(counts({ verb: 'set', depth: 16 })).toMatchObject({ 'readable event': 1 / 16, set: 1, get: 0 });
  });

  test('is a miss with every second key when the keys take twice the cache', () => {
    const keyCount = (2 * CACHES.thirdBytes) / 200;
    const { 'key beyond the third-level cache': misses } = counts({ keyCount });
    expect(misses).toBeCloseTo(0.5, 6);
    expect(counts({})['key beyond the third-level cache']).toBe(0);
  });

  test('is a sleep for a client that is alone', () => {
    expect(counts({ busy: 1 })).toMatchObject({ 'sleep before every event': 1 });
  });

  test('grows with each worker after the first, per event and per command', () => {
    expect(counts({ workers: 8, depth: 16 })).toMatchObject({
      'additional worker, per event': 7 / 16,
      'additional worker, per command': 7,
    });
  });
});

describe('a forecast', () => {
  const prices = pricesOf({ 'readable event': 4, get: 1, 'additional worker, per command': 0.05 }, 0.01);

  test('divides the cores by what an operation costs on so many', () => {
    expect(forecast(prices, GET, CACHES, 1)).toMatchObject({ micros: 5, opsPerSecond: 200_000 });
    const many = forecast(prices, GET, CACHES, 21);
    expect(many.micros).toBeCloseTo(6, 9);
    expect(many.opsPerSecond).toBeCloseTo(3_500_000, 3);
  });

  test('is less sure the more cores there are, and never better than no cost for the others', () => {
    const few = forecast(prices, GET, CACHES, 2);
    const many = forecast(prices, GET, CACHES, 48);
    expect(many.high / many.low).toBeGreaterThan(few.high / few.low);
    expect(forecast(pricesOf({ 'readable event': 5 }, 1), GET, CACHES, 48).high).toBeCloseTo(9_600_000, 3);
  });
});

describe('ceilings', () => {
  const prices = pricesOf({ 'readable event': 4, get: 1, 'additional worker, per command': 0.05 });

  test('are ordered by the cores that reach them', () => {
    const ceilings = [
      { name: 'a thread', opsPerSecond: 4_000_000 },
      { name: 'a wire', opsPerSecond: 1_000_000 },
    ];
    const reached = reachedCeilings(prices, GET, CACHES, ceilings);
    expect(reached.map(({ name }) => name).slice(0, 2)).toEqual(['a wire', 'a thread']);
    const [{ cores }] = reached;
    expect(forecast(prices, GET, CACHES, cores).opsPerSecond).toBeCloseTo(1_000_000, 0);
  });

  test('are left out when workers hold each other up before', () => {
    const reached = reachedCeilings(prices, GET, CACHES, [{ name: 'a wire', opsPerSecond: 30_000_000 }]);
    expect(reached).toHaveLength(1);
    expect(reached[0].cores).toBeCloseTo(101, 6);
  });

  test('are all that is left when workers cost each other nothing', () => {
    const free = pricesOf({ 'readable event': 5 });
    const reached = reachedCeilings(free, GET, CACHES, [{ name: 'a wire', opsPerSecond: 2_000_000 }]);
    expect(reached).toEqual([{ name: 'a wire', opsPerSecond: 2_000_000, cores: 10 }]);
  });
});
