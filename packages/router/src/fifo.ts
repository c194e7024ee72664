/**
 * A queue, first in first out, without moving its elements: an array and the index of its head.
 *
 * Used by sessions and links for the exchanges under way. Whoever pushes bounds the length.
 */
const COMPACT_AT = 1024;

export class Fifo<Element> {
  #elements: Element[] = [];
  #head = 0;

  get length(): number {
    return this.#elements.length - this.#head;
  }

  push(element: Element): void {
    this.#elements.push(element);
  }

  /** The oldest, undefined when empty. */
  peek(): Element | undefined {
    return this.#elements[this.#head];
  }

  shift(): Element | undefined {
    if (this.#head === this.#elements.length) return undefined;
    const element = this.#elements[this.#head++];
    if (this.#head === this.#elements.length) {
      this.#elements.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT) {
      this.#elements = this.#elements.slice(this.#head);
      this.#head = 0;
    }
    return element;
  }

  /** Empties it, and answers what was in it. */
  takeAll(): Element[] {
    const all = this.#elements.slice(this.#head);
    this.#elements.length = 0;
    this.#head = 0;
    return all;
  }
}
