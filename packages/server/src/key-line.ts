/**
 * The keys of a text get that do not stand in the receive buffer: a line longer than it, or the rest of a line that was interrupted.
 *
 * memcached reads a get line to its end before it answers, however long it is, and clients rely on it: one that writes all its keys before
 * it reads anything would wait for ever on a server that answered early. So a long line is gathered here first. What all sessions of a
 * worker gather together is bounded; past it the client gets the error that memcached gives when it can not grow its buffer.
 */
import { Decoded, Dialect, decode, hasLongKey, Status, writeStatus } from '@shoal/protocol';
import type { CommandSession } from './commands/context.js';
import { resumeGet } from './commands/retrieval.js';
import { INPUT_BYTES, LONG_LINE_AT, LONG_LINE_BYTES } from './input-memory.js';
import { Outcome, type WorkerContext } from './worker-context.js';

/** Most bytes that the sessions of one worker gather at a time, when -o read_buf_mem_limit does not say less. */
const GATHERED_BYTES_MAX = 16_777_216;
const BLANK = 32;

let gatheredBytes = 0;

/** This worker's share of the limit on read buffers (0: none). */
export function gatherLimitBytes(readBufferMemoryLimitBytes: number, threads: number): number {
  if (readBufferMemoryLimitBytes === 0) return GATHERED_BYTES_MAX;
  return Math.min(GATHERED_BYTES_MAX, Math.floor(readBufferMemoryLimitBytes / threads));
}

export class KeyLine {
  bytes: Uint8Array;
  view: DataView;
  /** Bytes of the line so far, its LF included once it has come. */
  length = 0;
  /** What is still to be answered, once its end is known: the keys bytes[from..lineEnd), by this operation. */
  #op = -1;
  #exptime = 0;
  #from = 0;
  #lineEnd = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
    gatheredBytes += capacity;
  }

  /** A line to gather, longer than fits the receive buffer. */
  static gathering(): KeyLine {
    return new KeyLine(2 * INPUT_BYTES);
  }

  /** The keys input[from..lineEnd), to be answered later. No key of the line is too long. */
  static keeping(input: Uint8Array, from: number, lineEnd: number, op: number, exptime: number): KeyLine {
    const line = new KeyLine(lineEnd - from);
    line.bytes.set(input.subarray(from, lineEnd));
    line.length = lineEnd - from;
    line.#op = op;
    line.#exptime = exptime;
    line.#lineEnd = line.length;
    return line;
  }

  /** The part that `serve` has brought is answered up to worker.input[from]. */
  keepFrom(from: number): void {
    this.#from += from - LONG_LINE_AT;
  }

  /** Appends input[start..end). False: all sessions together would hold more than `limitBytes`. */
  append(input: Uint8Array, start: number, end: number, limitBytes: number): boolean {
    const length = this.length + end - start;
    if (length > this.bytes.length && !this.#grow(length, limitBytes)) return false;
    this.bytes.set(input.subarray(start, end), this.length);
    this.length = length;
    return true;
  }

  /** Answers it, or goes on with it, part by part. BLOCKED: `keepFrom` was called, there is more. */
  serve(worker: WorkerContext, session: CommandSession): number {
    if (this.#op < 0 && !this.#begin(worker)) return Outcome.OPEN;
    for (;;) {
      const end = this.#partEnd();
      worker.input.set(this.bytes.subarray(this.#from, end), LONG_LINE_AT);
      const partEnd = LONG_LINE_AT + end - this.#from;
      const isLast = end === this.#lineEnd;
      const outcome = resumeGet(worker, session, this.#op, this.#exptime, partEnd, isLast);
      if (outcome !== Outcome.OPEN || isLast) return outcome;
      this.#from = end;
    }
  }

  /** Only a get or gets is gathered, so there is nothing else that it can be. False: it was refused, and that is answered. */
  #begin(worker: WorkerContext): boolean {
    const { request, output } = worker;
    const decoded = decode(Dialect.TEXT, this.bytes, this.view, 0, this.length, request);
    if (decoded !== Decoded.READY) {
      if (!request.noreply) writeStatus(output, request.status);
      return false;
    }
    this.#op = request.op;
    this.#from = request.keyStart;
    this.#lineEnd = request.lineEnd;
    if (!hasLongKey(this.bytes, this.view, this.#from, this.#lineEnd)) return true;
    writeStatus(output, Status.BAD_FORMAT_IN_GET);
    return false;
  }

  /** As many whole keys as there is room for. */
  #partEnd(): number {
    const end = this.#from + LONG_LINE_BYTES;
    return end >= this.#lineEnd ? this.#lineEnd : this.bytes.lastIndexOf(BLANK, end - 1);
  }

  /** Takes it off the worker's account. Once. */
  release(): void {
    gatheredBytes -= this.bytes.length;
  }

  #grow(length: number, limitBytes: number): boolean {
    let capacity = this.bytes.length;
    while (capacity < length) capacity *= 2;
    if (gatheredBytes + capacity - this.bytes.length > limitBytes) return false;
    gatheredBytes += capacity - this.bytes.length;
    const bytes = new Uint8Array(capacity);
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    return true;
  }
}
