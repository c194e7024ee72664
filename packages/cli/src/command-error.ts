/**
 * What an operator did wrong, told before anything was started. Thrown by commands, printed by main, which ends with
 * the exit code it carries. Every problem that was found is in it, so that one run is enough to mend them all.
 */
import { ExitCode } from './exit-code.js';

export type CommandErrorCode = 'BAD_OPTIONS' | 'UNKNOWN_COMMAND';

export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly exitCode: ExitCode = ExitCode.USAGE;

  constructor(code: CommandErrorCode, lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'CommandError';
    this.code = code;
  }
}
