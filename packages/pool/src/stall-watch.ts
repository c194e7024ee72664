/**
 * Notices when this process itself was held up, by the machine or by work of its own, so that a node is not blamed for it.
 *
 * A timer goes off ten times a second; how late it comes tells how long nothing ran. Used by health-monitor.ts.
 */
const TICK_MS = 100;
/** A stall can begin right after a tick, so one of 250 ms makes the next tick at least this late. */
const LATE_MS = 150;

export class StallWatch {
  #timer: NodeJS.Timeout | null = null;
  #tickedAtMs = 0;
  #stalledAtMs = Number.NEGATIVE_INFINITY;

  start(): void {
    if (this.#timer !== null) return;
    this.#tickedAtMs = performance.now();
    this.#timer = setInterval(() => this.#look(), TICK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Whether a stall has ended since then, on the clock of performance.now(). */
  hasStalledSince(sinceMs: number): boolean {
    this.#look();
    return this.#stalledAtMs >= sinceMs;
  }

  #look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#tickedAtMs > TICK_MS + LATE_MS) this.#stalledAtMs = nowMs;
    this.#tickedAtMs = nowMs;
  }
}
