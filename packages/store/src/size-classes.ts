/**
 * The size classes: which accounted sizes share a chunk size, as memcached computes them, and the halves behind them.
 *
 * Class n takes items whose accounted size (memcached's: 48 bytes of header, 8 of CAS, key, NUL, flags,
 * value, CRLF) is at most its limit; sizes grow by the factor `-f` from `-n`, rounded up to 8. The chunk
 * in memory is smaller than the limit by what our header saves, so a page holds more of them. A class of
 * small items has a lower half with smaller chunks still, for the items that fit those; only the number
 * of the class is seen outside (docs/decisions/0019-halves-of-a-class.md). Pure.
 */
import {
  ACCOUNTED_CAS_BYTES,
  ACCOUNTED_HEADER_BYTES,
  BODY_HEADER_BYTES,
  CLASS_NUMBERS,
  CLASSES_MAX,
  LOWER_HALF,
  PAGE_BYTES,
  savedBytes,
} from './layout.js';
import type { StoreOptions } from './options.js';

const ALIGN = 8;
/**
 * Classes of larger items have one chunk size. A half costs a page that no other class can use, which pays only where a page
 * holds many items; and tests count on memcached's numbers of large items a page.
 */
const HALVED_LIMIT_BYTES_MAX = PAGE_BYTES / 256;

export class SizeClasses {
  /** Accounted limit by id of a class or lower half; 0 where there is no such class. */
  readonly limits = new Int32Array(CLASSES_MAX);
  /** Bytes of memory of one chunk. */
  readonly chunkBytes = new Int32Array(CLASSES_MAX);
  readonly chunksPerPage = new Int32Array(CLASSES_MAX);
  /** Ids of all classes and lower halves, in the order of their limits. */
  readonly ids: readonly number[];
  readonly largest: number;
  readonly #byEighth: Uint8Array;

  constructor(options: StoreOptions) {
    this.largest = this.#layOut(options);
    this.ids = this.#halve(options.casEnabled);
    this.#byEighth = this.#index(options.slabChunkMaxBytes);
  }

  /** Class, or lower half of one, of an accounted size; the largest class for everything above its limit. */
  classOf(accountedBytes: number): number {
    const eighth = (accountedBytes + ALIGN - 1) >> 3;
    return eighth < this.#byEighth.length ? this.#byEighth[eighth] : this.largest;
  }

  /** Smallest class whose chunk has room for `bytes` of memory; the largest if none has. */
  classForMemory(bytes: number): number {
    for (let i = 0; i < this.ids.length; i++) if (this.chunkBytes[this.ids[i]] >= bytes) return this.ids[i];
    return this.largest;
  }

  /** The ids that share a number: the class, and its lower half if it has one. */
  halvesOf(number: number): readonly number[] {
    return this.limits[number | LOWER_HALF] === 0 ? [number] : [number, number | LOWER_HALF];
  }

  #layOut(options: StoreOptions): number {
    const saved = savedBytes(options.casEnabled);
    let size = ACCOUNTED_HEADER_BYTES + options.minSizeBytes;
    let id = 1;
    for (; id < CLASS_NUMBERS - 1 && size < options.slabChunkMaxBytes / options.growthFactor; id++) {
      size = Math.ceil(size / ALIGN) * ALIGN;
      this.#define(id, size, saved);
      size = Math.floor(size * options.growthFactor);
    }
    this.#define(id, options.slabChunkMaxBytes, saved);
    return id;
  }

  /** Gives the classes of small items their lower halves, where a page then holds more of them. */
  #halve(casEnabled: boolean): number[] {
    const saved = savedBytes(casEnabled);
    const ids: number[] = [];
    let below = ALIGN + ACCOUNTED_HEADER_BYTES + (casEnabled ? ACCOUNTED_CAS_BYTES : 0);
    for (let id = 1; id <= this.largest; id++) {
      const limit = this.limits[id];
      const half = Math.round(Math.sqrt(below * limit) / ALIGN) * ALIGN;
      below = limit;
      if (
        limit <= HALVED_LIMIT_BYTES_MAX &&
        half < limit &&
        half - saved > BODY_HEADER_BYTES &&
        half > this.limits[id - 1]
      ) {
        this.#define(id | LOWER_HALF, half, saved);
        ids.push(id | LOWER_HALF);
      }
      ids.push(id);
    }
    return ids;
  }

  #define(id: number, limit: number, saved: number): void {
    this.limits[id] = limit;
    this.chunkBytes[id] = limit - saved;
    this.chunksPerPage[id] = Math.floor(PAGE_BYTES / this.chunkBytes[id]);
  }

  #index(chunkMaxBytes: number): Uint8Array {
    const byEighth = new Uint8Array(chunkMaxBytes / ALIGN + 1);
    for (let eighth = 0, at = 0; eighth < byEighth.length; eighth++) {
      while (at < this.ids.length - 1 && eighth * ALIGN > this.limits[this.ids[at]]) at++;
      byEighth[eighth] = this.ids[at];
    }
    return byEighth;
  }
}
