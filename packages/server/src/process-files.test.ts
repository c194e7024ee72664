import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Family } from './connection-table.js';
import { writePortFile } from './process-files.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-port-file-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('the file names each TCP port by its family and leaves nothing else behind', () => {
  const file = join(folder, 'ports');
  writePortFile(file, [
    { family: Family.IPV4, address: '0.0.0.0', port: 11_211 },
    { family: Family.IPV6, address: '::', port: 11_212 },
  ]);
  expect(readFileSync(file, 'utf8')).toBe('TCP INET: 11211\nTCP INET6: 11212\n');
  expect(readdirSync(folder)).toEqual(['ports']);
});

test('a unix socket has no line', () => {
  const file = join(folder, 'ports');
  writePortFile(file, [{ family: Family.UNIX, address: '/tmp/socket', port: 0 }]);
  expect(readFileSync(file, 'utf8')).toBe('');
});
