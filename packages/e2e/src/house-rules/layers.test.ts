import { describe, expect, test } from '@jest/globals';
import { fileCycles, LAYERS, layerProblems, packageCycles } from './layers.js';
import { packageOf, readSources } from './source-file.js';

const sources = readSources();

function sample(path: string, text: string) {
  return { path, text };
}

describe('the sources', () => {
  test('are read', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  test('belong to packages that have a line in the table of layers', () => {
    expect(sources.filter(({ path }) => LAYERS[packageOf(path)] === undefined)).toEqual([]);
  });

  test('import only what their layer may', () => {
    expect(layerProblems(sources)).toEqual([]);
  });

  test('close no circle of files', () => {
    expect(fileCycles(sources)).toEqual([]);
  });

  test('close no circle of packages', () => {
    expect(packageCycles(sources)).toEqual([]);
  });
});

describe('the layers rule goes red', () => {
  test.each([
    ['a library that imports the server', 'packages/store/src/a.ts', "import { startServer } from '@shoal/server';"],
    ['protocol and store meeting', 'packages/protocol/src/a.ts', "export * from '@shoal/store';"],
    [
      'a type that crosses a forbidden border',
      'packages/store/src/a.ts',
      "import type { Request } from '@shoal/protocol';",
    ],
    ['an import call', 'packages/client/src/a.ts', "const store = await import('@shoal/store');"],
    ['an imported type expression', 'packages/client/src/a.ts', "let store: import('@shoal/store').Store;"],
    [
      'a value where only types are granted',
      'packages/cli/src/a.ts',
      "import { type Op, Status } from '@shoal/protocol';",
    ],
    [
      'the main door where an entry is granted',
      'packages/cli/src/a.ts',
      "import { startServer } from '@shoal/server';",
    ],
    ['input and output in a pure package', 'packages/store/src/a.ts', "import { readFileSync } from 'node:fs';"],
    ['an npm package in a pure package', 'packages/protocol/src/a.ts', "import pino from 'pino';"],
    ['a way around the doors', 'packages/server/src/a.ts', "import { Store } from '../../store/src/store.js';"],
    ['its own build', 'packages/server/src/a.ts', "import { startServer } from '../dist/server.js';"],
    ['a package that imports itself by name', 'packages/store/src/a.ts', "import { Store } from '@shoal/store';"],
    ['a relative import without .js', 'packages/store/src/a.ts', "import { Store } from './store';"],
  ])('on %s', (_, path, text) => {
    expect(layerProblems([sample(path, text)])).toHaveLength(1);
  });

  test('on a circle of files, through folders and types too', () => {
    const circle = [
      sample('packages/server/src/session.ts', "import './commands/storage.js';"),
      sample('packages/server/src/commands/storage.ts', "import type { Context } from './context.js';"),
      sample('packages/server/src/commands/context.ts', "export * from '../session.js';"),
    ];
    expect(fileCycles(circle)).toEqual([
      [circle[0], circle[1], circle[2], circle[0]].map(({ path }) => path).join(' → '),
    ]);
  });

  test('on a circle of packages', () => {
    const circle = [
      sample('packages/server/src/a.ts', "import '@shoal/pool';"),
      sample('packages/pool/src/a.ts', "import '@shoal/server/main';"),
    ];
    expect(packageCycles(circle)).toEqual(['server → pool → server']);
  });
});

describe('the layers rule stays green', () => {
  test.each([
    ['what the table grants', 'packages/server/src/a.ts', "import { Store } from '@shoal/store'; import './b.js';"],
    ['types where types are granted', 'packages/cli/src/a.ts', "import type { Op } from '@shoal/protocol';"],
    ['the entry where the entry is granted', 'packages/cli/src/a.ts', "await import('@shoal/server/main');"],
    ['anything in the whole-system tests', 'packages/e2e/src/a.ts', "import '@shoal/store'; import '@shoal/server';"],
    [
      'the built package in its own tests',
      'packages/server/src/a.test.ts',
      "import { startServer } from '@shoal/server';",
    ],
    [
      'the built package in what serves its tests',
      'packages/server/src/testing/a.ts',
      "import '../../dist/server.js';",
    ],
    ['an import told in a string', 'packages/store/src/a.ts', 'export const text = "import \'@shoal/server\'";'],
  ])('on %s', (_, path, text) => {
    expect(layerProblems([sample(path, text)])).toEqual([]);
  });
});
