import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type BenchResult, missesOf } from '../bench.js';
import type { Figures, RowResult } from '../rows/table.js';
import { resultName, writeResult } from './results.js';
import { renderResult } from './table-text.js';

const figures: Figures = {
  samples: [6.4],
  cpuMicrosPerOp: 6.4,
  spreadPercent: 4,
  opsPerSecond: 123456,
  p50Micros: 300,
  p99Micros: 900,
  p999Micros: 1000,
  generatorCpuMicrosPerOp: 7,
  residentBytes: 1,
};

const row: RowResult = {
  id: 'get',
  label: 'get',
  shoal: figures,
  peer: { ...figures, cpuMicrosPerOp: 8 },
  ratio: 0.8,
  ratioRange: [0.78, 0.83],
  limit: 1,
  goal: 0.9,
  verdict: 'pass',
  isGeneratorSlower: true,
};

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
    commandLine: 'pnpm bench --rounds 1',
  },
  transport: 'epoll',
  workers: 1,
  rounds: 1,
  seconds: 1,
  connections: 50,
  peer: 'memcached 1.6.18',
  shoalVersion: '1.6.45',
  rows: [row, { ...row, id: 'mix', label: 'mix', ratio: 1.2, verdict: 'miss', judgedAgainst: 'get' }],
  startup: { helpCpuMs: 150, emptyCpuMs: 40, extraCpuMs: 110, limitMs: 100, verdict: 'miss' },
  idle: {
    seconds: 10,
    shoal: { cpuMsPerSecond: 0.5, residentBytes: 80 * 2 ** 20 },
    peer: { cpuMsPerSecond: 0.2, residentBytes: 4 * 2 ** 20 },
    bytesPerFurtherWorker: 14 * 2 ** 20,
  },
  warnings: ['taskset is missing'],
};

describe('renderResult', () => {
  const lines = renderResult(result).split('\n');
  const table = lines.filter((line) => line.startsWith('|'));

  test('draws a table whose lines all have the columns of its head', () => {
    expect(table).toHaveLength(4);
    expect(new Set(table.map((line) => line.split('|').length)).size).toBe(1);
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
  });

  test('puts ratio, range, limit and verdict under their heads', () => {
    const [head, , get] = table.map((line) => line.split('|').map((cell) => cell.trim()));
    const under = (name: string) => get[head.indexOf(name)];
    expect([under('ratio'), under('in rounds'), under('limit'), under('goal')]).toEqual([
      '0.800',
      '0.78–0.83',
      '≤ 1.00',
      '0.90',
    ]);
    expect([under('Shoal ops/s'), under('generator µs/op')]).toEqual(['123,456', '7.00 ²']);
    expect(get).toContain('pass');
  });

  test('names machine, kernel, versions, commit, date and command line', () => {
    const text = lines.join('\n');
    const facts = [
      'Abacus',
      '6.1',
      'v20.19.0',
      'memcached 1.6.18',
      'abc1234 with uncommitted changes',
      '2026-11-22',
      'pnpm bench --rounds 1',
    ];
    for (const fact of facts) expect(text).toContain(fact);
  });

  test('says in words what a mark, a warning and the other lines mean', () => {
    const text = lines.join('\n');
    for (const part of ['¹ mix: over', '² The generator', '110 ms of CPU more', 'limit 100 ms: MISS'])
      expect(text).toContain(part);
    for (const part of ['Idle for 10 s', '14.0 MiB', 'Warning: taskset is missing.', '1 of 2 rows'])
      expect(text).toContain(part);
  });
});

describe('missesOf', () => {
  test('names rows and lines beyond their limit', () => {
    expect(missesOf(result)).toEqual(['mix', 'help']);
  });
});

describe('writeResult', () => {
  test('writes JSON and Markdown named by date, commit, transport and workers', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bench-results-'));
    const path = writeResult(result, directory);
    expect(path).toBe(join(directory, '2026-11-22-abc1234.md'));
    expect(JSON.parse(readFileSync(path.replace(/md$/, 'json'), 'utf8'))).toEqual(result);
    rmSync(directory, { recursive: true });
    expect(resultName({ ...result, transport: 'net', workers: 2 })).toBe('2026-11-22-abc1234-net-w2');
  });
});
