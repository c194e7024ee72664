/**
 * Why the daemon's API or its listener for registrations cannot be opened. Thrown by api/server.ts and registration/listener.ts;
 * shown by whoever starts the daemon.
 *
 * "Cannot listen on /var/lib/shoal/pool.sock: a pool daemon answers there already".
 */
import { CodedError } from '../coded-error.js';

export const ListenErrorCode = {
  /** Somebody answers there. */
  IN_USE: 'IN_USE',
  /** An address that other machines reach, and no token for them to show. */
  TOKEN_REQUIRED: 'TOKEN_REQUIRED',
  /** Anything else: no such address, no permission, no room. */
  REFUSED: 'REFUSED',
} as const;
export type ListenErrorCode = (typeof ListenErrorCode)[keyof typeof ListenErrorCode];

export class ListenError extends CodedError<ListenErrorCode> {}

/** What the operating system said, in words. */
export function listenErrorOf(where: string, error: NodeJS.ErrnoException): ListenError {
  const inUse = error.code === 'EADDRINUSE';
  const reason = REASONS[error.code ?? ''] ?? error.message;
  const code = inUse ? ListenErrorCode.IN_USE : ListenErrorCode.REFUSED;
  return new ListenError(code, `Cannot listen on ${where}: ${reason}`, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of this name',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOENT: 'there is no such directory',
  ENOTDIR: 'there is no such directory',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left there',
};
