// What is going to happen in a simulation, earliest first: a binary heap in typed arrays, without an object an event.
//
//   slot i:  time │ sequence │ kind │ subject        children of i at 2i+1 and 2i+2
//
// Events of one time come out in the order in which they went in, so a run depends on nothing but its seed. Used by the
// simulated clock and by the fleet; grows by doubling, up to what memory takes.
const FIRST_CAPACITY = 1024;

export class EventQueue {
  /** Of the event that `take` took last. */
  timeMs = 0;
  kind = 0;
  subject = 0;
  #count = 0;
  #sequence = 0;
  #times = new Float64Array(FIRST_CAPACITY);
  #sequences = new Float64Array(FIRST_CAPACITY);
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #subjects = new Int32Array(FIRST_CAPACITY);

  get size(): number {
    return this.#count;
  }

  /** Infinity when nothing is going to happen. */
  get nextTimeMs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#times[0];
  }

  add(timeMs: number, kind: number, subject: number): void {
    if (this.#count === this.#times.length) this.#grow();
    const sequence = this.#sequence++;
    let hole = this.#count++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(timeMs, sequence, parent)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, { timeMs, sequence, kind, subject });
  }

  /** False when there is none; else the fields of this object are the earliest event, which is gone from the queue. */
  take(): boolean {
    if (this.#count === 0) return false;
    this.timeMs = this.#times[0];
    this.kind = this.#kinds[0];
    this.subject = this.#subjects[0];
    this.#count--;
    if (this.#count > 0) this.#sink(this.#count);
    return true;
  }

  /** Puts what is in this last slot where the first was taken from, and down to its place. */
  #sink(last: number): void {
    const [timeMs, sequence] = [this.#times[last], this.#sequences[last]];
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && this.#isBefore(this.#times[right], this.#sequences[right], child)) child = right;
      if (!this.#isBefore(this.#times[child], this.#sequences[child], last)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, { timeMs, sequence, kind: this.#kinds[last], subject: this.#subjects[last] });
  }

  #isBefore(timeMs: number, sequence: number, slot: number): boolean {
    const other = this.#times[slot];
    return timeMs < other || (timeMs === other && sequence < this.#sequences[slot]);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from];
    this.#sequences[to] = this.#sequences[from];
    this.#kinds[to] = this.#kinds[from];
    this.#subjects[to] = this.#subjects[from];
  }

  #put(slot: number, event: { timeMs: number; sequence: number; kind: number; subject: number }): void {
    this.#times[slot] = event.timeMs;
    this.#sequences[slot] = event.sequence;
    this.#kinds[slot] = event.kind;
    this.#subjects[slot] = event.subject;
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    const copy = <Slots extends { set(from: Slots): void }>(to: Slots, from: Slots): Slots => {
      to.set(from);
      return to;
    };
    this.#times = copy(new Float64Array(capacity), this.#times);
    this.#sequences = copy(new Float64Array(capacity), this.#sequences);
    this.#kinds = copy(new Uint8Array(capacity), this.#kinds);
    this.#subjects = copy(new Int32Array(capacity), this.#subjects);
  }
}
