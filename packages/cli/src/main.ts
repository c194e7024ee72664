/**
 * The `shoal` command: chooses the command, prints what went wrong, returns the exit code. Called by bin/launch.js and by
 * tests. `shoal server` goes its own way past yargs, which costs more CPU than the whole budget of `-h` and memory for
 * as long as a node lives; everything else is a command of yargs.
 */
import type { Argv } from 'yargs';
import { CommandError } from './command-error.js';
import { SERVER_COMMAND, server } from './commands/server.js';
import type { CommandContext } from './context.js';
import { ExitCode } from './exit-code.js';
import { hint } from './suggestion.js';
import { versionText } from './version.js';

const COMMANDS = [SERVER_COMMAND.command];

/** Resolves with the exit code once the command has ended: for a server, when the server has stopped. */
export async function main(context: CommandContext): Promise<number> {
  const [command = '', ...words] = context.args;
  try {
    if (command === SERVER_COMMAND.command) return await server(context, words);
    if (command !== '' && !command.startsWith('-')) throw unknownCommand(command);
    return await runWithYargs(context);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    context.writeError(`${error.message}\n`);
    return error.exitCode;
  }
}

async function runWithYargs(context: CommandContext): Promise<number> {
  const { default: yargs } = await import('yargs');
  let exitCode: number = ExitCode.OK;
  const parser = declareCommands(yargs([...context.args]), context.columns).command(
    '$0',
    false,
    () => {},
    async (parsed) => {
      exitCode = await describeCommands(context, parsed, () => parser.getHelp());
    },
  );
  await parser.parseAsync();
  return exitCode;
}

function declareCommands(parser: Argv, columns: number): Argv {
  return parser
    .help(false)
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .scriptName('shoal')
    .usage('Shoal: cache nodes that speak memcached, on every core.\n\nUsage: $0 <command> [flags]')
    .command(SERVER_COMMAND.command, SERVER_COMMAND.describe)
    .option('help', { alias: 'h', type: 'boolean', describe: 'Print this page' })
    .option('version', { alias: 'V', type: 'boolean', describe: 'Print the versions' })
    .epilogue('Flags of a command: shoal <command> --help')
    .wrap(columns)
    .strictOptions()
    .fail((message, error) => {
      throw error ?? new CommandError('BAD_OPTIONS', [message, 'All commands: shoal --help']);
    });
}

/** `shoal --version`, `shoal --help`, and `shoal` alone, which is a mistake that the same page mends. */
async function describeCommands(
  context: CommandContext,
  asked: Readonly<Record<string, unknown>>,
  page: () => Promise<string>,
): Promise<number> {
  if (asked.version) {
    context.write(versionText());
    return ExitCode.OK;
  }
  const text = `${await page()}\n`;
  if (asked.help) {
    context.write(text);
    return ExitCode.OK;
  }
  context.writeError(text);
  return ExitCode.USAGE;
}

function unknownCommand(word: string): CommandError {
  return new CommandError('UNKNOWN_COMMAND', [
    `shoal ${word}: is not a command${hint(word, COMMANDS)}`,
    'All commands: shoal --help',
  ]);
}
