/**
 * One value that somebody gave, wherever it stood, and how the places read a list of extended options. The places are
 * flag-values.ts (the command line), environment.ts and config-file.ts; server-options.ts applies what they found.
 */
import { hint } from '../suggestion.js';
import type { OptionDefinition } from './definition.js';
import { extendedNames, extendedRefusal, findExtendedOption } from './extended-options.js';

export interface GivenValue {
  readonly option: OptionDefinition;
  readonly text: string;
  /** Where and how it was given, in the words of whoever gave it: `-c, --conn-limit`, `SHOAL_OPT_THREADS`. */
  readonly label: string;
}

/** What one place holds: values in the order in which they count, and what is wrong beyond single values. */
export interface GivenValues {
  readonly values: GivenValue[];
  readonly problems: string[];
}

export function noValues(): GivenValues {
  return { values: [], problems: [] };
}

/** Takes `a,b=1,no_c` apart. A comma too many is no option and no error, as memcached's at the end of a list. */
export function addExtendedList(given: GivenValues, list: string, label: string): void {
  for (const part of list.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) addExtended(given, part, undefined, label);
    else addExtended(given, part.slice(0, equals), part.slice(equals + 1), label);
  }
}

/** One extended option; `label` is that of the list it stands in. */
export function addExtended(given: GivenValues, name: string, value: string | undefined, label: string): void {
  const found = findExtendedOption(name);
  const fullLabel = `${label} ${name}`;
  if (!found) {
    given.problems.push(`${fullLabel}: ${extendedRefusal(name) ?? unknownExtended(name)}`);
    return;
  }
  const { option, negated } = found;
  if (value !== undefined && (negated || option.argument === undefined)) {
    given.problems.push(`${fullLabel}: "${value}" is not allowed; ${name} takes no value`);
    return;
  }
  const text = value ?? (negated ? option.negatedText : option.impliedText);
  if (text === undefined) given.problems.push(`${fullLabel}: needs a value; allowed: ${option.allowed}`);
  else given.values.push({ option, text, label: fullLabel });
}

function unknownExtended(name: string): string {
  return `is not an extended option${hint(name, extendedNames())}`;
}
