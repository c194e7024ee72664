/**
 * Why a pool does not start, and the exit code that each reason means for a process. Read by main.ts.
 *
 * The reasons themselves are classes of errors with a stable `code`, thrown where they arise: options.ts, registry/, api/.
 */

import { PoolError, PoolErrorCode } from './api/errors.js';
import { ListenError } from './api/listen-error.js';
import { PoolOptionsError } from './options.js';
import { RegistryError, RegistryErrorCode } from './registry/registry.js';

/** Exit codes of sysexits.h, as @shoal/server uses them. */
export const ExitCode = { OK: 0, USAGE: 64, DATA_ERROR: 65, UNAVAILABLE: 69, SOFTWARE: 70, OS_ERROR: 71 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const OF_REGISTRY: Readonly<Record<RegistryErrorCode, ExitCode>> = {
  [RegistryErrorCode.CONFLICT]: ExitCode.SOFTWARE,
  [RegistryErrorCode.UNAVAILABLE]: ExitCode.UNAVAILABLE,
  [RegistryErrorCode.UNREADABLE]: ExitCode.DATA_ERROR,
  [RegistryErrorCode.LOCKED]: ExitCode.UNAVAILABLE,
};

/** Null for what nobody foresaw: a defect of ours, which the log shows with its stack. */
export function exitCodeOf(error: unknown): ExitCode | null {
  if (error instanceof PoolOptionsError) return ExitCode.USAGE;
  if (error instanceof RegistryError) return OF_REGISTRY[error.code];
  if (error instanceof ListenError) return ExitCode.OS_ERROR;
  if (!(error instanceof PoolError)) return null;
  const { INSUFFICIENT_CAPACITY, UNAVAILABLE } = PoolErrorCode;
  if (error.code === INSUFFICIENT_CAPACITY) return ExitCode.OS_ERROR;
  return error.code === UNAVAILABLE ? ExitCode.UNAVAILABLE : ExitCode.USAGE;
}
