/**
 * Values larger than the largest chunk: a header chunk and a list of body chunks.
 *
 * Called by the store. A value is written front to back, its chunks allocated as bytes arrive, so a large
 * value that never comes takes no room. Until the item is linked only its connection sees it; afterwards
 * its bytes never change, and a reader that streams it pins it (layout.ts: the item's four data words).
 */
import type { Evictor } from './evictor.js';
import type { Items } from './item.js';
import {
  BODY_HEADER_BYTES,
  BODY_NEXT,
  BODY_OWNER,
  BODY_USED,
  CHUNKED_FIRST,
  CHUNKED_LAST,
  CHUNKED_PINS,
  CHUNKED_WORDS,
  CHUNKED_WRITTEN,
  Kind,
  TAG,
  VALUE_BYTES,
} from './layout.js';
import type { Slabs } from './slabs.js';

export class ChunkedValues {
  readonly #items: Items;
  readonly #slabs: Slabs;
  readonly #evictor: Evictor;
  /** Where the last read of a pinned item ended, so that streaming one does not walk its chunks from the start each time. */
  #cursorItem = 0;
  #cursorChunk = 0;
  #cursorOffset = 0;

  constructor(items: Items, slabs: Slabs, evictor: Evictor) {
    this.#items = items;
    this.#slabs = slabs;
    this.#evictor = evictor;
  }

  word(ref: number, word: number): number {
    return this.#items.wordsOf(ref)[this.#items.dataWord(ref) + word];
  }

  setWord(ref: number, word: number, value: number): void {
    this.#items.wordsOf(ref)[this.#items.dataWord(ref) + word] = value;
  }

  initialize(ref: number): void {
    for (let word = 0; word < CHUNKED_WORDS; word++) this.setWord(ref, word, 0);
  }

  /** Appends bytes of the value; false when no chunk can be had. */
  append(ref: number, source: Uint8Array, start: number, count: number): boolean {
    for (let from = start, left = count; left > 0; ) {
      const chunk = this.#chunkWithRoom(ref);
      if (chunk === 0) return false;
      const used = this.#items.get(chunk, BODY_USED);
      const piece = Math.min(left, this.#capacity(chunk) - used);
      const at = 4 * this.#items.wordAt(chunk) + BODY_HEADER_BYTES + used;
      this.#items.bytesOf(chunk).set(source.subarray(from, from + piece), at);
      this.#items.set(chunk, BODY_USED, used + piece);
      this.setWord(ref, CHUNKED_WRITTEN, this.word(ref, CHUNKED_WRITTEN) + piece);
      from += piece;
      left -= piece;
    }
    return true;
  }

  #chunkWithRoom(ref: number): number {
    const last = this.word(ref, CHUNKED_LAST);
    if (last !== 0 && this.#items.get(last, BODY_USED) < this.#capacity(last)) return last;
    const missing = this.#items.get(ref, VALUE_BYTES) - this.word(ref, CHUNKED_WRITTEN);
    const id = this.#slabs.classForMemory(missing + BODY_HEADER_BYTES);
    const chunk = this.#evictor.takeChunk(id);
    if (chunk === 0) return 0;
    this.#items.set(chunk, BODY_NEXT, 0);
    this.#items.set(chunk, BODY_OWNER, ref);
    this.#items.set(chunk, BODY_USED, 0);
    this.#items.set(chunk, TAG, Kind.BODY | id);
    if (last === 0) this.setWord(ref, CHUNKED_FIRST, chunk);
    else this.#items.set(last, BODY_NEXT, chunk);
    this.setWord(ref, CHUNKED_LAST, chunk);
    return chunk;
  }

  #capacity(chunk: number): number {
    return this.#slabs.sizes.chunkBytes[this.#slabs.pageClass(this.#slabs.pageOf(chunk))] - BODY_HEADER_BYTES;
  }

  /** Copies `count` bytes, which the value has, from `offset` on. The item is pinned, or its stripe held. */
  read(ref: number, offset: number, count: number, out: Uint8Array, at: number): void {
    if (count === 0) return;
    this.#seek(ref, offset);
    let to = at;
    for (let left = count; left > 0; ) {
      const inChunk = offset + (to - at) - this.#cursorOffset;
      const piece = Math.min(left, this.#items.get(this.#cursorChunk, BODY_USED) - inChunk);
      const from = 4 * this.#items.wordAt(this.#cursorChunk) + BODY_HEADER_BYTES + inChunk;
      out.set(this.#items.bytesOf(this.#cursorChunk).subarray(from, from + piece), to);
      to += piece;
      left -= piece;
      if (left > 0) this.#advance();
    }
  }

  #seek(ref: number, offset: number): void {
    if (this.#cursorItem !== ref || offset < this.#cursorOffset) {
      this.#cursorItem = ref;
      this.#cursorChunk = this.word(ref, CHUNKED_FIRST);
      this.#cursorOffset = 0;
    }
    while (offset >= this.#cursorOffset + this.#items.get(this.#cursorChunk, BODY_USED)) this.#advance();
  }

  #advance(): void {
    this.#cursorOffset += this.#items.get(this.#cursorChunk, BODY_USED);
    this.#cursorChunk = this.#items.get(this.#cursorChunk, BODY_NEXT);
  }

  /** Forgets where reading stood: the item may change from now on. */
  forgetCursor(): void {
    this.#cursorItem = 0;
  }

  /** Appends the whole value of `from`, chunked or not, whose stripe is held. */
  appendItem(ref: number, from: number, fromIsChunked: boolean): boolean {
    if (!fromIsChunked) {
      const start = 4 * this.#items.dataWord(from);
      return this.append(ref, this.#items.bytesOf(from), start, this.#items.valueBytes(from));
    }
    for (let chunk = this.word(from, CHUNKED_FIRST); chunk !== 0; chunk = this.#items.get(chunk, BODY_NEXT)) {
      const start = 4 * this.#items.wordAt(chunk) + BODY_HEADER_BYTES;
      if (!this.append(ref, this.#items.bytesOf(chunk), start, this.#items.get(chunk, BODY_USED))) return false;
    }
    return true;
  }

  pins(ref: number): number {
    return this.word(ref, CHUNKED_PINS);
  }

  addPins(ref: number, count: number): void {
    this.setWord(ref, CHUNKED_PINS, this.word(ref, CHUNKED_PINS) + count);
  }

  /** Gives all body chunks back. */
  freeBodies(ref: number): void {
    for (let chunk = this.word(ref, CHUNKED_FIRST); chunk !== 0; ) {
      const next = this.#items.get(chunk, BODY_NEXT);
      this.#evictor.giveChunk(chunk);
      chunk = next;
    }
  }
}
