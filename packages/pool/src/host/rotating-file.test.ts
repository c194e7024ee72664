import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RotatingFile } from './rotating-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-pool-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const read = (name: string) => readFileSync(join(folder, name), 'utf8');

test('what is written is there, behind what was there before', () => {
  new RotatingFile(join(folder, 'log')).write('one\n');
  const file = new RotatingFile(join(folder, 'log'));
  file.write('two\n');
  file.close();
  expect(read('log')).toBe('one\ntwo\n');
  expect(statSync(join(folder, 'log')).mode & 0o777).toBe(0o600);
});

test('a full file becomes the one before, and there are never more than two', () => {
  const file = new RotatingFile(join(folder, 'log'), 100);
  const line = `${'x'.repeat(29)}\n`;
  for (let count = 0; count < 101; count++) file.write(line);
  file.close();
  expect(read('log.1')).toBe(line.repeat(4));
  expect(read('log')).toBe(line);
});

test('without its folder lines are lost and nothing else, and with it writing goes on', () => {
  const file = new RotatingFile(join(folder, 'sub', 'log'));
  expect(() => file.write('lost\n')).not.toThrow();
  const other = new RotatingFile(join(folder, 'log'));
  other.write('kept\n');
  expect(read('log')).toBe('kept\n');
  other.close();
});
