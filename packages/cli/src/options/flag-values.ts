/**
 * The values that the command line gives, out of the flags that were read, and what is wrong with its words. Called by
 * server-options.ts.
 */
import { hint } from '../suggestion.js';
import type { FlagUse, ReadArguments } from './arguments.js';
import { addExtendedList, type GivenValues, noValues } from './given-value.js';
import { flagLabel, SERVER_FLAGS } from './server-flags.js';

export function flagValues({ uses, unknown, operands }: ReadArguments): GivenValues {
  const given = noValues();
  given.problems.push(
    ...unknown.map(unknownFlag),
    ...operands.map((word) => `${word}: is not a flag; shoal server takes flags only`),
  );
  for (const use of gathered(uses)) addUse(given, use);
  return given;
}

function addUse(given: GivenValues, { flag, text }: FlagUse): void {
  const label = flagLabel(flag);
  if (flag.refusal) given.problems.push(`${label}: ${flag.refusal}`);
  else if (flag.argument === undefined) given.values.push({ option: flag, text: text ?? 'true', label });
  else if (text === undefined) given.problems.push(`${label}: needs a value; allowed: ${flag.allowed}`);
  else if (flag.name === 'extended') addExtendedList(given, text, '-o');
  else given.values.push({ option: flag, text, label });
}

/** A flag that counts is used once, as often as it was; one that lists is used once, with the whole list. */
function gathered(uses: readonly FlagUse[]): FlagUse[] {
  const seen = new Set<string>();
  return uses.flatMap((use) => {
    const { flag } = use;
    if (flag.repeats === undefined || flag.name === 'extended') return [use];
    if (seen.has(flag.name)) return [];
    seen.add(flag.name);
    const texts = uses.filter((other) => other.flag === flag).map(({ text }) => text);
    if (flag.repeats === 'count') return [{ flag, text: String(texts.length) }];
    return [{ flag, text: texts.includes(undefined) ? undefined : texts.join(',') }];
  });
}

/** With the flag that was probably meant. */
function unknownFlag(written: string): string {
  if (written.startsWith('--')) {
    const names = SERVER_FLAGS.filter((flag) => !flag.refusal).map(({ name }) => `--${name}`);
    return `${written}: is not a flag${hint(written, names)}`;
  }
  const otherCase = SERVER_FLAGS.find(({ short }) => short?.toLowerCase() === written[1].toLowerCase());
  return `${written}: is not a flag${otherCase ? `; did you mean ${flagLabel(otherCase)}?` : ''}`;
}
