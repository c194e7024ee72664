/**
 * Points on a circle of 32 bits, each the property of a node: what every consistent hashing has in common. Called by the
 * libraries whose points are not those of our own ring. Built once, then only searched.
 */
import { createHash } from 'node:crypto';

export interface Point {
  readonly value: number;
  readonly owner: number;
}

export class PointRing {
  readonly #points: readonly Point[];

  /** One point at least. */
  constructor(points: readonly Point[]) {
    this.#points = [...points].sort((one, other) => one.value - other.value);
  }

  /** Owner of the first point at or after a hash; after the last comes the first. */
  ownerAtOrAfter(hash: number): number {
    return this.#points[this.#countBelow(hash) % this.#points.length].owner;
  }

  /** Owner of the last point at or before a hash; before the first comes the last. */
  ownerAtOrBefore(hash: number): number {
    const below = this.#countBelow(hash + 1);
    return this.#points[below === 0 ? this.#points.length - 1 : below - 1].owner;
  }

  #countBelow(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle].value < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Four points from the md5 of each label, as ketama takes them: `<name>-0`, `<name>-1` and so on. */
export function ketamaPoints(names: readonly string[], digestsPerNode: number): Point[] {
  return names.flatMap((name, owner) =>
    Array.from({ length: digestsPerNode }, (_, index) => {
      const digest = md5(`${name}-${index}`);
      return [0, 4, 8, 12].map((at) => ({ value: digest.readUInt32LE(at), owner }));
    }).flat(),
  );
}

export function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}
