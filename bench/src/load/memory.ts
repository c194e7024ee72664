// The generator's one block of memory, carved once at start: value pattern, templates, receive area, and for each connection
// the requests of its current batch and the replies they must bring. One block so that copies stay inside it (copyWithin, no views)
// and every place in it has an address for the kernel. Built by load/main.ts; bounded by connections * depth * keys * value size.

import { addressOf } from './libc.js';
import { LoadError } from './load-error.js';

export class Memory {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly address: number;
  private carved = 0;

  constructor(size: number) {
    if (size > LARGEST_BYTES)
      throw new LoadError(`Cannot hold ${size} bytes of batches: less depth, connections or value bytes`);
    this.bytes = Buffer.from(new ArrayBuffer(size));
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.address = addressOf(this.bytes);
  }

  /** Reserves `size` bytes, starting on a cache line; returns the offset. */
  carve(size: number): number {
    const at = this.carved;
    const end = at + Memory.rounded(size);
    if (end > this.bytes.length)
      throw new Error(`Cannot carve ${size} bytes: the block of ${this.bytes.length} is full`);
    this.carved = end;
    return at;
  }

  /** What carve(size) really takes. */
  static rounded(size: number): number {
    return Math.ceil(size / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
  }

  /** Short copies go word by word, which beats a native call up to a few hundred bytes. */
  copy(to: number, from: number, count: number): void {
    if (count > WORD_COPY_LIMIT_BYTES) {
      this.bytes.copyWithin(to, from, from + count);
      return;
    }
    const { bytes, view } = this;
    let i = 0;
    // All four are loaded before the first is stored: after a store V8 looks at view and length anew.
    for (; i + 16 <= count; i += 16) {
      const first = view.getInt32(from + i, true);
      const second = view.getInt32(from + i + 4, true);
      const third = view.getInt32(from + i + 8, true);
      const fourth = view.getInt32(from + i + 12, true);
      view.setInt32(to + i, first, true);
      view.setInt32(to + i + 4, second, true);
      view.setInt32(to + i + 8, third, true);
      view.setInt32(to + i + 12, fourth, true);
    }
    for (; i + 4 <= count; i += 4) view.setInt32(to + i, view.getInt32(from + i, true), true);
    for (; i < count; i++) bytes[to + i] = bytes[from + i];
  }
}

/** Offsets are kept as 32-bit integers. */
const LARGEST_BYTES = 2 ** 31 - 1;
const CACHE_LINE_BYTES = 64;
const WORD_COPY_LIMIT_BYTES = 320;
