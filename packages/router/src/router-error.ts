/**
 * Why a router did not start, for operators: thrown by `startRouter`, printed by the pool and by `shoal proxy`.
 */
export const RouterStartErrorCode = {
  /** Somebody else listens there. */
  ADDRESS_IN_USE: 'ADDRESS_IN_USE',
  /** A port below 1024 without the right to it, or the like. */
  ADDRESS_FORBIDDEN: 'ADDRESS_FORBIDDEN',
  /** No interface of this machine has the address, or its name has none. */
  ADDRESS_UNKNOWN: 'ADDRESS_UNKNOWN',
  /** The options contradict each other or are out of range. */
  BAD_OPTIONS: 'BAD_OPTIONS',
  /** Anything else the system said. */
  LISTEN_FAILED: 'LISTEN_FAILED',
} as const;
export type RouterStartErrorCode = (typeof RouterStartErrorCode)[keyof typeof RouterStartErrorCode];

export class RouterStartError extends Error {
  readonly code: RouterStartErrorCode;

  constructor(code: RouterStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RouterStartError';
    this.code = code;
  }
}

const CODES: Readonly<Record<string, readonly [RouterStartErrorCode, string]>> = {
  EADDRINUSE: [RouterStartErrorCode.ADDRESS_IN_USE, 'the address is in use'],
  EACCES: [RouterStartErrorCode.ADDRESS_FORBIDDEN, 'the port needs a privilege that this process lacks'],
  EADDRNOTAVAIL: [RouterStartErrorCode.ADDRESS_UNKNOWN, 'this machine does not have that address'],
  ENOTFOUND: [RouterStartErrorCode.ADDRESS_UNKNOWN, 'the host name is not known'],
  EAI_AGAIN: [RouterStartErrorCode.ADDRESS_UNKNOWN, 'the host name could not be looked up'],
};

/** What the system said about listening at `place`. */
export function listenError(place: string, error: NodeJS.ErrnoException): RouterStartError {
  const [code, reason] = CODES[error.code ?? ''] ?? [RouterStartErrorCode.LISTEN_FAILED, error.message];
  return new RouterStartError(code, `Cannot listen on ${place}: ${reason}`, { cause: error });
}
