/**
 * Exit codes that the command line itself decides, with the meanings of sysexits.h. Those of a server or a pool that ran,
 * or could not start, come from their packages; docs/command-line.md lists them all.
 */
export const ExitCode = {
  OK: 0,
  /** A flag, value, command, variable or configuration file is wrong. */
  USAGE: 64,
  /** The cluster or node that was named does not exist. */
  NO_INPUT: 66,
  /** No pool, endpoint or node answers there. */
  UNAVAILABLE: 69,
  /** Something of ours is broken. */
  SOFTWARE: 70,
  /** It exists already. */
  CANNOT_CREATE: 73,
  /** Not now: the state does not allow it, or what was waited for has not come in time. */
  TEMPORARY: 75,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
