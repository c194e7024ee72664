/**
 * A client's input between two chunks: what is held, collected or thrown away.
 *
 * Used by a session alone. Held: the beginning of a request, or requests that wait for their turn, at most a chunk of the
 * socket and one line. Collected: one data block or one long line, each with its bound. Buffers end in the scratch that
 * decode() needs.
 */
import { INPUT_SCRATCH_BYTES, STATUS_LINES, Status } from '@shoal/protocol';

/** A get line that is longer than decode() takes in one piece; memcached has a bound of its own for all its buffers. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;
const LINE_FEED = 10;
const NONE: Buffer = Buffer.alloc(0);

export interface Held {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

export class Intake {
  #held = NONE;
  #start = 0;
  #end = 0;
  /** What is held is no mere beginning: it can be served as soon as the session may. */
  #isServable = false;
  /** Bytes of #held that make the data block whole; 0 when none is collected. */
  #wholeBytes = 0;
  #collectsLine = false;
  #swallowBytes = 0;
  #swallowsLine = false;
  #reply: Buffer | null = null;

  /** Chunks are to be handed to `absorb`. */
  get isAbsorbing(): boolean {
    return this.#wholeBytes > 0 || this.#collectsLine || this.#swallowBytes > 0 || this.#swallowsLine;
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#held.length;
  }

  /** Requests wait for their turn. */
  get isWaiting(): boolean {
    return this.#isServable && this.#end > this.#start && !this.isAbsorbing;
  }

  /** Keeps input[start..end), behind what is held already. */
  hold(input: Buffer, start: number, end: number, isServable: boolean): void {
    this.#isServable = isServable;
    if (this.#end === this.#start && input === this.#held) {
      this.#start = start;
      this.#end = end;
      return;
    }
    const before = this.#end - this.#start;
    const held = Buffer.allocUnsafeSlow(before + end - start + INPUT_SCRATCH_BYTES);
    this.#held.copy(held, 0, this.#start, this.#end);
    input.copy(held, before, start, end);
    this.#held = held;
    this.#start = 0;
    this.#end = before + end - start;
  }

  /** Puts what is held, and chunk[at..] behind it, at the front of `input`; answers the end. */
  moveTo(input: Buffer, chunk: Buffer, at: number): number {
    const before = this.#end - this.#start;
    if (before > 0) this.#held.copy(input, 0, this.#start, this.#end);
    chunk.copy(input, before, at);
    this.clear();
    return before + chunk.length - at;
  }

  takeHeld(): Held {
    const held = { buffer: this.#held, start: this.#start, end: this.#end };
    this.#start = 0;
    this.#end = 0;
    return held;
  }

  /** Gives up the memory of what was served. */
  release(): void {
    if (this.#start === this.#end && !this.isAbsorbing) this.#held = NONE;
  }

  clear(): void {
    this.#held = NONE;
    this.#start = 0;
    this.#end = 0;
    this.#wholeBytes = 0;
  }

  /** A request of `bytes` in all has begun at input[at..end). Answers end: all of it is used up. */
  collectBlock(input: Buffer, at: number, end: number, bytes: number): number {
    const held = Buffer.allocUnsafeSlow(bytes + INPUT_SCRATCH_BYTES);
    input.copy(held, 0, at, end);
    this.#begin(held, end - at);
    this.#wholeBytes = bytes;
    return end;
  }

  /** A line without end has begun. */
  collectLine(input: Buffer, at: number, end: number): number {
    const held = Buffer.allocUnsafeSlow((end - at) * 2 + INPUT_SCRATCH_BYTES);
    input.copy(held, 0, at, end);
    this.#begin(held, end - at);
    this.#collectsLine = true;
    return end;
  }

  #begin(held: Buffer, length: number): void {
    this.#held = held;
    this.#start = 0;
    this.#end = length;
    this.#isServable = true;
  }

  /** The next bytes are thrown away, then the reply is due. */
  swallow(bytes: number, reply: Buffer): void {
    this.#swallowBytes = bytes;
    this.#reply = reply;
  }

  swallowLine(reply: Buffer): void {
    this.#swallowsLine = true;
    this.#reply = reply;
  }

  /** The reply that became due by throwing away. */
  takeReply(): Buffer | null {
    const reply = this.#reply;
    this.#reply = null;
    return reply;
  }

  /** Takes what it wants of chunk[at..]; answers where the rest begins. */
  absorb(chunk: Buffer, at: number): number {
    if (this.#swallowBytes > 0) {
      const count = Math.min(this.#swallowBytes, chunk.length - at);
      this.#swallowBytes -= count;
      return at + count;
    }
    if (this.#swallowsLine) {
      const lineFeed = chunk.indexOf(LINE_FEED, at);
      this.#swallowsLine = lineFeed < 0;
      return lineFeed < 0 ? chunk.length : lineFeed + 1;
    }
    return this.#collectsLine ? this.#absorbLine(chunk, at) : this.#absorbBlock(chunk, at);
  }

  #absorbBlock(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#wholeBytes - this.#end);
    chunk.copy(this.#held, this.#end, at, end);
    this.#end += end - at;
    if (this.#end === this.#wholeBytes) this.#wholeBytes = 0;
    return end;
  }

  /** A line beyond all bounds is thrown away and answered as memcached does when it has no buffer for it. */
  #absorbLine(chunk: Buffer, at: number): number {
    const lineFeed = chunk.indexOf(LINE_FEED, at);
    const end = lineFeed < 0 ? chunk.length : lineFeed + 1;
    const length = this.#end + end - at;
    if (length > LINE_BYTES_MAX) {
      this.#collectsLine = false;
      this.clear();
      this.swallowLine(Buffer.from(STATUS_LINES[Status.NO_MEMORY_REQUEST]));
      return at;
    }
    if (length + INPUT_SCRATCH_BYTES > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(length * 2 + INPUT_SCRATCH_BYTES);
      this.#held.copy(larger, 0, 0, this.#end);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#end, at, end);
    this.#end = length;
    this.#collectsLine = lineFeed < 0;
    return end;
  }
}
