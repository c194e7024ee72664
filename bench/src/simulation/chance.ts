// The chance of a simulation: seeded, so that a run can be repeated to the last digit. Splits into independent streams by
// name, so that what one part draws does not depend on how much another drew. Used everywhere in this folder.
// Not for secrets. The generator is 32 bits of state stepped by a constant and mixed (Weyl sequence, murmur3's finalizer).
const STEP = 0x9e37_79b9;
const UINT32 = 2 ** 32;

export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A stream of its own for this purpose; the same one for the same seed and name. */
  static of(seed: number, purpose: string): Chance {
    let state = seed >>> 0;
    for (let i = 0; i < purpose.length; i++) state = mixed(state ^ purpose.charCodeAt(i));
    return new Chance(state);
  }

  /** From 0 to 1, without 1: a drop-in for Math.random. */
  readonly next = (): number => {
    this.#state = (this.#state + STEP) >>> 0;
    return mixed(this.#state) / UINT32;
  };

  /** A whole number from 0 to bound - 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** The time until something happens that happens once in `mean` on average, and does not remember. */
  waiting(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }
}

function mixed(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
