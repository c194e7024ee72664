import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { BenchResult } from '../bench.js';
import { type BenchOptions, parseBenchOptions } from '../bench-options.js';
import { atLeast, atMost } from '../rows/check.js';
import type { Figures, RowResult } from '../rows/table.js';
import { operationsSection } from './operations-text.js';
import { reportText } from './report-text.js';
import { resultName, writeResult } from './results.js';
import { compactTable, missesOf } from './summary.js';

const figures: Figures = {
  samples: [6.4],
  cpuMicrosPerOp: 6.4,
  spreadPercent: 4,
  opsPerSecond: 123456,
  p50Micros: 300,
  p99Micros: 900,
  p999Micros: 1000,
  generatorCpuMicrosPerOp: 7,
  residentBytes: 80 * 2 ** 20,
};

const row: RowResult = {
  id: 'get',
  label: 'get',
  shoal: figures,
  peer: { ...figures, cpuMicrosPerOp: 8 },
  ratio: 0.8,
  ratioRange: [0.78, 0.83],
  limit: 0.9,
  verdict: 'pass',
  isGeneratorSlower: true,
};

const section = operationsSection({
  workers: 1,
  peerName: 'memcached 1.6.18',
  shoalVersion: '1.6.45',
  windows: 11,
  windowSeconds: 0.4,
  warmupSeconds: 2,
  tables: [
    {
      transport: 'epoll',
      rows: [row, { ...row, id: 'x', label: 'other', ratio: 1.2, verdict: 'miss', judgedAgainst: 'binary' }],
    },
  ],
  redis: { version: '7.0.15', rows: [{ id: 'get', label: 'get', figures }] },
  warnings: ['taskset is missing'],
});

const result: BenchResult = {
  machine: {
    cpu: 'Abacus',
    cores: 2,
    memoryGib: 1,
    loadAverage: 0,
    kernel: '6.1',
    node: 'v20.19.0',
    commit: 'abc1234',
    isModified: true,
    date: '2026-11-22',
    commandLine: 'pnpm bench --windows 5',
  },
  versions: { peer: 'memcached 1.6.18', connections: 50, keyCount: 10_000 },
  seconds: 600,
  checks: [
    atMost({ id: 'epoll/get', label: 'get (epoll)', value: 0.8, limit: 0.9, unit: '×' }),
    atLeast({ id: 'hits', label: 'hit ratio', value: 0.7, limit: 0.8, unit: '×' }),
  ],
  sections: [section],
  warnings: ['the machine was busy'],
};

function options(...args: string[]): BenchOptions {
  return parseBenchOptions(args)!;
}

describe('the report', () => {
  test('draws a table whose lines all have the columns of its head', () => {
    const table = section.markdown.split('\n').filter((line) => /^\| (row|get|other)|^\|-/.test(line));
    const first = table.slice(0, 4);
    expect(new Set(first.map((line) => line.split('|').length)).size).toBe(1);
    expect(new Set(first.map((line) => line.length)).size).toBe(1);
  });

  test('puts ratio, quartiles, goal and verdict under their heads', () => {
    const rows = section.markdown.split('\n').filter((line) => line.startsWith('|'));
    const [head, , get] = rows.map((line) => line.split('|').map((cell) => cell.trim()));
    const under = (name: string) => get[head.indexOf(name)];
    const names = ['ratio', 'quartiles', 'goal', 'ops/s', 'resident MiB', 'generator µs/op'];
    expect(names.map(under)).toEqual(['0.800', '0.78–0.83', '≤ 0.90', '123,456 / 123,456', '80 / 80', '7.00 ²']);
    expect(get).toContain('pass');
  });

  test('says in words what a mark and a warning mean', () => {
    for (const part of [
      "¹ other: the ratio is over the other side's *binary*",
      '² The generator',
      '1 of 2 rows',
      'Warning: taskset is missing.',
    ])
      expect(section.markdown).toContain(part);
  });

  test('names machine, kernel, versions, commit, date and command line, and every goal with what was measured', () => {
    const text = reportText(result);
    const facts = ['Abacus', '6.1', 'v20.19.0', 'memcached 1.6.18', 'abc1234 with uncommitted changes', '2026-11-22'];
    for (const fact of [...facts, 'pnpm bench --windows 5', 'redis 7.0.15', 'Warning: the machine was busy.'])
      expect(text).toContain(fact);
    expect(text).toContain('| get (epoll) | 0.800 | ≤ 0.90 × | pass |\n| hit ratio | 0.700 | ≥ 0.80 × | MISS |');
    expect(text).toContain('1 of 2 goals met; missed: hits.');
    expect(missesOf(result.checks)).toEqual(['hits']);
  });
});

describe('the compact table', () => {
  test('has a column for each transport, what depends on none in the first, and misses in bold', () => {
    const checks = [
      ...result.checks,
      atMost({ id: 'uring/get', label: 'get (uring)', value: 0.8, limit: 0.77, unit: '×' }),
      atMost({ id: 'uring/idle-cpu', label: 'idle: CPU (uring)', value: 0.4, limit: 1, unit: 'ms/s' }),
    ];
    expect(compactTable(checks).split('\n')).toEqual([
      '| | epoll | uring |',
      '|---|---:|---:|',
      '| get | 0.80 (≤ 0.90) | **0.80** (≤ 0.77) |',
      '| hit ratio | **0.70** (≥ 0.80) |  |',
      '| idle: CPU |  | 0.4 ms/s (≤ 1) |',
    ]);
  });
});

describe('writeResult', () => {
  test('writes JSON, Markdown and charts named by date, commit and Node.js, and under names that stay when complete', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bench-results-'));
    const path = writeResult(result, options(), directory);
    const name = '2026-11-22-abc1234-node20';
    expect(path).toBe(join(directory, `${name}.md`));
    expect(readdirSync(directory).sort()).toEqual([`${name}-operations.svg`, `${name}.json`, `${name}.md`, 'latest']);
    expect(readdirSync(join(directory, 'latest')).sort()).toEqual(['operations.svg', 'report.md', 'summary.md']);
    expect(JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')).checks).toEqual(result.checks);
    expect(readFileSync(path, 'utf8')).toContain(`(${name}-operations.svg)`);
    expect(readFileSync(join(directory, 'latest/report.md'), 'utf8')).toContain('(operations.svg)');
    rmSync(directory, { recursive: true });
  });

  test('keeps what is not the whole comparison apart from what README shows', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bench-results-'));
    writeResult(result, options('--only', 'get', '--transport', 'epoll'), directory);
    expect(existsSync(join(directory, 'latest'))).toBe(false);
    writeResult(result, options('--workers', '2'), directory);
    expect(existsSync(join(directory, 'latest'))).toBe(false);
    expect(existsSync(join(directory, '2026-11-22-abc1234-node20-w2.md'))).toBe(true);
    rmSync(directory, { recursive: true });
    const marks = resultName(result, options('--transport', 'net', '--only', 'get', '--quick'));
    expect(marks).toBe('2026-11-22-abc1234-node20-quick-net-some');
  });
});
