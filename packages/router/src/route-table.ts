/**
 * What all sessions of one router share: the routes of the moment, the limits, and buffers that are used within one turn
 * and hold nothing between two.
 *
 * Made by router.ts. `input` has the scratch tail that `decode()` writes base64 keys into.
 */
import { ByteWriter, INPUT_SCRATCH_BYTES, Request } from '@shoal/protocol';
import type { FlushRound } from './flush-round.js';
import { HeldBytes } from './held-bytes.js';
import type { RouterOptions } from './options.js';
import type { Routes } from './routes.js';

/** Room for a held line and a chunk of the socket behind it. */
const INPUT_BYTES = 256 * 1024;
const WRITER_BYTES = 16_384;
/** A writer that one reply has stretched beyond this is not kept. */
const WRITER_KEPT_BYTES_MAX = 256 * 1024;
const SPARE_WRITERS_MAX = 64;
/** Of a node that was not told otherwise. */
const USUAL_ITEM_BYTES_MAX = 1024 * 1024;

export interface RouterCounters {
  currentConnections: number;
  totalConnections: number;
  rejectedConnections: number;
  slowClientsDropped: number;
  /** Answers that were let go for want of room. */
  postponedReplies: number;
}

export class RouteTable {
  routes: Routes;
  readonly options: RouterOptions;
  readonly round: FlushRound;
  readonly held: HeldBytes;
  /** The largest answer for one key that is to be expected. */
  itemBytesMax = USUAL_ITEM_BYTES_MAX;
  readonly startedAtMs = Date.now();
  readonly input: Buffer = Buffer.allocUnsafeSlow(INPUT_BYTES + INPUT_SCRATCH_BYTES);
  readonly inputView: DataView = new DataView(this.input.buffer);
  readonly request = new Request();
  /** Where a request to a node is put together. */
  draft = new ByteWriter(WRITER_BYTES);
  /** Where a reply of the router's own is put together: not the same, because a request may fail while it is handed on. */
  answer = new ByteWriter(WRITER_BYTES);
  readonly counters: RouterCounters = {
    currentConnections: 0,
    totalConnections: 0,
    rejectedConnections: 0,
    slowClientsDropped: 0,
    postponedReplies: 0,
  };
  readonly #writers: ByteWriter[] = [];

  constructor(options: RouterOptions, routes: Routes, round: FlushRound) {
    this.options = options;
    this.routes = routes;
    this.round = round;
    this.held = new HeldBytes(options.heldBytesMax, round);
  }

  /** Gives up what one large request or answer has stretched; not to be called while they are in use. */
  trim(): void {
    if (this.answer.bytes.length > WRITER_KEPT_BYTES_MAX) this.answer = new ByteWriter(WRITER_BYTES);
    if (this.draft.bytes.length > WRITER_KEPT_BYTES_MAX) this.draft = new ByteWriter(WRITER_BYTES);
  }

  /** A writer for the replies of one turn. */
  takeWriter(): ByteWriter {
    return this.#writers.pop() ?? new ByteWriter(WRITER_BYTES);
  }

  /** Nobody reads its bytes any more. */
  giveWriter(writer: ByteWriter): void {
    if (writer.bytes.length > WRITER_KEPT_BYTES_MAX || this.#writers.length >= SPARE_WRITERS_MAX) return;
    writer.at = 0;
    this.#writers.push(writer);
  }
}

/** The bytes of a writer as a Buffer over the same memory. */
export function bufferOf(writer: ByteWriter): Buffer {
  return Buffer.from(writer.bytes.buffer as ArrayBuffer, writer.bytes.byteOffset, writer.bytes.length);
}
