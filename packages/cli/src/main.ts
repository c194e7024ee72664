/**
 * The `shoal` command: chooses the command, prints what went wrong, returns the exit code. Called by bin/launch.js and by
 * tests. `shoal server` goes its own way past yargs, which costs more CPU than the whole budget of `-h` and memory for
 * as long as a node lives; everything else is a command of yargs.
 */
import { CommandError } from './command-error.js';
import { SERVER_COMMAND, server } from './commands/server.js';
import { COMPLETE_WORD } from './completion-word.js';
import type { CommandContext } from './context.js';

/** Resolves with the exit code once the command has ended: for a server, when the server has stopped. */
export async function main(context: CommandContext): Promise<number> {
  const [command = '', ...words] = context.args;
  try {
    if (command === SERVER_COMMAND.command) return await server(context, words);
    if (command === COMPLETE_WORD) return await (await import('./completions.js')).complete(context, words);
    return await (await import('./command-line.js')).runCommand(context);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    context.writeError(`${error.message}\n`);
    return error.exitCode;
  }
}
