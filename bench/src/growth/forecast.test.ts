import { describe, expect, test } from '@jest/globals';
import { type Added, Forecaster } from './forecast.js';
import type { Price } from './model.js';
import { countsOf, PRICES, type Work } from './price-list.js';

const CACHES = { secondBytes: 2 ** 21, thirdBytes: 2 ** 28 };
const GET: Work = { verb: 'get', depth: 1, valueBytes: 100, keyCount: 1000, busy: 50 };

function pricesOf(micros: Partial<Record<(typeof PRICES)[number], number>>): Price[] {
  return PRICES.map((name) => ({ name, micros: micros[name] ?? 0, standardError: 0 }));
}

describe('what an operation pays for', () => {
  const counts = (work: Partial<Work>): Record<string, number> =>
    Object.fromEntries(countsOf({ ...GET, ...work }, CACHES).map((count, index) => [PRICES[index], count]));

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
});

function forecaster(added: Added): Forecaster {
  return new Forecaster(pricesOf({ 'readable event': 4, get: 1 }), CACHES, GET, added);
}

describe('a forecast', () => {
  test('divides the cores by what an operation costs on so many', () => {
    const of = forecaster({ micros: 0.05, doubt: 0 });
    expect(of.on(1)).toMatchObject({ micros: 5, opsPerSecond: 200_000 });
    expect(of.on(21).micros).toBeCloseTo(6, 9);
    expect(of.on(21).opsPerSecond).toBeCloseTo(3_500_000, 3);
  });

  test('is less sure the more cores there are, and never better than workers that cost each other nothing', () => {
    const of = forecaster({ micros: 0.05, doubt: 0.1 });
    expect(of.on(48).high / of.on(48).low).toBeGreaterThan(of.on(2).high / of.on(2).low);
    expect(of.on(48).high).toBeCloseTo(9_600_000, 3);
  });

  test('takes workers that seem to help each other for ones that cost nothing', () => {
    expect(forecaster({ micros: -0.1, doubt: 0 }).on(8).opsPerSecond).toBeCloseTo(1_600_000, 3);
  });
});

describe('ceilings', () => {
  test('are ordered by the cores that reach them', () => {
    const of = forecaster({ micros: 0.05, doubt: 0 });
    const reached = of.reached([
      { name: 'a thread', opsPerSecond: 4_000_000 },
      { name: 'a wire', opsPerSecond: 1_000_000 },
    ]);
    expect(reached.map(({ name }) => name).slice(0, 2)).toEqual(['a wire', 'a thread']);
    expect(of.on(reached[0].cores).opsPerSecond).toBeCloseTo(1_000_000, 0);
  });

  test('are left out when workers hold each other up before', () => {
    const reached = forecaster({ micros: 0.05, doubt: 0 }).reached([{ name: 'a wire', opsPerSecond: 30_000_000 }]);
    expect(reached).toHaveLength(1);
    expect(reached[0].cores).toBeCloseTo(101, 6);
  });

  test('are all that is left when workers cost each other nothing', () => {
    const wire = { name: 'a wire', opsPerSecond: 2_000_000 };
    expect(forecaster({ micros: 0, doubt: 0 }).reached([wire])).toEqual([{ ...wire, cores: 10 }]);
  });
});
