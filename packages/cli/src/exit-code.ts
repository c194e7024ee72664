/**
 * Exit codes that the command line itself decides, with the meanings of sysexits.h. Those of a server that ran, or could
 * not start, come from @shoal/server; docs/command-line.md lists them all.
 */
export const ExitCode = {
  OK: 0,
  /** A flag, value, command, variable or configuration file is wrong. */
  USAGE: 64,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
