/**
 * The values that the environment gives: SHOAL_OPT_ and the long name of a flag in capitals, `-` as `_`, such as
 * SHOAL_OPT_MEMORY_LIMIT=1024 or SHOAL_OPT_EXTENDED=no_lru_crawler,idle_timeout=60. A switch takes true or false.
 */
import { hint } from '../suggestion.js';
import type { OptionDefinition } from './definition.js';
import { addExtendedList, type GivenValues, noValues } from './given-value.js';
import { SERVER_FLAGS } from './server-flags.js';

const PREFIX = 'SHOAL_OPT_';

export function variableOf(flag: OptionDefinition): string {
  return PREFIX + flag.name.toUpperCase().replaceAll('-', '_');
}

export function environmentValues(environment: Readonly<Record<string, string | undefined>>): GivenValues {
  const given = noValues();
  const flags = new Map(SERVER_FLAGS.filter((flag) => !flag.commandLineOnly).map((flag) => [variableOf(flag), flag]));
  for (const [variable, text = ''] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX)) continue;
    const flag = flags.get(variable);
    if (!flag) given.problems.push(`${variable}: is not a variable of Shoal${hint(variable, [...flags.keys()])}`);
    else if (flag.refusal) given.problems.push(`${variable}: ${flag.refusal}`);
    else if (flag.name === 'extended') addExtendedList(given, text, variable);
    else given.values.push({ option: flag, text, label: variable });
  }
  return given;
}
