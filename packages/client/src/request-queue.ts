/**
 * The requests of one connection in the order in which their replies arrive: a ring that doubles when it is full.
 *
 * Used by Connection alone, which bounds its length. Slots that are free hold undefined, so that nothing is kept alive.
 */
import type { Request } from './request.js';

const FIRST_CAPACITY = 64;

export class RequestQueue {
  #slots: (Request | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  length = 0;

  get first(): Request | undefined {
    return this.#slots[this.#head];
  }

  push(request: Request): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.length) & this.#mask] = request;
    this.length++;
  }

  shift(): void {
    if (this.length === 0) return;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.length--;
  }

  /** The request at this place, 0 is the first. */
  at(index: number): Request {
    return this.#slots[(this.#head + index) & this.#mask] as Request;
  }

  /** All of them in order; the queue is empty afterwards. */
  takeAll(): Request[] {
    const all = Array.from({ length: this.length }, (_, index) => this.at(index));
    this.#slots = new Array(FIRST_CAPACITY).fill(undefined);
    this.#mask = FIRST_CAPACITY - 1;
    this.#head = 0;
    this.length = 0;
    return all;
  }

  #grow(): void {
    const slots: (Request | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (let index = 0; index < this.length; index++) slots[index] = this.at(index);
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
  }
}
