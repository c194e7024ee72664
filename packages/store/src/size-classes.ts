/**
 * The size classes: which accounted sizes share a chunk size, as memcached computes them.
 *
 * Class n takes items whose accounted size (memcached's: 48 bytes of header, 8 of CAS, key, NUL, flags,
 * value, CRLF) is at most its limit; sizes grow by the factor `-f` from `-n`, rounded up to 8. The chunk
 * in memory is smaller than the limit by what our header saves, so a page holds more of them. Pure.
 */
import { ACCOUNTED_HEADER_BYTES, CLASSES_MAX, PAGE_BYTES, savedBytes } from './layout.js';
import type { StoreOptions } from './options.js';

const ALIGN = 8;

export class SizeClasses {
  /** Accounted limit by class; 0 where there is no such class. */
  readonly limits = new Int32Array(CLASSES_MAX);
  /** Bytes of memory of one chunk. */
  readonly chunkBytes = new Int32Array(CLASSES_MAX);
  readonly chunksPerPage = new Int32Array(CLASSES_MAX);
  readonly largest: number;
  readonly #byEighth: Uint8Array;

  constructor(options: StoreOptions) {
    this.largest = this.#layOut(options);
    this.#byEighth = this.#index(options.slabChunkMaxBytes);
  }

  /** Class of an accounted size; the largest class for everything above its limit. */
  classOf(accountedBytes: number): number {
    const eighth = (accountedBytes + ALIGN - 1) >> 3;
    return eighth < this.#byEighth.length ? this.#byEighth[eighth] : this.largest;
  }

  /** Smallest class whose chunk has room for `bytes` of memory; the largest if none has. */
  classForMemory(bytes: number): number {
    let id = 1;
    while (id < this.largest && this.chunkBytes[id] < bytes) id++;
    return id;
  }

  #layOut(options: StoreOptions): number {
    const saved = savedBytes(options.casEnabled);
    let size = ACCOUNTED_HEADER_BYTES + options.minSizeBytes;
    let id = 1;
    for (; id < CLASSES_MAX - 1 && size < options.slabChunkMaxBytes / options.growthFactor; id++) {
      size = Math.ceil(size / ALIGN) * ALIGN;
      this.#define(id, size, saved);
      size = Math.floor(size * options.growthFactor);
    }
    this.#define(id, options.slabChunkMaxBytes, saved);
    return id;
  }

  #define(id: number, limit: number, saved: number): void {
    this.limits[id] = limit;
    this.chunkBytes[id] = limit - saved;
    this.chunksPerPage[id] = Math.floor(PAGE_BYTES / this.chunkBytes[id]);
  }

  #index(chunkMaxBytes: number): Uint8Array {
    const byEighth = new Uint8Array(chunkMaxBytes / ALIGN + 1);
    for (let eighth = 0, id = 1; eighth < byEighth.length; eighth++) {
      while (id < this.largest && eighth * ALIGN > this.limits[id]) id++;
      byEighth[eighth] = id;
    }
    return byEighth;
  }
}
