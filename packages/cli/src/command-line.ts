/**
 * Every command but `shoal server`, as yargs reads them: the tree of commands, help, versions, unknown words. Called by
 * main.ts, which loads it only when it is needed.
 */
import type { Argv } from 'yargs';
import yargs from 'yargs';
import { type AnyCommand, isGroup } from './command.js';
import { CommandError } from './command-error.js';
import { CLUSTER_COMMANDS } from './commands/cluster.js';
import { COMPLETION_COMMAND } from './commands/completion.js';
import { CONFIG_COMMANDS } from './commands/config.js';
import { NODE_COMMANDS } from './commands/node.js';
import { POOL_COMMAND } from './commands/pool.js';
import { PROXY_COMMAND } from './commands/proxy.js';
import { RING_COMMAND } from './commands/ring.js';
import { SERVER_COMMAND } from './commands/server.js';
import { UP_COMMAND } from './commands/up.js';
import type { CommandContext } from './context.js';
import { ExitCode } from './exit-code.js';
import { hint } from './suggestion.js';
import { versionText } from './version.js';

export const COMMANDS: readonly AnyCommand[] = [
  UP_COMMAND,
  POOL_COMMAND,
  CLUSTER_COMMANDS,
  NODE_COMMANDS,
  CONFIG_COMMANDS,
  RING_COMMAND,
  PROXY_COMMAND,
  COMPLETION_COMMAND,
];

const INTRODUCTION = 'Shoal: clusters of memcached nodes that clients discover, and nodes that use every core.';

/** Resolves with the exit code; throws a CommandError for what was typed wrong. */
export async function runCommand(context: CommandContext): Promise<number> {
  refuseUnknownCommand(context.args);
  const outcome = { exitCode: ExitCode.OK as number };
  const parser = commandParser(context, outcome);
  const page = await parser.parseAsync(context.args, {}, (_error, _parsed, output) => {
    if (output !== '') context.write(`${output}\n`);
  });
  if (page.$0 === undefined) return ExitCode.SOFTWARE;
  return outcome.exitCode;
}

/** The whole tree; `outcome` takes the exit code of the command that ran. Also asked for completions. */
export function commandParser(context: CommandContext, outcome: { exitCode: number }): Argv {
  const parser = yargs()
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .scriptName('shoal')
    .usage(`${INTRODUCTION}\n\nUsage: $0 <command> [flags]`)
    .command(SERVER_COMMAND.command, SERVER_COMMAND.describe)
    .option('help', { alias: 'h', type: 'boolean', describe: 'Print this page' })
    .option('version', { alias: 'V', type: 'boolean', describe: 'Print the versions' })
    .epilogue('Flags of a command: shoal <command> --help')
    .parserConfiguration({ 'duplicate-arguments-array': false, 'strip-aliased': true })
    .wrap(context.columns)
    .strict()
    .fail((message, error) => {
      throw isYargsOwn(error) ? usageError(message) : error;
    });
  declare(parser, COMMANDS, context, outcome);
  return parser.command(
    '$0',
    false,
    () => {},
    async (asked) => {
      outcome.exitCode = await describeCommands(context, asked, () => parser.getHelp());
    },
  );
}

function declare(
  parser: Argv,
  commands: readonly AnyCommand[],
  context: CommandContext,
  outcome: { exitCode: number },
): void {
  for (const command of commands) {
    const build = (inner: Argv): Argv => {
      if (!isGroup(command)) return wantValues(command.builder(inner), command.command);
      declare(inner, command.commands, context, outcome);
      return inner.demandCommand(1, `shoal ${command.command}: say what to do`).epilogue('');
    };
    parser.command(command.command, command.describe, build, async (flags) => {
      if (isGroup(command)) return;
      refuseWhatIsNoNumber(flags);
      outcome.exitCode = await command.handler(context, flags);
    });
  }
}

/** A flag without its value is a slip (`--nodes` and no number), which yargs takes for a flag that is not there. */
function wantValues(parser: Argv, form: string): Argv {
  const { string, number, choices } = (parser as Argv & DeclaredOptions).getOptions();
  const words: readonly string[] = form.match(/[a-z-]+/g) ?? [];
  return parser.requiresArg([...string, ...number, ...Object.keys(choices)].filter((name) => !words.includes(name)));
}

/** What yargs has, and its types leave out. */
interface DeclaredOptions {
  getOptions(): {
    readonly string: readonly string[];
    readonly number: readonly string[];
    readonly choices: Readonly<Record<string, unknown>>;
  };
}

/** yargs reads one that is none as NaN, under its name and, where that has hyphens, in camel case again. */
function refuseWhatIsNoNumber(flags: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(flags).filter((name) => Number.isNaN(flags[name]) && name === name.toLowerCase());
  if (names.length === 0) return;
  throw new CommandError(
    'BAD_OPTIONS',
    names.map((name) => `${name}: a number is wanted`),
  );
}

/** `shoal --version`, and `shoal` alone, which is a mistake that the page of commands mends. */
async function describeCommands(
  context: CommandContext,
  asked: Readonly<Record<string, unknown>>,
  page: () => Promise<string>,
): Promise<number> {
  if (asked.version) {
    context.write(versionText());
    return ExitCode.OK;
  }
  context.writeError(`${await page()}\n`);
  return ExitCode.USAGE;
}

function refuseUnknownCommand([word = '']: readonly string[]): void {
  const names = [SERVER_COMMAND.command, ...COMMANDS.map(({ command }) => command.split(' ')[0])];
  if (word === '' || word.startsWith('-') || names.includes(word)) return;
  throw new CommandError('UNKNOWN_COMMAND', [
    `shoal ${word}: is not a command${hint(word, names)}`,
    'All commands: shoal --help',
  ]);
}

/** What a handler threw goes on as it is. */
function isYargsOwn(error: Error | undefined): boolean {
  return !error || error.name === 'YError';
}

function usageError(message: string): CommandError {
  return new CommandError('BAD_OPTIONS', [message, 'All commands: shoal --help']);
}
