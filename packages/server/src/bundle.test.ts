import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));

function modifiedMs(path: string): number {
  return statSync(`${PACKAGES}${path}`).mtimeMs;
}

function compiledFiles(dist: string): string[] {
  const names = readdirSync(`${PACKAGES}${dist}`, { recursive: true }) as string[];
  return names.filter((name) => name.endsWith('.js') && !name.startsWith('bundled')).map((name) => `${dist}/${name}`);
}

// Everything that starts a server runs the bundle: a stale one would pass tests that the sources fail.
test('the worker was bundled after all that it is made of was compiled', () => {
  const bundledMs = modifiedMs('server/dist/bundled/worker.js');
  const files = ['protocol/dist', 'store/dist', 'server/dist'].flatMap(compiledFiles);
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => modifiedMs(file) > bundledMs)).toEqual([]);
});
