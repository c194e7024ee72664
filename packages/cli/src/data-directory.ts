/**
 * Where a pool keeps its data unless told: `--data-dir`, else SHOAL_DATA_DIR, else `shoal` in the user's state directory as
 * the XDG base directory specification names it. Called by every command that starts a pool or speaks to one.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { CommandContext } from './context.js';

export interface DataDirectoryFlag {
  'data-dir'?: string;
}

const SOCKET_NAME = 'pool.sock';

export function withDataDirectory<Flags>(parser: Argv<Flags>): Argv<Flags & DataDirectoryFlag> {
  return parser.option('data-dir', {
    type: 'string',
    requiresArg: true,
    describe: "Where the pool keeps its data (default: $SHOAL_DATA_DIR, or shoal in the user's state directory)",
  });
}

export function dataDirectory({ environment }: CommandContext, flags: DataDirectoryFlag): string {
  const given = flags['data-dir'] ?? environment.SHOAL_DATA_DIR;
  if (given !== undefined && given !== '') return resolve(given);
  const home = environment.HOME ?? homedir();
  return join(environment.XDG_STATE_HOME || join(home, '.local', 'state'), 'shoal');
}

export function poolSocket(context: CommandContext, flags: DataDirectoryFlag): string {
  return join(dataDirectory(context, flags), SOCKET_NAME);
}
