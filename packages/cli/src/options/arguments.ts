/**
 * Reads a command line the way getopt_long reads memcached's: bundled switches (-kd, -vvv), values attached or as the
 * next word, whatever that looks like (-m1024, -p -1), long names with = or without, -- before words that are no flags.
 * A long name may be cut short as long as it is clear among memcached's own names, as there; Shoal's further flags never
 * make such a name unclear. Nothing is judged here: server-options.ts says what is wrong.
 */
import type { OptionDefinition } from './definition.js';

/** A flag as it was used once; without a text when there was none, which only a switch may be. */
export interface FlagUse {
  readonly flag: OptionDefinition;
  readonly text: string | undefined;
}

export interface ReadArguments {
  readonly uses: readonly FlagUse[];
  /** Flags that are not in the table, as written. */
  readonly unknown: readonly string[];
  /** Words that are no flags and no values. */
  readonly operands: readonly string[];
}

interface Reading {
  readonly flags: readonly OptionDefinition[];
  readonly words: readonly string[];
  next: number;
  readonly uses: FlagUse[];
  readonly unknown: string[];
  readonly operands: string[];
}

export function readArguments(words: readonly string[], flags: readonly OptionDefinition[]): ReadArguments {
  const reading: Reading = { flags, words, next: 0, uses: [], unknown: [], operands: [] };
  while (reading.next < words.length) {
    const word = words[reading.next++];
    if (word === '--') {
      reading.operands.push(...words.slice(reading.next));
      break;
    }
    if (word.startsWith('--')) readLong(reading, word);
    else if (word.startsWith('-') && word !== '-') readBundle(reading, word);
    else reading.operands.push(word);
  }
  return reading;
}

function readLong(reading: Reading, word: string): void {
  const equals = word.indexOf('=');
  const written = equals < 0 ? word : word.slice(0, equals);
  const flag = findLong(written.slice(2), reading.flags);
  if (!flag) {
    reading.unknown.push(written);
    if (equals < 0) skipLikelyValue(reading);
    return;
  }
  reading.uses.push({ flag, text: equals < 0 ? nextValue(reading, flag) : word.slice(equals + 1) });
}

function readBundle(reading: Reading, word: string): void {
  for (let at = 1; at < word.length; at++) {
    const flag = reading.flags.find(({ short }) => short === word[at]);
    if (!flag) {
      reading.unknown.push(`-${word[at]}`);
    } else if (flag.argument === undefined) {
      reading.uses.push({ flag, text: undefined });
    } else {
      const attached = at + 1 < word.length;
      reading.uses.push({ flag, text: attached ? word.slice(at + 1) : nextValue(reading, flag) });
      return;
    }
  }
}

function nextValue(reading: Reading, flag: OptionDefinition): string | undefined {
  return flag.argument === undefined ? undefined : reading.words[reading.next++];
}

/** A word behind an unknown flag is most likely its value: not worth a second complaint. */
function skipLikelyValue(reading: Reading): void {
  const word = reading.words[reading.next];
  if (word !== undefined && !word.startsWith('-')) reading.next++;
}

function findLong(written: string, flags: readonly OptionDefinition[]): OptionDefinition | undefined {
  const exact = flags.find(({ name }) => name === written);
  if (exact || written === '') return exact;
  const begun = flags.filter(({ name, own }) => !own && name.startsWith(written));
  return begun.length === 1 ? begun[0] : undefined;
}
