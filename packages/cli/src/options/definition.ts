/**
 * What one flag is: the row type of the tables in server-flags.ts and extended-options.ts. Parsing, environment,
 * configuration file, help and docs/command-line.md all read these rows and nothing else.
 */
import type { ServerOptions } from '@shoal/server/options';
import { anyText, toggle, type ValueRule } from './value.js';

export const FLAG_GROUPS = [
  'Network',
  'Memory',
  'LRU',
  'Connections and threads',
  'Membership of a cluster',
  'Commands that clients may use',
  'Log',
  'Process',
  'Accepted without effect',
  'Information',
] as const;
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** What is being put together. The fields beside the options decide something only once every flag is known. */
export interface ServerDraft {
  readonly options: ServerOptions;
  /** As given: 0 off. */
  udpPort: number;
  udpLabel: string;
  /** `-o no_modern` was given: larger chunks, unless they are given as well. */
  oldChunks: boolean;
  /** Flags that were accepted and change nothing, as the user wrote them. */
  readonly ineffective: string[];
}

interface Described {
  /** The long flag (`conn-limit`), or the name behind `-o` (`idle_timeout`). */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help, its unit if it has one; absent: a switch. */
  readonly argument?: string;
  /** The value may be left out: then this is it. Always the case for a switch. */
  readonly impliedText?: string;
  /** What the form with `no_` in front means, for names behind `-o`; without it there is no such form. */
  readonly negatedText?: string;
  /** As help shows it. */
  readonly default?: string;
  readonly description: string;
  readonly group: FlagGroup;
  /** Several on one command line add up instead of the last one winning. */
  readonly repeats?: 'count' | 'list';
  /** Further fields of ServerOptions that the value decides. */
  readonly alsoSets?: readonly (keyof ServerOptions)[];
  /** What memcached does not have: the flag, or only its long name. */
  readonly own?: 'flag' | 'long name';
  /** Neither variable nor key of the configuration file: it only makes sense on a command line. */
  readonly commandLineOnly?: true;
}

export interface OptionDefinition extends Described {
  readonly allowed: string;
  /** Why this flag is known but not taken. */
  readonly refusal?: string;
  /** The field of ServerOptions that takes the value. */
  readonly option?: keyof ServerOptions;
  /** Takes the value over; false when it is not allowed. `label` is what the user wrote. */
  apply(draft: ServerDraft, text: string, label: string): boolean;
}

type OptionValue<K extends keyof ServerOptions> = Exclude<ServerOptions[K], undefined>;

/** A value that goes into one field. */
export function valueOption<K extends keyof ServerOptions>(
  definition: Described & { option: K; value: ValueRule<OptionValue<K>> },
): OptionDefinition {
  const { option, value, ...described } = definition;
  return {
    ...described,
    ...applying(value, (draft, read) => {
      draft.options[option] = read;
    }),
    option,
  };
}

type SwitchField = { [K in keyof ServerOptions]-?: boolean extends OptionValue<K> ? K : never }[keyof ServerOptions];

/** A switch that sets one field; `sets: false` for the switches that turn something off. */
export function switchOption(definition: Described & { option: SwitchField; sets: boolean }): OptionDefinition {
  const { option, sets, ...described } = definition;
  return {
    ...described,
    ...applying(toggle, (draft, on) => {
      draft.options[option] = on === sets;
    }),
    option,
  };
}

/** A value with a consequence of its own. */
export function specialOption<T>(
  definition: Described & {
    option?: keyof ServerOptions;
    value: ValueRule<T>;
    set(draft: ServerDraft, value: T, label: string): void;
  },
): OptionDefinition {
  const { value, set, ...described } = definition;
  return { ...described, ...applying(value, set) };
}

/** Checked like memcached's, then only noted for the log. A switch turned off is not worth a note. */
export function ineffectiveOption(definition: Described & { value?: ValueRule<unknown> }): OptionDefinition {
  const { value = toggle, ...described } = definition;
  return {
    ...described,
    ...applying(value, (draft, read, label) => {
      if (read !== false) draft.ineffective.push(label);
    }),
  };
}

/** A flag that is no option itself: it brings further values (`-o`, `--config-file`) or asks a question (`-h`). */
export function plainFlag(definition: Described & { allowed?: string }): OptionDefinition {
  return { allowed: anyText.allowed, ...definition, apply: () => true };
}

/** A flag of memcached's that is not here yet: known, so that refusing it is a sentence. Never in help. */
export function refusedOption(
  definition: Pick<Described, 'name' | 'short' | 'argument'> & { refusal: string },
): OptionDefinition {
  return {
    ...plainFlag({ ...definition, description: '', group: 'Accepted without effect' }),
    refusal: definition.refusal,
  };
}

function applying<T>(
  value: ValueRule<T>,
  set: (draft: ServerDraft, value: T, label: string) => void,
): Pick<OptionDefinition, 'allowed' | 'apply'> {
  return {
    allowed: value.allowed,
    apply(draft, text, label) {
      const read = value.read(text.trim());
      if (read === undefined) return false;
      set(draft, read, label);
      return true;
    },
  };
}
