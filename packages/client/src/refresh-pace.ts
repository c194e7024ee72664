/**
 * How often a client asks for news of the list because something went wrong, rather than because it is time.
 *
 * Used by Topology, one each. No clock of its own. The first trouble is worth a question at once. While questions bring no
 * news, as when a node is replaced in place, the pause before the next doubles from 100 ms to five seconds: a client of a
 * thousand nodes that loses a third of them notices one after the other, and would otherwise ask ten times a second,
 * together with all the others. News, or a minute without trouble, and it is quick again.
 */
const SPACING_MIN_MS = 100;
const SPACING_MAX_MS = 5_000;
const FORGOTTEN_AFTER_MS = 60_000;

export class RefreshPace {
  #spacingMs = 0;
  #endedAtMs = Number.NEGATIVE_INFINITY;

  /** Whether trouble at this time is worth a question. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#endedAtMs >= this.#spacingMs;
  }

  /** A question of this kind has ended. `random` is from 0 to 1: clients that lost the same node drift apart. */
  noteEnd(nowMs: number, hadNews: boolean, random: number): void {
    const isQuick = hadNews || nowMs - this.#endedAtMs >= FORGOTTEN_AFTER_MS || this.#spacingMs === 0;
    const plainMs = isQuick ? SPACING_MIN_MS : Math.min(SPACING_MAX_MS, this.#spacingMs * 2);
    this.#spacingMs = Math.max(SPACING_MIN_MS, plainMs * (1 - random / 4));
    this.#endedAtMs = nowMs;
  }
}
