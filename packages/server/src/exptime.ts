/**
 * Expiry times: what clients send, and the seconds since start that items carry.
 *
 * Called by every command that stores or touches. Source: memcached's doc/protocol.txt, "Expiration times", and realtime() in memcached.c
 * for what that section leaves open. An item's time of 0 means never; time 1 lies before anything the clock ever shows, so it is over.
 */

/** Up to 30 days a number counts from now, above it is a Unix time. */
const RELATIVE_MAX_SECONDS = 60 * 60 * 24 * 30;

/** The expiry of an item that is over from the start. */
export const EXPIRED = 1;

/** 68 years after the start: later times are cut to it, so that an expiry always fits an item's word. */
const EXPTIME_MAX = 0x7fff_ffff;

/**
 * @param seconds as sent: 0 never, negative at once
 * @param now the store's clock, seconds since start
 * @param startSeconds Unix time at which that clock showed 0
 */
export function resolveExptime(seconds: number, now: number, startSeconds: number): number {
  if (seconds === 0) return 0;
  if (seconds < 0) return EXPIRED;
  if (seconds <= RELATIVE_MAX_SECONDS) return now + seconds;
  return seconds <= startSeconds ? EXPIRED : Math.min(seconds - startSeconds, EXPTIME_MAX);
}
