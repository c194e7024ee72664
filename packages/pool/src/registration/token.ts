/**
 * The token that registering nodes show: `Authorization: Bearer <token>`, checked in a time that tells nothing about it.
 * Called by listener.ts before the body of a request is read.
 *
 * Without a token anyone may register who reaches the listener, which is then a loopback address.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { PoolError, PoolErrorCode } from '../api/errors.js';

const BEARER = /^Bearer +(\S+) *$/i;

export class TokenCheck {
  readonly #digest: Buffer | null;

  constructor(token: string | null) {
    this.#digest = token === null ? null : digestOf(token);
  }

  /** Throws NOT_AUTHORIZED unless the header has the token. */
  admit(authorization: string | undefined): void {
    if (this.#digest === null) return;
    const shown = BEARER.exec(authorization ?? '')?.[1];
    if (shown !== undefined && timingSafeEqual(digestOf(shown), this.#digest)) return;
    const problem = shown === undefined ? 'no token was shown' : 'this is not its token';
    throw new PoolError(
      PoolErrorCode.NOT_AUTHORIZED,
      `Cannot register with this pool: ${problem}; give the node its SHOAL_POOL_TOKEN`,
    );
  }
}

/** Digests are all of one length, as the comparison needs them. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
