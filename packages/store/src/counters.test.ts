import { describe, expect, test } from '@jest/globals';
import { CounterTable } from './counters.js';

const CACHE_LINE_BYTES = 64;

function table(width: number, rows: number): { counters: CounterTable; buffer: SharedArrayBuffer } {
  const buffer = CounterTable.allocate(width, rows);
  return { counters: new CounterTable(buffer, width), buffer };
}

describe('a total', () => {
  test('is what all rows counted together', () => {
    const { counters } = table(3, 4);
    for (let row = 0; row < 4; row++) counters.row(row)[1] += row + 1;
    expect([counters.total(0), counters.total(1), counters.total(2)]).toEqual([0, 10, 0]);
  });

  test('is the same for every thread that attaches', () => {
    const { counters, buffer } = table(20, 2);
    const other = new CounterTable(buffer, 20);
    counters.row(0)[19] += 5;
    other.row(1)[19] += 7;
    expect(counters.total(19)).toBe(12);
    expect(other.total(19)).toBe(12);
  });

  test('stays exact beyond 32 bits', () => {
    const { counters } = table(1, 2);
    counters.row(0)[0] = 2 ** 52;
    counters.row(1)[0]++;
    expect(counters.total(0)).toBe(2 ** 52 + 1);
  });
});

describe('a row', () => {
  test('shares no cache line with another, nor with the baseline', () => {
    const { counters } = table(17, 3);
    const starts = [0, 1, 2].map((row) => counters.row(row).byteOffset);
    expect(starts.every((start) => start % (2 * CACHE_LINE_BYTES) === 0)).toBe(true);
    expect(starts[0]).toBeGreaterThanOrEqual(17 * 8);
    expect(starts[1] - starts[0]).toBeGreaterThanOrEqual(17 * 8);
  });

  test('that does not exist is refused', () => {
    const { counters } = table(3, 2);
    expect(() => counters.row(2)).toThrow('row 2 of 2 does not exist');
    expect(() => counters.row(-1)).toThrow(RangeError);
  });
});

describe('a reset', () => {
  test('starts the counters asked for anew, and no others', () => {
    const { counters } = table(4, 2);
    for (let counter = 0; counter < 4; counter++) counters.row(0)[counter] = 10 + counter;
    counters.reset(1, 3);
    expect([0, 1, 2, 3].map((counter) => counters.total(counter))).toEqual([10, 0, 0, 13]);
    counters.row(1)[1]++;
    expect(counters.total(1)).toBe(1);
  });

  test('leaves the rows alone, for each has one writer', () => {
    const { counters } = table(2, 2);
    counters.row(1)[0] = 9;
    counters.reset(0, 2);
    expect(counters.row(1)[0]).toBe(9);
  });

  test('is seen by every thread, and can be repeated', () => {
    const { counters, buffer } = table(2, 2);
    const other = new CounterTable(buffer, 2);
    counters.row(0)[0] = 5;
    counters.reset(0, 2);
    counters.row(0)[0] += 2;
    expect(other.total(0)).toBe(2);
    other.reset(0, 2);
    expect(counters.total(0)).toBe(0);
  });
});
