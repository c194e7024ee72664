/**
 * How long a node that ended without being asked waits before it is started again. Pure; called by the supervisor, which
 * notes failures, and by `plan`, which waits and forgives.
 *
 * The first end is repaired at once. Further ones that follow closely wait 0.5 s, 1 s, 2 s and so on, at most 30 s. A node
 * that has served for ten seconds starts at zero again.
 */
import type { NodeFailures } from './model.js';

const FIRST_WAIT_MS = 500;
export const LONGEST_WAIT_MS = 30_000;
/** Doublings after which the wait is longest anyway: keeps the power in range. */
const DOUBLINGS_MAX = 6;

/** Kept in the record. */
const REASON_CHARS_MAX = 300;
/** A node that served this long is forgiven. */
export const FORGIVEN_AFTER_MS = 10_000;

export const NO_FAILURES: NodeFailures = { count: 0, lastAtMs: null, lastReason: null, retryAtMs: null };

export function failedAgain(before: NodeFailures, reason: string, nowMs: number): NodeFailures {
  const count = before.count + 1;
  return { count, lastAtMs: nowMs, lastReason: reason.slice(0, REASON_CHARS_MAX), retryAtMs: nowMs + waitMs(count) };
}

/** The count goes; what happened last stays readable. */
export function forgiven(failures: NodeFailures): NodeFailures {
  return { ...failures, count: 0, retryAtMs: null };
}

function waitMs(count: number): number {
  if (count <= 1) return 0;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - 2, DOUBLINGS_MAX));
}
