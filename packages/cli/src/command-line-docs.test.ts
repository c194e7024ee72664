import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isGroup } from './command.js';
import { COMMANDS } from './command-line.js';
import { FLAG_GROUPS, type OptionDefinition } from './options/definition.js';
import { variableOf } from './options/environment.js';
import { EXTENDED_OPTIONS } from './options/extended-options.js';
import { SERVER_FLAGS } from './options/server-flags.js';
import { shoal } from './testing/shoal.js';

const HELP_COLUMNS = 110;
const PAGE = new URL('../../../docs/command-line.md', import.meta.url);

/** `UPDATE_DOCS=1 npm run jest -- command-line-docs` writes the tables anew. */
const UPDATE = process.env.UPDATE_DOCS === '1';

function section(page: string, name: string): { start: number; end: number } {
  const opening = `<!-- ${name}: written from the table of flags -->\n`;
  const start = page.indexOf(opening) + opening.length;
  return { start, end: page.indexOf(`<!-- end of ${name} -->`) };
}

function table(options: readonly OptionDefinition[], term: (option: OptionDefinition) => string): string {
  const groups = FLAG_GROUPS.flatMap((group) => {
    const rows = options.filter((option) => option.group === group).map((option) => row(option, term(option)));
    return rows.length === 0
      ? []
      : [`\n**${group}**\n\n| | what it does | default | allowed |\n|---|---|---|---|\n${rows.join('')}`];
  });
  return `${groups.join('')}\n`;
}

function row(option: OptionDefinition, term: string): string {
  const allowed = option.argument === undefined ? '' : option.allowed;
  return `| ${[term, option.description, option.default ?? '', allowed].map(cell).join(' | ')} |\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function flagTerm(flag: OptionDefinition): string {
  const spellings = [flag.short ? `\`-${flag.short}\` ` : '', `\`--${flag.name}\``];
  return spellings.join('') + (flag.own ? ` (${flag.own} of Shoal's own)` : '');
}

function extendedTerm({ name, argument, impliedText, negatedText }: OptionDefinition): string {
  const value = argument === undefined ? '' : impliedText === undefined ? `=${argument}` : `[=${argument}]`;
  return `\`${name}${value}\`${negatedText === undefined ? '' : ` \`no_${name}\``}`;
}

test.each([
  [
    'flags',
    () =>
      table(
        SERVER_FLAGS.filter(({ refusal }) => !refusal),
        flagTerm,
      ),
  ],
  ['extended options', () => table(EXTENDED_OPTIONS, extendedTerm)],
])('docs/command-line.md has the %s of the table, word for word', (name, expected) => {
  const page = readFileSync(PAGE, 'utf8');
  const { start, end } = section(page, name);
  expect(start).toBeLessThanOrEqual(end);
  if (UPDATE) writeFileSync(PAGE, page.slice(0, start) + expected() + page.slice(end));
  const now = readFileSync(PAGE, 'utf8');
  const at = section(now, name);
  expect(now.slice(at.start, at.end)).toBe(expected());
});

test('docs/command-line.md names every flag that is refused', () => {
  const page = readFileSync(PAGE, 'utf8');
  for (const { short, name, refusal } of SERVER_FLAGS) {
    if (refusal) expect(page).toContain(`\`-${short}\` \`--${name}\``);
  }
});

test('docs/command-line.md uses variables that exist', () => {
  const variables = new Set(SERVER_FLAGS.map(variableOf));
  const mentioned = readFileSync(PAGE, 'utf8').match(/SHOAL_OPT_[A-Z_]+[A-Z]/g) ?? [];
  expect(mentioned.length).toBeGreaterThan(0);
  expect(mentioned.filter((name) => !variables.has(name))).toEqual([]);
});

/** Every command's own page, without the flags that all of them have. */
async function helpPages(): Promise<string> {
  const words = COMMANDS.flatMap((command) =>
    isGroup(command)
      ? command.commands.map((inner) => [command.command, inner.command.split(' ')[0]])
      : [[command.command.split(' ')[0]]],
  );
  const pages: string[] = [];
  for (const each of words) {
    const { text } = await shoal([...each, '--help'], { columns: HELP_COLUMNS });
    const own = text.split('\n').filter((line) => !/^ {2}-[hV], /.test(line));
    pages.push(`### ${['shoal', ...each].join(' ')}\n\`\`\`\n${own.join('\n').trim()}\n\`\`\`\n`);
  }
  return `\n${pages.join('\n')}\n`;
}

test('docs/command-line.md has the help page of every other command', async () => {
  const name = 'other commands';
  const opening = `<!-- ${name}: written from their help pages -->\n`;
  const expected = await helpPages();
  const page = readFileSync(PAGE, 'utf8');
  const start = page.indexOf(opening) + opening.length;
  const end = page.indexOf(`<!-- end of ${name} -->`);
  expect(start).toBeLessThanOrEqual(end);
  if (UPDATE) writeFileSync(PAGE, page.slice(0, start) + expected + page.slice(end));
  expect(readFileSync(PAGE, 'utf8')).toContain(`${opening}${expected}<!-- end of ${name} -->`);
});
