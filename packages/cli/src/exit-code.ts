/**
 * Exit codes of the `shoal` command, the meanings of sysexits.h. Used by main and by every command; the gate in
 * bin/shoal.js keeps its own copy of UNAVAILABLE, because it runs on Node.js versions that cannot read this file.
 */
export const ExitCode = {
  OK: 0,
  /** A flag, value, command or configuration file is wrong. */
  USAGE: 64,
  /** `-u` names nobody. */
  NO_USER: 67,
  /** Something needed is not there: a supported Node.js, a free port. */
  UNAVAILABLE: 69,
  /** A defect of Shoal itself. */
  SOFTWARE: 70,
  /** The operating system refused. */
  OS: 71,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
