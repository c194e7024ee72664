/**
 * `shoal server`: one cache node in this process, with memcached's flags. Answers the questions (-h, -V, -i) without
 * loading anything further; otherwise gathers the options, has @shoal/server check the whole, and runs it. A bad option
 * starts nothing. Never loads yargs (docs/decisions/0002-command-line.md).
 */
import { CommandError } from '../command-error.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { type ReadArguments, readArguments } from '../options/arguments.js';
import { SERVER_FLAGS } from '../options/server-flags.js';
import { describeProblem, gatherServerOptions } from '../options/server-options.js';

export const SERVER_COMMAND = { command: 'server', describe: "Run one cache node, with memcached's flags" } as const;

/** Resolves with the exit code once the server has stopped, or the question is answered. */
export async function server(context: CommandContext, words: readonly string[]): Promise<number> {
  const read = readArguments(words, SERVER_FLAGS);
  const question = read.uses.find(({ flag }) => flag.group === 'Information');
  if (question === undefined) return startServer(context, read);
  context.write(await answer(question.flag.name, context.columns));
  return ExitCode.OK;
}

async function answer(question: string, columns: number): Promise<string> {
  if (question === 'help') return (await import('../help.js')).serverHelp(columns);
  if (question === 'version') return (await import('../version.js')).versionText();
  return (await import('../license.js')).LICENSE_TEXT;
}

async function startServer(context: CommandContext, read: ReadArguments): Promise<number> {
  const { options, problems, given } = gatherServerOptions(read, context.environment, context.readTextFile);
  const entry = await context.loadServer();
  for (const problem of entry.check(options)) problems.push(describeProblem(problem, given));
  if (problems.length > 0) throw badOptions(problems);
  return entry.run(options);
}

function badOptions(problems: readonly string[]): CommandError {
  const number = problems.length === 1 ? 'a bad option' : `${problems.length} bad options`;
  return new CommandError('BAD_OPTIONS', [
    `Cannot start the server: ${number}.`,
    ...problems.map((problem) => `  ${problem}`),
    'All flags: shoal server --help',
  ]);
}
