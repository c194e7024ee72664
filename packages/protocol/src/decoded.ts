/**
 * The outcomes of `decode()`: what the session does next.
 */

/** What `decode()` found. */
export const Decoded = {
  /** A whole command line or frame head; `request` describes it, `request.next` follows it. */
  READY: 0,
  /** Not enough bytes: keep what is there and come back with more. At most GET_LINE_HELD_BYTES_MAX need keeping. */
  NEED_MORE: 1,
  /** Answer `request.status` (unless noreply) after throwing away swallowBytes or the rest of the line. */
  ERROR: 2,
  /** Close at once and without a word, as memcached does. */
  CLOSE: 3,
  /**
   * A `get` or `gets` line too long to hold: the keys up to `request.lineEnd` can be served, `request.next` is where
   * the cut-off rest begins, and the next call must be `decodeMoreKeys()`. No END yet.
   */
  PARTIAL_KEYS: 4,
} as const;
export type Decoded = (typeof Decoded)[keyof typeof Decoded];
