import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CpuReader } from './cpu-reader.js';

const PID = 77;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cpu-reader-'));
  mkdirSync(join(root, String(PID), 'task'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

function writeThread(thread: number, nanos: number): void {
  const directory = join(root, String(PID), 'task', String(thread));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'schedstat'), `${nanos} 12345 6\n`);
}

describe('CpuReader', () => {
  test('sums the nanoseconds of all threads', () => {
    writeThread(77, 1_000_000);
    writeThread(78, 234_567);
    expect(new CpuReader(PID, root).nanos()).toBe(1_234_567);
  });

  test('keeps what an ended thread had used and adds a new one', () => {
    const reader = new CpuReader(PID, root);
    writeThread(77, 1000);
    writeThread(78, 500);
    expect(reader.nanos()).toBe(1500);
    rmSync(join(root, String(PID), 'task', '78'), { recursive: true });
    writeThread(79, 50);
    expect(reader.nanos()).toBe(1550);
  });

  test('falls back on clock ticks where the kernel has no schedstat, whatever the process is called', () => {
    mkdirSync(join(root, String(PID), 'task', '77'));
    const fields = Array.from({ length: 50 }, (_, i) => i + 3);
    writeFileSync(join(root, String(PID), 'stat'), `${PID} (a) b (c) ${fields.join(' ')}\n`);
    expect(new CpuReader(PID, root).nanos()).toBe((14 + 15) * 1e7);
  });

  test('reads resident memory from status', () => {
    writeFileSync(join(root, String(PID), 'status'), 'Name:\tx\nVmPeak:\t  9 kB\nVmRSS:\t   2048 kB\n');
    expect(new CpuReader(PID, root).residentBytes()).toBe(2 * 2 ** 20);
  });

  test('counts the work of this very process', () => {
    const reader = new CpuReader(process.pid);
    const before = reader.nanos();
    const start = process.cpuUsage();
    let spent = 0;
    while (spent < 50_000) {
      const { user, system } = process.cpuUsage(start);
      spent = user + system;
    }
    expect((reader.nanos() - before) / 1000).toBeGreaterThan(25_000);
  });
});
