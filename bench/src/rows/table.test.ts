import { describe, expect, test } from '@jest/globals';
import type { LoadReport } from '../load/load-run.js';
import { ROWS, type Row, selectRows } from './rows.js';
import { compareVersions, figuresOf, judge, median, spreadPercent, verdictOf } from './table.js';

function report(serverCpuMicrosPerOp: number, more: Partial<LoadReport> = {}): LoadReport {
  return {
    workload: ROWS[0].workload,
    connections: 50,
    keyCount: 1000,
    seconds: 1,
    operations: 1000,
    opsPerSecond: 1000,
    latencyMicros: { p50: 1, p99: 2, p999: 3, max: 4 },
    generatorCpuMicrosPerOp: 1,
    serverCpuMicrosPerOp,
    ...more,
  };
}

function rowNamed(id: string): Row {
  const row = ROWS.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

function samples(id: string, shoal: number[], peer: number[]) {
  return { row: rowNamed(id), shoal: shoal.map((cpu) => report(cpu)), peer: peer.map((cpu) => report(cpu)) };
}

const epoll145 = { transport: 'epoll', memcachedVersion: '1.6.45' } as const;
const epoll118 = { transport: 'epoll', memcachedVersion: '1.6.18' } as const;

describe('the table arithmetic', () => {
  test('takes the middle of an odd and the mean of the middle two of an even number of samples', () => {
    expect([median([9, 1, 5]), median([4, 1, 3, 2]), median([])]).toEqual([5, 2.5, Number.NaN]);
  });

  test('shows the distance of the extremes in percent of the median', () => {
    expect(spreadPercent([9, 10, 12])).toBeCloseTo(30);
  });

  test('takes the ratio within each round, so that a slow minute of the machine cancels out', () => {
    const [row] = judge([samples('get', [6, 12, 6.3], [8, 16, 7])], epoll145);
    expect(row.ratio).toBeCloseTo(0.75);
    expect(row.ratioRange[0]).toBeCloseTo(0.75);
    expect(row.ratioRange[1]).toBeCloseTo(0.9);
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

  test('judges by the limits of the transport', () => {
    const slow = [samples('get', [11], [8]), samples('get16-meta', [3], [1])];
    expect(judge(slow, epoll145).map((row) => row.verdict)).toEqual(['miss', 'miss']);
    expect(judge(slow, { ...epoll145, transport: 'net' }).map((row) => row.verdict)).toEqual(['pass', 'none']);
  });

  test('judges nothing when something else stands in the place of memcached', () => {
    const [row] = judge([samples('get', [11], [8])], { transport: 'epoll' });
    expect([row.verdict, row.limit, row.ratio]).toEqual(['none', undefined, 11 / 8]);
  });

  test('judges pipelined text gets by the binary ones of a memcached older than 1.6.45', () => {
    const both = [samples('get16-text', [1], [7]), samples('get16-binary', [0.5], [1.6])];
    const [old] = judge(both, epoll118);
    expect([old.judgedAgainst, old.ratio, old.peer.cpuMicrosPerOp]).toEqual(['get16-binary', 1 / 1.6, 7]);
    const [recent] = judge(both, epoll145);
    expect([recent.judgedAgainst, recent.ratio]).toEqual([undefined, 1 / 7]);
  });

  test('says when the generator was slower than either server', () => {
    const fast = samples('get', [2], [2]);
    const slow = { ...fast, shoal: [report(2, { generatorCpuMicrosPerOp: 3 })] };
    expect(judge([fast, slow], epoll145).map((row) => row.isGeneratorSlower)).toEqual([false, true]);
  });

  test('orders versions by their numbers', () => {
    expect(compareVersions('1.6.9', '1.6.45')).toBeLessThan(0);
    expect(compareVersions('1.6.45', '1.6.45')).toBe(0);
    expect(compareVersions('1.10', '1.6.45')).toBeGreaterThan(0);
  });

  test('takes medians of throughput and latency as well', () => {
    const figures = figuresOf([1, 2, 9].map((n) => report(n, { opsPerSecond: n * 10, serverResidentBytes: n })));
    expect([figures.opsPerSecond, figures.residentBytes, figures.samples]).toEqual([20, 2, [1, 2, 9]]);
  });
});

describe('selectRows', () => {
  test('takes all rows without a choice and keeps the order of the table', () => {
    expect(selectRows(undefined)).toBe(ROWS);
    expect(selectRows(['set', 'get']).map((row) => row.id)).toEqual(['get', 'set']);
  });

  test('adds the row that a chosen one may be judged by', () => {
    expect(selectRows(['get16-text']).map((row) => row.id)).toEqual(['get16-text', 'get16-binary']);
  });

  test('names every row once', () => {
    expect(new Set(ROWS.map((row) => row.id)).size).toBe(ROWS.length);
  });
});
