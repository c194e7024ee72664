/*
 * The house rules about the text of a file that the linter cannot state: how a file opens, what it is called, and which
 * words do not stay. Length, exports, enums and skipped tests are the linter's (biome.json); house-rules/linter.test.ts
 * proves that it looks. Called by tidy.test.ts.
 */
import { isTest, type SourceFile } from './source-file.js';

/** The lines that only open and close the comment count towards the least, not towards the most. */
const OPENING_LINES = { min: 3, max: 12 };

/** Names that say nothing: what is inside belongs to the file that it serves. */
const EMPTY_NAMES = /^(utils?|common|helpers?|types|misc)$/;

const LEFTOVERS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);

const SILENCED_RULE =
  /biome-ignore(-\w+)* lint\/\w+\/(noExcessiveLines|noDefaultExport|noEnum|noNamespace|noParameterProperties|noFocusedTests|useFilenamingConvention)/;

export function tidyProblems(file: SourceFile): string[] {
  return [openingProblem(file), nameProblem(file), leftoverProblem(file), silencedProblem(file)].flatMap((problem) =>
    problem === null ? [] : [`${file.path}: ${problem}`],
  );
}

/** Tests open with their first sentence instead. */
function openingProblem(file: SourceFile): string | null {
  if (isTest(file)) return null;
  const opening = /^\/\*[\s\S]*?\*\/|^(\/\/.*\n)+/.exec(file.text);
  if (opening === null) return 'opens with a comment: what it is, who calls it, which lock, which limits';
  const lines = opening[0].trimEnd().split('\n');
  const words = lines.filter((line) => /\w/.test(line));
  if (lines.length >= OPENING_LINES.min && words.length <= OPENING_LINES.max) return null;
  return `opens with ${OPENING_LINES.min} to ${OPENING_LINES.max} lines of comment, not ${words.length}`;
}

function nameProblem(file: SourceFile): string | null {
  const empty = file.path.split(/[/.]/).find((part) => EMPTY_NAMES.test(part));
  return empty === undefined ? null : `"${empty}" names no thing: say what is inside`;
}

function leftoverProblem(file: SourceFile): string | null {
  const line = file.text.split('\n').findIndex((each) => LEFTOVERS.test(each));
  return line === -1 ? null : `line ${line + 1} leaves work for later: do it, or decide against it`;
}

function silencedProblem(file: SourceFile): string | null {
  const line = file.text.split('\n').findIndex((each) => SILENCED_RULE.test(each));
  return line === -1 ? null : `line ${line + 1} silences a house rule`;
}
