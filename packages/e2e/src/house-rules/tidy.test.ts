import { describe, expect, test } from '@jest/globals';
import { readSources } from './source-file.js';
import { tidyProblems } from './tidy.js';

const OPENING = '/*\n * What it is.\n */\n';

function problems(text: string, path = 'packages/store/src/slabs.ts'): string[] {
  return tidyProblems({ path, text });
}

test('the sources are tidy', () => {
  expect(readSources().flatMap(tidyProblems)).toEqual([]);
});

describe('the tidy rule goes red', () => {
  test.each([
    ['a file without an opening comment', 'export const a = 1;\n'],
    ['an opening of one line', '// What it is.\nexport const a = 1;\n'],
    ['an opening of two lines', '// What it is.\n// Who calls it.\nexport const a = 1;\n'],
    ['an opening of thirteen lines', `/*\n${' * Too much.\n'.repeat(13)} */\n`],
    ['a comment that comes after the imports', `import './arena.js';\n${OPENING}`],
    ['a leftover mark', `${OPENING}// ${'TO'}${'DO'}: evict\n`],
    ['a silenced house rule', `${OPENING}// biome-ignore ${'lint'}/style/noEnum: just once\n`],
  ])('on %s', (_, text) => {
    expect(problems(text)).toHaveLength(1);
  });

  test.each(['utils.ts', 'common.ts', 'helpers.ts', 'types.ts', 'utils/time.ts', 'types.test.ts'])(
    'on a file called %s',
    (name) => {
      expect(problems(OPENING, `packages/store/src/${name}`)).toHaveLength(1);
    },
  );
});

describe('the tidy rule stays green', () => {
  test.each([
    ['an opening of three lines', OPENING],
    ['an opening of twelve lines', `/**\n${' * Just enough.\n'.repeat(12)} */\nexport const a = 1;\n`],
    ['an opening of line comments', '// What it is.\n// Who calls it.\n// Which lock.\nexport const a = 1;\n'],
    ['a word that only resembles a mark', `${OPENING}export const todoList = 1;\n`],
    [
      'another rule silenced with a reason',
      `${OPENING}// biome-ignore lint/suspicious/noControlCharactersInRegex: on purpose\n`,
    ],
  ])('on %s', (_, text) => {
    expect(problems(text)).toEqual([]);
  });

  test('on a test without an opening', () => {
    expect(problems("test('it counts', () => {});\n", 'packages/store/src/slabs.test.ts')).toEqual([]);
  });
});
