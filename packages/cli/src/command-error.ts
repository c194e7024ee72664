/**
 * What stops a command, in words for the operator: what was typed wrong, or what a pool refused. Thrown by commands,
 * printed by main, which ends with the exit code it carries. Every problem that was found is in it, so that one run is
 * enough to mend them all.
 */
import { ExitCode } from './exit-code.js';

const EXIT_CODES = {
  BAD_OPTIONS: ExitCode.USAGE,
  UNKNOWN_COMMAND: ExitCode.USAGE,
  NOT_FOUND: ExitCode.NO_INPUT,
  UNREACHABLE: ExitCode.UNAVAILABLE,
  /** A pool that did not start says itself with which code. */
  NOT_STARTED: ExitCode.UNAVAILABLE,
  INTERNAL: ExitCode.SOFTWARE,
  ALREADY_EXISTS: ExitCode.CANNOT_CREATE,
  NOT_NOW: ExitCode.TEMPORARY,
} as const satisfies Record<string, ExitCode>;

export type CommandErrorCode = keyof typeof EXIT_CODES;

export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly exitCode: number;

  constructor(code: CommandErrorCode, lines: readonly string[], exitCode: number = EXIT_CODES[code]) {
    super(lines.join('\n'));
    this.name = 'CommandError';
    this.code = code;
    this.exitCode = exitCode;
  }
}
