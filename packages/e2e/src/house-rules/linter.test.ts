import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROOT } from './source-file.js';

/** A bad sample for each house rule that biome.json states: where it stands, the rule it breaks, what is in it. */
const SAMPLES: readonly (readonly [path: string, rule: string, text: string])[] = [
  ['packages/store/src/too-long.ts', 'noExcessiveLinesPerFile', `export const a = [\n${'  1,\n'.repeat(499)}];\n`],
  ['packages/store/src/long-function.ts', 'noExcessiveLinesPerFunction', functionOf(71)],
  ['packages/store/src/default-export.ts', 'noDefaultExport', 'export default 1;\n'],
  ['packages/store/src/enumeration.ts', 'noEnum', 'export enum Color {\n  RED,\n}\n'],
  ['packages/store/src/namespace.ts', 'noNamespace', 'export namespace Slabs {\n  export const a = 1;\n}\n'],
  ['packages/store/src/camelCase.ts', 'useFilenamingConvention', 'export const a = 1;\n'],
  ['packages/store/src/clock-reader.ts', 'noRestrictedGlobals', 'export const now = () => Date.now();\n'],
  ['packages/protocol/src/logger.ts', 'noRestrictedGlobals', "export const log = () => console.log('');\n"],
  ['packages/store/src/only.test.ts', 'noFocusedTests', "test.only('a', () => {});\n"],
  ['packages/store/src/skip.test.ts', 'noSkippedTests', "describe.skip('a', () => {});\n"],
  ['packages/store/src/x-it.test.ts', 'noSkippedTests', "xit('a', () => {});\n"],
];

const GOOD = 'packages/store/src/long-enough.ts';

const tree = mkdtempSync(join(tmpdir(), 'shoal-linter-'));
let diagnostics: readonly { category: string; location: { path: string } }[] = [];

/** A function whose braces enclose this many lines. */
function functionOf(lines: number): string {
  return `export function count(n: number) {\n  let m = n;\n${'  m += n;\n'.repeat(lines - 2)}  return m;\n}\n`;
}

beforeAll(() => {
  const { vcs: _, ...config } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
  writeSample('biome.json', JSON.stringify(config));
  writeSample(GOOD, functionOf(70));
  for (const [path, , text] of SAMPLES) writeSample(path, text);
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  diagnostics = JSON.parse(spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' }).stdout).diagnostics;
});

afterAll(() => rmSync(tree, { recursive: true }));

function writeSample(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function rulesBrokenBy(path: string): string[] {
  const found = diagnostics.filter(({ location }) => location.path === path);
  return found.map(({ category }) => category.slice(category.lastIndexOf('/') + 1));
}

describe('the linter', () => {
  test.each(SAMPLES)('finds in %s what %s forbids', (path, rule) => {
    expect(rulesBrokenBy(path)).toContain(rule);
  });

  test('lets a function of 70 lines pass', () => {
    expect(rulesBrokenBy(GOOD)).toEqual([]);
  });
});
