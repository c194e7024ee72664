/**
 * Puts the options of a server together: command line over environment over configuration file over default, where a
 * default is a field left out, which @shoal/server fills in. Every value is checked, also one that a later place
 * overrides, and all problems are returned at once. Called by the server command.
 */
import type { ServerOptions } from '@shoal/server/options';
import type { OptionProblem } from '../server-entry.js';
import type { ReadArguments } from './arguments.js';
import { configFileValues } from './config-file.js';
import type { OptionDefinition, ServerDraft } from './definition.js';
import { environmentValues } from './environment.js';
import { EXTENDED_OPTIONS } from './extended-options.js';
import { flagValues } from './flag-values.js';
import type { GivenValue } from './given-value.js';
import { flagLabel, SERVER_FLAGS } from './server-flags.js';
import { MEBIBYTE } from './value.js';

/** Variables of the environment alone: a process list shows flags, and a file is read by more people than it should be. */
const SECRET_VARIABLES = { clusterSecret: 'SHOAL_CLUSTER_SECRET', poolToken: 'SHOAL_POOL_TOKEN' } as const;

export interface GatheredOptions {
  readonly options: ServerOptions;
  /** One line each. */
  readonly problems: string[];
  /** What was given for an option last, for the check of the whole. */
  readonly given: ReadonlyMap<keyof ServerOptions, GivenValue>;
}

export function gatherServerOptions(
  read: ReadArguments,
  environment: Readonly<Record<string, string | undefined>>,
  readTextFile: (path: string) => string,
): GatheredOptions {
  const fromFlags = flagValues(read);
  const fromEnvironment = environmentValues(environment);
  const path = configPath([...fromEnvironment.values, ...fromFlags.values]);
  const places = [fromEnvironment, fromFlags];
  if (path !== undefined) places.unshift(configFileValues(path, readTextFile));

  const problems = places.flatMap((place) => place.problems);
  const given = new Map<keyof ServerOptions, GivenValue>();
  const draft = newDraft();
  for (const value of places.flatMap((place) => place.values)) {
    if (!value.option.apply(draft, value.text, value.label)) problems.push(badValue(value));
    else for (const option of fieldsOf(value.option)) given.set(option, value);
  }
  takeSecrets(draft.options, environment);
  problems.push(...finish(draft));
  return { options: draft.options, problems, given };
}

/** The token of a pool is in the environment of whatever runs near one: only a node that registers looks at it. */
function takeSecrets(options: ServerOptions, environment: Readonly<Record<string, string | undefined>>): void {
  const { [SECRET_VARIABLES.clusterSecret]: secret, [SECRET_VARIABLES.poolToken]: token } = environment;
  if (secret !== undefined) options.clusterSecret = secret;
  if (options.poolAddresses !== undefined && token !== undefined && token !== '') options.poolToken = token;
}

/** What the server's own check of the whole found, in the words of the command line. */
export function describeProblem(problem: OptionProblem, given: ReadonlyMap<keyof ServerOptions, GivenValue>): string {
  const value = given.get(problem.option);
  if (value && problem.code === 'NOT_ALLOWED') return badValue(value);
  const label = value?.label ?? labelOf(problem.option) ?? problem.option;
  const allowed = problem.allowed.replaceAll(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (word) => labelOf(word) ?? word);
  return `${label}: "${value?.text ?? problem.value}" is not allowed; allowed: ${allowed}`;
}

/** The flag behind a field of ServerOptions. */
function labelOf(field: string): string | undefined {
  if (field === 'clusterSecret' || field === 'poolToken') return SECRET_VARIABLES[field];
  const flag = SERVER_FLAGS.find((definition) => fieldsOf(definition).includes(field as keyof ServerOptions));
  if (flag) return flagLabel(flag);
  const extended = EXTENDED_OPTIONS.find((definition) => fieldsOf(definition).includes(field as keyof ServerOptions));
  return extended && `-o ${extended.name}`;
}

function fieldsOf({ option, alsoSets = [] }: OptionDefinition): readonly (keyof ServerOptions)[] {
  return option === undefined ? alsoSets : [option, ...alsoSets];
}

function badValue({ label, text, option }: GivenValue): string {
  return `${label}: "${text}" is not allowed; allowed: ${option.allowed}`;
}

function configPath(values: readonly GivenValue[]): string | undefined {
  return values.findLast(({ option }) => option.name === 'config-file')?.text.trim();
}

function newDraft(): ServerDraft {
  return { options: {}, udpPort: 0, udpLabel: '', oldChunks: false, ineffective: [] };
}

/** What depends on several flags at once and is the command line's own affair. */
function finish(draft: ServerDraft): string[] {
  const { options } = draft;
  const problems = [];
  if (draft.udpPort !== 0) {
    if (!options.debugCommands) {
      problems.push(
        `${draft.udpLabel}: "${draft.udpPort}" is not allowed; allowed: 0 (UDP comes in a later version of Shoal)`,
      );
    } else {
      draft.ineffective.push(draft.udpLabel);
      // As in memcached: a UDP port without a TCP port stands for both; -1 is any free one.
      if (options.port === undefined) options.port = Math.max(0, draft.udpPort);
    }
  }
  if (draft.oldChunks && options.slabChunkMaxBytes === undefined && (options.itemSizeMaxBytes ?? 0) <= MEBIBYTE) {
    options.slabChunkMaxBytes = MEBIBYTE;
  }
  if (draft.ineffective.length > 0) options.ineffective = [...new Set(draft.ineffective)];
  return problems;
}
