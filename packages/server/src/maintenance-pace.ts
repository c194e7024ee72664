/**
 * When the maintenance thread makes its next step: as soon as the last one asked for it while the server serves, and less and less
 * often while it does not.
 *
 * Used by maintenance-task.ts, which wakes at least once a second for the clock. What workers have received tells whether
 * anything can have happened; a node that nobody talks to is looked at after half the time that it has been quiet, and at
 * least every QUIET_STEP_MAX_MS, because items die by themselves. Whoever talks to it again meets the usual pace within a second.
 */

/** A step that asks for no more than this has found nothing that is due soon. */
const AT_REST_MS = 1000;
const QUIET_STEP_MAX_MS = 10_000;
const QUIET_SHARE = 0.5;

/** What may have brought about work, as numbers that change when it did. */
export interface Signs {
  /** Bytes that all workers have received. */
  readonly receivedBytes: number;
  /** Times that somebody rang the alarm. */
  readonly rung: number;
}

export class MaintenancePace {
  #receivedBytes = -1;
  #rung = -1;
  #quietSinceMs = 0;
  #nextMs = 0;

  isDue(nowMs: number, { receivedBytes, rung }: Signs): boolean {
    if (receivedBytes === this.#receivedBytes && rung === this.#rung) return nowMs >= this.#nextMs;
    this.#receivedBytes = receivedBytes;
    this.#rung = rung;
    this.#quietSinceMs = nowMs;
    return true;
  }

  /** A step was made and asked for the next one after `delayMs`. */
  noteStep(nowMs: number, delayMs: number): void {
    const isAtRest = delayMs >= AT_REST_MS;
    const quietMs = Math.min((nowMs - this.#quietSinceMs) * QUIET_SHARE, QUIET_STEP_MAX_MS);
    this.#nextMs = nowMs + (isAtRest ? Math.max(AT_REST_MS, quietMs) : delayMs);
  }

  untilNextMs(nowMs: number): number {
    return Math.max(0, this.#nextMs - nowMs);
  }
}
