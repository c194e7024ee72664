import { describe, expect, test } from '@jest/globals';
import type { TurnWindow } from '../load/turns.js';
import { ROWS, type Row, selectRows } from './rows.js';
import {
  compareVersions,
  figuresOf,
  judge,
  median,
  quantile,
  referenceDialect,
  spreadPercent,
  verdictOf,
} from './table.js';

function window(serverCpuMicrosPerOp: number, more: Partial<TurnWindow> = {}): TurnWindow {
  return {
    seconds: 1,
    operations: 1000,
    opsPerSecond: 1000,
    latencyMicros: { p50: 1, p99: 2, p999: 3, max: 4 },
    generatorCpuMicrosPerOp: 1,
    serverCpuMicrosPerOp,
    serverResidentBytes: 1,
    ...more,
  };
}

function rowNamed(id: string): Row {
  const row = ROWS.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

function windows(id: string, shoal: number[], peer: number[]) {
  return { row: rowNamed(id), shoal: shoal.map((cpu) => window(cpu)), peer: peer.map((cpu) => window(cpu)) };
}

describe('the table arithmetic', () => {
  test('takes the middle of an odd and the mean of the middle two of an even number of samples', () => {
    expect([median([9, 1, 5]), median([4, 1, 3, 2]), median([])]).toEqual([5, 2.5, Number.NaN]);
    expect([quantile([1, 2, 3, 4, 5], 0.25), quantile([1, 2], 0.75)]).toEqual([2, 1.75]);
  });

  test('shows the distance of the quartiles in percent of the median, whatever one sample does', () => {
    expect(spreadPercent([8, 9, 10, 11, 1000])).toBeCloseTo(20);
  });

  test('takes the ratio within each round, so that a slow minute of the machine cancels out', () => {
    const row = judge(windows('get', [6, 12, 6.3], [8, 16, 7]), 'epoll');
    expect(row.ratio).toBeCloseTo(0.75);
    expect(row.ratioRange[1]).toBeCloseTo(0.825);
    expect(row.shoal.cpuMicrosPerOp).toBe(6.3);
  });

  test('passes a row that exactly reaches its limit and no other', () => {
    expect([verdictOf(1, 1), verdictOf(1.001, 1), verdictOf(Number.NaN, 1), verdictOf(9, undefined)]).toEqual([
      'pass',
      'miss',
      'miss',
      'none',
    ]);
  });

  test('judges by the limits of the transport that the server runs on', () => {
    const pipelined = windows('get16-meta', [7.8], [10]);
    const verdicts = (['epoll', 'uring', 'net'] as const).map((transport) => judge(pipelined, transport).verdict);
    expect(verdicts).toEqual(['pass', 'miss', 'none']);
    expect(judge(windows('get', [14], [10]), 'net').verdict).toBe('pass');
  });

  test('judges nothing when something else stands in the place of memcached', () => {
    const row = judge(windows('get', [11], [8]), undefined);
    expect([row.verdict, row.limit, row.ratio]).toEqual(['none', undefined, 11 / 8]);
  });

  test('judges pipelined text gets by the binary ones of a memcached older than 1.6.45', () => {
    const row = judge({ ...windows('get16-text', [1], [7]), reference: [window(1.6)] }, 'epoll');
    expect([row.judgedAgainst, row.ratio, row.peer.cpuMicrosPerOp]).toEqual(['binary', 1 / 1.6, 7]);
    const dialects = ['1.6.18', '1.6.45', undefined].map((version) => referenceDialect(row1, version));
    expect(dialects).toEqual(['binary', undefined, undefined]);
    expect(referenceDialect(rowNamed('get'), '1.6.18')).toBeUndefined();
  });

  test('says when the generator was slower than either server', () => {
    const fast = windows('get', [2], [2]);
    const slow = { ...fast, shoal: [window(2, { generatorCpuMicrosPerOp: 3 })] };
    expect([fast, slow].map((one) => judge(one, 'epoll').isGeneratorSlower)).toEqual([false, true]);
  });

  test('orders versions by their numbers', () => {
    expect(compareVersions('1.6.9', '1.6.45')).toBeLessThan(0);
    expect(compareVersions('1.6.45', '1.6.45')).toBe(0);
    expect(compareVersions('1.10', '1.6.45')).toBeGreaterThan(0);
  });

  test('takes medians of throughput and memory as well', () => {
    const figures = figuresOf([1, 2, 9].map((n) => window(n, { opsPerSecond: n * 10, serverResidentBytes: n })));
    expect([figures.opsPerSecond, figures.residentBytes, figures.samples]).toEqual([20, 2, [1, 2, 9]]);
  });
});

const row1 = rowNamed('get16-text');

describe('selectRows', () => {
  test('takes the judged rows without a choice, and any by name in the order of the table', () => {
    expect(selectRows(undefined).map((row) => row.id)).toEqual([
      'get',
      'set',
      'get16-text',
      'get16-meta',
      'get16-binary',
      'set16-text',
      'set16-meta',
      'set16-binary',
      'mget',
      'get-8000',
      'set-8000',
    ]);
    expect(selectRows(['mix', 'get']).map((row) => row.id)).toEqual(['get', 'mix']);
  });

  test('names every row once', () => {
    expect(new Set(ROWS.map((row) => row.id)).size).toBe(ROWS.length);
  });
});
