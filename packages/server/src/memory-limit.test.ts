import { totalmem } from 'node:os';
import { expect, test } from '@jest/globals';
import { automaticMemoryBytes } from './memory-limit.js';
import { resolveServerOptions } from './option-checks.js';

const MIB = 1_048_576;
const DEFAULT_BYTES = 64 * MIB;
const LEAST_BYTES = 2 * MIB;

function automatic(files: Record<string, string>, threads = 1): number {
  return automaticMemoryBytes({ threads, leastBytes: LEAST_BYTES, readText: (path) => files[path] ?? '' });
}

/** What a container with this limit sees. */
function container(limit: string): Record<string, string> {
  return { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': limit };
}

test('three quarters of the limit go to items, less what the process needs', () => {
  expect(automatic(container(`${400 * MIB}\n`))).toBe((300 - 90) * MIB);
  expect(automatic(container(`${400 * MIB}\n`), 4)).toBe((300 - 135) * MIB);
});

test('without a limit it is the default', () => {
  expect(automatic({})).toBe(DEFAULT_BYTES);
  expect(automatic(container('max\n'))).toBe(DEFAULT_BYTES);
  expect(automatic(container(`${totalmem() * 2}\n`))).toBe(DEFAULT_BYTES);
});

test('a small limit leaves the least that a server starts with', () => {
  expect(automatic(container(`${64 * MIB}\n`))).toBe(LEAST_BYTES);
});

test('the tightest group on the way up counts', () => {
  const files = {
    '/proc/self/cgroup': '0::/system.slice/shoal.service\n',
    '/sys/fs/cgroup/system.slice/shoal.service/memory.max': 'max\n',
    '/sys/fs/cgroup/system.slice/memory.max': `${800 * MIB}\n`,
    '/sys/fs/cgroup/memory.max': `${1000 * MIB}\n`,
  };
  expect(automatic(files)).toBe((600 - 90) * MIB);
});

test('version 1 is read too, as a container sees it and as its host does', () => {
  const groups = '12:cpu,cpuacct:/docker/f00\n4:memory:/docker/f00\n1:name=systemd:/docker/f00\n';
  const root = '/sys/fs/cgroup/memory';
  const inside = { '/proc/self/cgroup': groups, [`${root}/memory.limit_in_bytes`]: `${400 * MIB}\n` };
  expect(automatic(inside)).toBe(210 * MIB);
  const outside = {
    ...inside,
    [`${root}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${root}/docker/f00/memory.limit_in_bytes`]: `${200 * MIB}\n`,
  };
  expect(automatic(outside)).toBe(60 * MIB);
});

test('auto becomes a number when the options are checked, and room enough for the largest item', () => {
  const { memoryLimitBytes } = resolveServerOptions({ memoryLimitBytes: 'auto', itemSizeMaxBytes: 2 * MIB });
  expect(memoryLimitBytes).toBeGreaterThanOrEqual(4 * MIB);
});
