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
  private wordAccess: WordAccess | null = null;

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

  /** Made when it is first needed, by the block that is used: V8 treats functions that are made twice less well. */
  get words(): WordAccess {
    this.wordAccess ??= makeWordAccess(this.bytes, this.view);
    return this.wordAccess;
  }
}

/** Offsets are kept as 32-bit integers. */
const LARGEST_BYTES = 2 ** 31 - 1;
const CACHE_LINE_BYTES = 64;
const WORD_COPY_LIMIT_BYTES = 320;
const WORD_COMPARE_LIMIT_BYTES = 256;

/** The innermost loops of the generator, bound to the block, which V8 then takes for a constant. */
export interface WordAccess {
  copy(to: number, from: number, count: number): void;
  isEqual(a: number, b: number, count: number): boolean;
}

function makeWordAccess(bytes: Buffer, view: DataView): WordAccess {
  /** Short copies go word by word, which beats a native call up to a few hundred bytes. */
  function copy(to: number, from: number, count: number): void {
    if (count > WORD_COPY_LIMIT_BYTES) {
      bytes.copyWithin(to, from, from + count);
      return;
    }
    let i = 0;
    // All four are loaded before the first is stored: after a store V8 looks at everything anew.
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

  function isEqual(a: number, b: number, count: number): boolean {
    if (count > WORD_COMPARE_LIMIT_BYTES) return bytes.compare(bytes, a, a + count, b, b + count) === 0;
    let i = 0;
    for (; i + 4 <= count; i += 4) if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
    for (; i < count; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  return { copy, isEqual };
}
