/**
 * A command of `shoal` that yargs reads: its words, its flags and what it does. Every file of commands/ exports one or a
 * group of them; main.ts hands them to yargs. `shoal server` alone is none (docs/decisions/0002-command-line.md).
 */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { CommandContext } from './context.js';

export interface Command<Flags = unknown> {
  /** As yargs writes it: `scale <cluster> <nodes>`. */
  readonly command: string;
  readonly describe: string;
  readonly builder: (parser: Argv) => Argv<Flags>;
  /** Resolves with the exit code; throws a CommandError for what the operator did wrong. */
  readonly handler: (context: CommandContext, flags: ArgumentsCamelCase<Flags>) => Promise<number>;
}

/** `shoal cluster …`: a word before commands of one kind. */
export interface CommandGroup {
  readonly command: string;
  readonly describe: string;
  // biome-ignore lint/suspicious/noExplicitAny: each command checks its own flags; a list of them has no one type
  readonly commands: readonly Command<any>[];
}

// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyCommand = Command<any> | CommandGroup;

export function isGroup(command: AnyCommand): command is CommandGroup {
  return 'commands' in command;
}

/** For commands with a word or flag that may stand several times; elsewhere the last one counts. */
export function withSeveral<Flags>(parser: Argv<Flags>): Argv<Flags> {
  return parser.parserConfiguration({ 'duplicate-arguments-array': true });
}
