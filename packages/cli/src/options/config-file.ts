/**
 * The values that a configuration file gives: one JSON object whose keys are the long flags without their dashes.
 *   { "memory-limit": 1024, "listen": ["127.0.0.1", "[::1]"], "disable-cas": true,
 *     "extended": { "idle_timeout": 60, "lru_crawler": false } }
 * JSON and not YAML, because Node.js reads it without a further package. Every unknown key is an error.
 */
import { hint } from '../suggestion.js';
import type { OptionDefinition } from './definition.js';
import { addExtended, addExtendedList, type GivenValues, noValues } from './given-value.js';
import { SERVER_FLAGS } from './server-flags.js';

/** One file does not name the next. */
const KEYLESS = 'config-file';

export function configFileValues(path: string, readTextFile: (path: string) => string): GivenValues {
  const given = noValues();
  const content = readObject(given, path, readTextFile);
  const flags = new Map(
    SERVER_FLAGS.filter((flag) => !flag.commandLineOnly && flag.name !== KEYLESS).map((flag) => [flag.name, flag]),
  );
  for (const [key, value] of Object.entries(content)) {
    const label = `${path}, key "${key}"`;
    const flag = flags.get(key);
    if (!flag) given.problems.push(`${label}: is not a flag${hint(key, [...flags.keys()])}`);
    else if (flag.refusal) given.problems.push(`${label}: ${flag.refusal}`);
    else if (flag.name === 'extended') addExtendedOptions(given, value, label);
    else addKey(given, flag, value, label);
  }
  return given;
}

function readObject(given: GivenValues, path: string, readTextFile: (path: string) => string): object {
  try {
    const content: unknown = JSON.parse(readTextFile(path));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
    given.problems.push(`--config-file: ${path} holds no JSON object; allowed: a file like {"memory-limit": 1024}`);
  } catch (error) {
    given.problems.push(`--config-file: cannot read ${path}: ${(error as Error).message}; allowed: a JSON file`);
  }
  return {};
}

function addKey(given: GivenValues, option: OptionDefinition, value: unknown, label: string): void {
  if (Array.isArray(value) && option.repeats === 'list') {
    given.values.push({ option, text: value.join(','), label });
  } else if (isScalar(value)) {
    given.values.push({ option, text: String(value), label });
  } else {
    given.problems.push(`${label}: ${JSON.stringify(value)} is not allowed; allowed: ${option.allowed}`);
  }
}

/** `"a,b=1"`, `["a", "b=1"]` or `{ "a": true, "b": 1 }`. */
function addExtendedOptions(given: GivenValues, value: unknown, label: string): void {
  if (typeof value === 'string') {
    addExtendedList(given, value, label);
  } else if (Array.isArray(value)) {
    for (const part of value) addExtendedList(given, String(part), label);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) addNamed(given, name, part, label);
  } else {
    given.problems.push(`${label}: ${JSON.stringify(value)} is not allowed; allowed: a text, a list or an object`);
  }
}

/** `true` and `false` stand for a name alone and for its form with `no_`. */
function addNamed(given: GivenValues, name: string, value: unknown, label: string): void {
  if (value === true) addExtended(given, name, undefined, label);
  else if (value === false) addExtended(given, name.startsWith('no_') ? name.slice(3) : `no_${name}`, undefined, label);
  else if (isScalar(value)) addExtended(given, name, String(value), label);
  else
    given.problems.push(
      `${label} ${name}: ${JSON.stringify(value)} is not allowed; allowed: a text, number or boolean`,
    );
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
