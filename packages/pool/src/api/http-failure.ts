/**
 * A failed request as HTTP: the status of each of the pool's error codes, and the few failures that are HTTP's own.
 * Called by json-server.ts alone.
 *
 * Clients go by the code in the body; the status is for whatever stands between, and for people with curl.
 */
import { PoolError, PoolErrorCode } from './errors.js';

/** A failure of HTTP's own form: no such path, too large, not JSON. Its code is still one of the pool's. */
export class HttpFailure extends PoolError {
  readonly status: number;

  constructor(status: number, code: PoolErrorCode, message: string) {
    super(code, message);
    this.name = 'HttpFailure';
    this.status = status;
  }
}

const STATUS_OF_CODE: Readonly<Record<PoolErrorCode, number>> = {
  [PoolErrorCode.ALREADY_EXISTS]: 400,
  [PoolErrorCode.NOT_FOUND]: 404,
  [PoolErrorCode.NODE_NOT_FOUND]: 404,
  [PoolErrorCode.INVALID_STATE]: 400,
  [PoolErrorCode.INVALID_VALUE]: 400,
  [PoolErrorCode.INVALID_COMBINATION]: 400,
  [PoolErrorCode.NODE_QUOTA]: 400,
  [PoolErrorCode.INSUFFICIENT_CAPACITY]: 400,
  [PoolErrorCode.UNKNOWN_ACTION]: 400,
  [PoolErrorCode.NOT_AUTHORIZED]: 401,
  [PoolErrorCode.UNAVAILABLE]: 503,
  [PoolErrorCode.INTERNAL]: 500,
};

export function statusOf(failure: PoolError): number {
  return failure instanceof HttpFailure ? failure.status : STATUS_OF_CODE[failure.code];
}

/** A PoolError stays what it is; anything else is nobody's business but the log's. */
export function asPoolError(error: unknown): PoolError {
  if (error instanceof PoolError) return error;
  return new PoolError(PoolErrorCode.INTERNAL, 'The pool failed at this; its log says why');
}
