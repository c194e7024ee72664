/**
 * Runs a command line in a world of its own: nothing of the process that runs the tests is touched, and what is printed
 * is kept.
 */
import type { CommandContext } from '../context.js';
import { main } from '../main.js';

export interface Outcome {
  readonly exitCode: number;
  readonly text: string;
  readonly errors: string;
}

export async function shoal(args: string[], world: Partial<CommandContext> = {}): Promise<Outcome> {
  const output = { text: '', errors: '' };
  const context: CommandContext = {
    args,
    environment: {},
    columns: 90,
    isTerminal: false,
    write: (text) => {
      output.text += text;
    },
    writeError: (text) => {
      output.errors += text;
    },
    readTextFile: () => '{}',
    loadServer: () => Promise.reject(new Error('No server is wanted here')),
    loadPool: () => Promise.reject(new Error('No pool is wanted here')),
    untilStopped: () => Promise.resolve('SIGINT'),
    ...world,
  };
  const exitCode = await main(context);
  return { exitCode, ...output };
}
