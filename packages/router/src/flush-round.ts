/**
 * Who has something to send at the end of this turn of the event loop: each socket is written once a turn, however many
 * requests and replies the turn brought.
 *
 * One a router. Sessions and links mark themselves; the round runs in the check phase, after the events of the turn.
 */
export interface Flushable {
  /** Set by the round; do not touch. */
  isMarked: boolean;
  flush(): void;
}

export class FlushRound {
  #marked: Flushable[] = [];
  #spare: Flushable[] = [];
  #isPlanned = false;
  readonly #run = (): void => this.#flushAll();

  mark(one: Flushable): void {
    if (one.isMarked) return;
    one.isMarked = true;
    this.#marked.push(one);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#run);
  }

  /** What is marked meanwhile waits for the next turn, so that no turn is endless. */
  #flushAll(): void {
    const round = this.#marked;
    this.#marked = this.#spare;
    this.#spare = round;
    this.#isPlanned = false;
    for (const one of round) {
      one.isMarked = false;
      one.flush();
    }
    round.length = 0;
  }
}
