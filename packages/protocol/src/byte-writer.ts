/**
 * A growing byte buffer with a cursor: the only way replies and requests are written.
 *
 * A worker owns one for its replies and reuses it; nothing is allocated while what is written fits. Call `ensure()`
 * once for all that follows, then the other methods, which do not check. `bytes` and `view` change only inside
 * `ensure()` (and where a subclass gives its memory back): do not keep them across it. `at` may be set back to forget what was written after a mark.
 */

import { writeDecimal, writeDecimal64 } from './number.js';

export class ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  /** Number of bytes written so far; the next byte goes here. */
  at = 0;

  /** @param capacity bytes to begin with; the buffer doubles when `ensure()` needs more. */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for n more bytes. The content stays. */
  ensure(n: number): void {
    if (this.at + n > this.bytes.length) this.grow(this.at + n);
  }

  byte(b: number): void {
    this.bytes[this.at++] = b;
  }

  /** A constant from status.ts or like it. */
  bytesOf(source: Uint8Array): void {
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  /** source[start..end), of any length. Allocates a view: not for the data path. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.bytes.set(source.subarray(start, end), this.at);
    this.at += end - start;
  }

  /** source[start..end), a key or another short run of bytes, eight at a time; `view` lies over the bytes of `source`. */
  copyShort(source: Uint8Array, view: DataView, start: number, end: number): void {
    const { bytes, view: out } = this;
    let at = this.at;
    let from = start;
    // Two words at a time, because V8 does not unroll loops; both loaded first, because a store makes it look at everything anew.
    for (; from + 8 <= end; from += 8, at += 8) {
      const first = view.getInt32(from, true);
      const second = view.getInt32(from + 4, true);
      out.setInt32(at, first, true);
      out.setInt32(at + 4, second, true);
    }
    for (; from + 4 <= end; from += 4, at += 4) out.setInt32(at, view.getInt32(from, true), true);
    while (from < end) bytes[at++] = source[from++];
    this.at = at;
  }

  /** An ASCII string; makes its own room. For replies that are not of the data path. */
  text(value: string): void {
    this.ensure(value.length);
    for (let i = 0; i < value.length; i++) this.bytes[this.at++] = value.charCodeAt(i);
  }

  crlf(): void {
    this.view.setUint16(this.at, 0x0d0a);
    this.at += 2;
  }

  /** A whole number of 0..2^53 in decimal. */
  decimal(value: number): void {
    this.at = writeDecimal(this.bytes, this.at, value);
  }

  /** An unsigned 64-bit number in decimal, as two int32 halves. */
  decimal64(low: number, high: number): void {
    this.at = writeDecimal64(this.bytes, this.at, low, high);
  }

  uint16be(value: number): void {
    this.view.setUint16(this.at, value);
    this.at += 2;
  }

  /** Signed or unsigned: the low 32 bits are written. */
  uint32be(value: number): void {
    this.view.setInt32(this.at, value);
    this.at += 4;
  }

  uint64be(low: number, high: number): void {
    this.view.setInt32(this.at, high);
    this.view.setInt32(this.at + 4, low);
    this.at += 8;
  }

  /** What was written since `start`, as a new array. For tests and clients, not the data path. */
  slice(start = 0): Uint8Array {
    return this.bytes.slice(start, this.at);
  }

  private grow(needed: number): void {
    let capacity = Math.max(this.bytes.length, 64);
    while (capacity < needed) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    bytes.set(this.bytes.subarray(0, this.at));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
