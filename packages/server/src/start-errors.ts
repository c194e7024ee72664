/**
 * Why a server does not start: classes of errors with a stable code, and the exit code each means for a process.
 *
 * Thrown by server.ts, listener.ts and identity.ts, read by main.ts. Messages are sentences of the form
 * "Cannot <verb> <thing>: <reason>" for an operator, without stack.
 */

/** Exit codes of sysexits.h, as memcached uses them. */
export const ExitCode = { OK: 0, USAGE: 64, NO_USER: 67, UNAVAILABLE: 69, SOFTWARE: 70, OS_ERROR: 71 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export const StartErrorCode = {
  /** A port or path is taken. */
  ADDRESS_IN_USE: 'ADDRESS_IN_USE',
  /** A host name or address that does not exist here, or a path that cannot be. */
  BAD_ADDRESS: 'BAD_ADDRESS',
  NO_PERMISSION: 'NO_PERMISSION',
  CANNOT_LISTEN: 'CANNOT_LISTEN',
  OUT_OF_MEMORY: 'OUT_OF_MEMORY',
  FILE_LIMIT: 'FILE_LIMIT',
  TRANSPORT_UNAVAILABLE: 'TRANSPORT_UNAVAILABLE',
  NO_SUCH_USER: 'NO_SUCH_USER',
  CANNOT_CHANGE_USER: 'CANNOT_CHANGE_USER',
  WORKER_FAILED: 'WORKER_FAILED',
  CANNOT_WRITE_FILE: 'CANNOT_WRITE_FILE',
} as const;
export type StartErrorCode = (typeof StartErrorCode)[keyof typeof StartErrorCode];

const EXIT_CODES: Partial<Record<StartErrorCode, ExitCode>> = {
  [StartErrorCode.TRANSPORT_UNAVAILABLE]: ExitCode.UNAVAILABLE,
  [StartErrorCode.NO_SUCH_USER]: ExitCode.NO_USER,
  [StartErrorCode.WORKER_FAILED]: ExitCode.SOFTWARE,
};

export class ServerStartError extends Error {
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ServerStartError';
    this.code = code;
  }

  get exitCode(): ExitCode {
    return EXIT_CODES[this.code] ?? ExitCode.OS_ERROR;
  }
}

const LISTEN_REASONS: Record<string, { code: StartErrorCode; reason: string }> = {
  EADDRINUSE: { code: StartErrorCode.ADDRESS_IN_USE, reason: 'the address is in use' },
  EACCES: { code: StartErrorCode.NO_PERMISSION, reason: 'permission denied' },
  EPERM: { code: StartErrorCode.NO_PERMISSION, reason: 'permission denied' },
  EADDRNOTAVAIL: { code: StartErrorCode.BAD_ADDRESS, reason: 'this machine has no such address' },
  ENOTFOUND: { code: StartErrorCode.BAD_ADDRESS, reason: 'no such host' },
  EAI_AGAIN: { code: StartErrorCode.BAD_ADDRESS, reason: 'the host name cannot be resolved' },
  ENOENT: { code: StartErrorCode.BAD_ADDRESS, reason: 'no such directory' },
  ENOTDIR: { code: StartErrorCode.BAD_ADDRESS, reason: 'a part of the path is not a directory' },
  ENAMETOOLONG: { code: StartErrorCode.BAD_ADDRESS, reason: 'the path is too long' },
  EROFS: { code: StartErrorCode.NO_PERMISSION, reason: 'the file system is read-only' },
};

/** The error of a listener that could not be opened, from the name of its errno. */
export function listenError(where: string, errno: string): ServerStartError {
  const { code, reason } = LISTEN_REASONS[errno] ?? { code: StartErrorCode.CANNOT_LISTEN, reason: errno };
  return new ServerStartError(code, `Cannot listen on ${where}: ${reason}`);
}
