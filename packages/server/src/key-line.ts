/**
 * The keys of a text get that do not stand in the receive buffer: a line longer than it, or the rest of a line that was interrupted.
 *
 * memcached reads a get line to its end before it answers, however long it is, and clients rely on it: one that writes all its keys before
 * it reads anything would wait for ever on a server that answered early. So a long line is gathered here first. What all sessions of a
 * worker gather together is bounded; past it the client gets the error that memcached gives when it can not grow its buffer.
 */
import { Decoded, Dialect, decode, writeStatus } from '@shoal/protocol';
import type { CommandSession } from './commands/context.js';
import { getText, resumeGet } from './commands/retrieval.js';
import { INPUT_BYTES, Outcome, type WorkerContext } from './worker-context.js';

/** Most bytes that the sessions of one worker gather at a time, when -o read_buf_mem_limit does not say less. */
const GATHERED_BYTES_MAX = 16_777_216;

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
  /** What is still to be answered, once a part was: the keys bytes[from..lineEnd), by this operation. */
  op = -1;
  exptime = 0;
  from = 0;
  lineEnd = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
    gatheredBytes += capacity;
  }

  /** A line to gather, longer than fits the receive buffer. */
  static gathering(): KeyLine {
    return new KeyLine(2 * INPUT_BYTES);
  }

  /** The keys input[from..lineEnd), to be answered later. */
  static keeping(input: Uint8Array, from: number, lineEnd: number): KeyLine {
    const line = new KeyLine(lineEnd - from);
    line.bytes.set(input.subarray(from, lineEnd));
    line.length = lineEnd - from;
    return line;
  }

  /** What is still to be answered. */
  keep(op: number, exptime: number, from: number, lineEnd: number): void {
    this.op = op;
    this.exptime = exptime;
    this.from = from;
    this.lineEnd = lineEnd;
  }

  /** Appends input[start..end). False: all sessions together would hold more than `limitBytes`. */
  append(input: Uint8Array, start: number, end: number, limitBytes: number): boolean {
    const length = this.length + end - start;
    if (length > this.bytes.length && !this.#grow(length, limitBytes)) return false;
    this.bytes.set(input.subarray(start, end), this.length);
    this.length = length;
    return true;
  }

  /** Answers it, or goes on with it, with its bytes in the place of worker.input. BLOCKED: `keep` was called, there is more. */
  serve(worker: WorkerContext, session: CommandSession): number {
    const { input, inputView } = worker;
    worker.input = this.bytes;
    worker.inputView = this.view;
    const outcome =
      this.op < 0
        ? this.#serveWhole(worker, session)
        : resumeGet(worker, session, this.op, this.exptime, this.from, this.lineEnd);
    worker.input = input;
    worker.inputView = inputView;
    return outcome;
  }

  /** Only a get or gets is gathered, so there is nothing else that it can be, but it may be refused. */
  #serveWhole(worker: WorkerContext, session: CommandSession): number {
    const { request, store } = worker;
    const decoded = decode(Dialect.TEXT, this.bytes, this.view, 0, this.length, request);
    if (decoded === Decoded.READY) {
      worker.keyHash = store.hashKey(this.bytes, this.view, request.keyStart, request.keyEnd);
      return getText(worker, session);
    }
    if (!request.noreply) writeStatus(worker.output, request.status);
    return Outcome.OPEN;
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
