/*
 * The TypeScript sources that the house rules judge: every .ts file in the src folder of a package and of bench, read
 * whole. The tests of this folder call it; their bad samples are source files too, made up on the spot.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** From the root of the repository, with forward slashes: packages/store/src/slabs.ts */
  readonly path: string;
  readonly text: string;
}

export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export function readSources(): SourceFile[] {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name));
  return [...packages, join(ROOT, 'bench')].flatMap((folder) => sourcesUnder(join(folder, 'src')));
}

export function isTest(file: SourceFile): boolean {
  return file.path.endsWith('.test.ts');
}

/** A test, or what only the tests of its package use: src/testing is compiled with them and never shipped. */
export function servesTests(file: SourceFile): boolean {
  return isTest(file) || file.path.includes('/src/testing/');
}

/** packages/store/src/slabs.ts → store, bench/src/main.ts → bench */
export function packageOf(path: string): string {
  const [first, second] = path.split('/');
  return first === 'packages' ? second : first;
}

function sourcesUnder(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}
