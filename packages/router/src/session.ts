/**
 * One client: bytes in, requests on to the nodes, replies out in the order of the requests.
 *
 *   commands ─ a data block is not all here ─▶ collecting it, at most one item
 *            ─ a get line of many keys ─▶ asking some keys at a time, before anything behind it
 *            ─ a refused block or line ─▶ throwing it away, then its reply
 *            ─ a command for all nodes ─▶ alone: after all before it, before all behind it
 *            ─ too much owed or unsent, or a link full ─▶ the socket is not read until it is less
 *
 * Bounds: keys asked for × their usual size ≤ OWED_BYTES, unsent ≤ UNSENT_BYTES_MAX before reading stops; a client that
 * takes nothing for STALL_MS is dropped.
 */
import type { Socket } from 'node:net';
import { type ByteWriter, Decoded, decode, dialectOf } from '@shoal/protocol';
import type { Asker, KeyLine } from './asker.js';
import { copyBytes } from './byte-copy.js';
import { Exchange, ReplyShape } from './exchange.js';
import { writeFailure } from './failure-reply.js';
import { Fifo } from './fifo.js';
import type { Flushable } from './flush-round.js';
import { Intake } from './intake.js';
import type { NodeLink } from './node-link.js';
import { dispatch, refuseRequest } from './request-dispatch.js';
import { bufferOf, type RouteTable } from './route-table.js';

const UNDECIDED = -1;
const UNSENT_BYTES_MAX = 1024 * 1024;
const OWED_BYTES = 4 * 1024 * 1024;
/** Keys. */
const OWED_MIN = 4;
const OWED_MAX = 1024;
/** What a reply is taken to be long before any has been seen. */
const FIRST_REPLY_BYTES = 16_384;
const STALL_MS = 30_000;

export class ClientSession implements Asker, Flushable {
  isMarked = false;
  readonly table: RouteTable;
  readonly listenerPort: number;
  dialect: number = UNDECIDED;
  readonly #socket: Socket;
  readonly #owed = new Fifo<Exchange>();
  #owedKeys = 0;
  readonly intake = new Intake();
  #writer: ByteWriter | null = null;
  #line: KeyLine | null = null;
  #blockedBy: NodeLink | null = null;
  /** A command for all nodes waits for its turn, or is under way. */
  #isAlone = false;
  /** The client sends nothing more. */
  #isEnding = false;
  /** Nothing more is served: quit, a broken stream, or the router's end. */
  #isOver = false;
  #isClosed = false;
  #isServing = false;
  #isPaused = false;
  /** Of the answer for one key, on average of late. */
  #replyBytes = FIRST_REPLY_BYTES;
  #writtenBytes = 0;
  #progressAtMs = 0;

  constructor(table: RouteTable, socket: Socket, listenerPort: number) {
    this.table = table;
    this.#socket = socket;
    this.listenerPort = listenerPort;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#endInput());
    socket.on('drain', () => table.round.mark(this));
    socket.on('error', () => this.destroy());
  }

  // For dispatch

  sayAnswer(): void {
    const { answer } = this.table;
    this.say(bufferOf(answer), 0, answer.at);
    answer.at = 0;
  }

  say(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (this.#owed.length === 0) {
      this.#write(bytes, start, end);
      this.table.round.mark(this);
      return;
    }
    const exchange = new Exchange(this, ReplyShape.LINE);
    exchange.settle(Buffer.from(bytes.subarray(start, end)));
    this.owe(exchange);
  }

  owe(exchange: Exchange): void {
    this.#owedKeys += exchange.keyCount;
    this.#owed.push(exchange);
  }

  forward(link: NodeLink, exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    this.owe(exchange);
    link.send(exchange, bytes, start, end);
    if (link.isFull) this.blockOn(link);
  }

  blockOn(link: NodeLink): void {
    if (this.#blockedBy !== null) return;
    this.#blockedBy = link;
    link.whenNotFull(() => {
      this.#blockedBy = null;
      this.table.round.mark(this);
    });
  }

  beginAlone(): boolean {
    this.#isAlone = true;
    return this.#owed.length === 0;
  }

  followLine(line: KeyLine): void {
    this.#line = line;
    this.#continueLine();
    if (this.#line !== null) line.keep();
  }

  finish(): void {
    this.#isOver = true;
    this.intake.clear();
    this.#endInput();
  }

  #endInput(): void {
    this.#isEnding = true;
    this.table.round.mark(this);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isEnding = true;
    this.#writer = null;
    this.intake.clear();
    this.#socket.destroy();
  }

  /** Replies that are owed or unsent. */
  get isIdle(): boolean {
    return this.#owed.length === 0 && this.#writer === null && this.#socket.writableLength === 0;
  }

  /** False: the client has taken nothing for too long, or does not hang up although all is said. */
  makesProgress(nowMs: number): boolean {
    const taken = this.#socket.bytesWritten - this.#socket.writableLength;
    const isSatisfied = this.#socket.writableLength === 0 && !this.#isOver;
    if (isSatisfied || taken !== this.#writtenBytes) {
      this.#writtenBytes = taken;
      this.#progressAtMs = nowMs;
    }
    return nowMs - this.#progressAtMs < STALL_MS;
  }

  // Replies

  receive(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    this.#resolve(exchange, bytes, start, end);
  }

  fail(exchange: Exchange, node: string, reason: string): void {
    const { answer, options } = this.table;
    const mark = answer.at;
    writeFailure(answer, exchange, node, reason, options.deadReads === 'miss');
    this.#resolve(exchange, bufferOf(answer), mark, answer.at);
    answer.at = mark;
  }

  #resolve(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed) return;
    this.#replyBytes += ((end - start) / exchange.keyCount - this.#replyBytes) / 8;
    if (this.#owed.peek() !== exchange) {
      exchange.settle(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    this.#shift();
    this.#write(bytes, start, end);
    for (let next = this.#owed.peek(); next?.isSettled; next = this.#owed.peek()) {
      this.#shift();
      this.#write(next.answer, 0, next.answer.length);
    }
    this.table.round.mark(this);
  }

  #shift(): void {
    this.#owedKeys -= this.#owed.shift()!.keyCount;
  }

  #write(bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed || start === end) return;
    this.#writer ??= this.table.takeWriter();
    const writer = this.#writer;
    writer.ensure(end - start);
    copyBytes(bytes, start, end, writer.bytes, writer.at);
    writer.at += end - start;
  }

  /** Sends what came together in this turn, then goes on with input that had to wait. */
  flush(): void {
    if (this.#isClosed) return;
    this.#send();
    if (this.#isAlone && this.#owed.length === 0) this.#isAlone = false;
    if (this.#line !== null) this.#continueLine();
    if (this.intake.isWaiting && this.#mayTake()) this.#serveHeld();
    if (this.#isPaused && !this.#isEnding && !this.#mustWait()) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    if (this.#isEnding && this.#isSpent()) this.#socket.end();
  }

  /** Nothing is left to do but to close. Input that waits for its turn is still served. */
  #isSpent(): boolean {
    return this.#owed.length === 0 && this.#writer === null && this.#line === null && !this.intake.isWaiting;
  }

  #send(): void {
    const writer = this.#writer;
    if (writer === null) return;
    this.#writer = null;
    // Its bytes are used again only when the stream says that it is done with them.
    this.#socket.write(bufferOf(writer).subarray(0, writer.at), () => this.table.giveWriter(writer));
  }

  // Requests

  /** Whether another request may be asked. */
  #mayTake(): boolean {
    if (this.#blockedBy !== null || this.#line !== null || this.#isClosed) return false;
    if (this.#isAlone) return this.#owed.length === 0;
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    const limit = Math.max(OWED_MIN, Math.min(OWED_MAX, OWED_BYTES / (this.#replyBytes + 1)));
    return this.#owedKeys < limit && this.#unsentBytes < UNSENT_BYTES_MAX;
  }

  get #unsentBytes(): number {
    return this.#socket.writableLength + (this.#writer?.at ?? 0);
  }

  /** Input waits for its turn, or the client does not read what it asked for. */
  #mustWait(): boolean {
    return this.#line !== null || !this.#mayTake() || this.intake.isWaiting;
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#isServing = true;
    const { intake, table } = this;
    let at = 0;
    while (at < chunk.length && !this.#isOver) {
      if (intake.isAbsorbing) {
        at = intake.absorb(chunk, at);
        if (intake.isAbsorbing) break;
        this.#afterAbsorbing();
      } else if (intake.isWaiting || !this.#mayTake()) {
        intake.hold(chunk, at, chunk.length, true);
        break;
      } else {
        const end = intake.moveTo(table.input, chunk, at);
        at = chunk.length;
        this.#serve(table.input, table.inputView, 0, end);
      }
    }
    this.#isServing = false;
    this.#pauseIfNeeded();
  }

  #pauseIfNeeded(): void {
    if (this.#isPaused || this.#isEnding || !this.#mustWait()) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** What was collected is a request, or what was thrown away is to be answered. */
  #afterAbsorbing(): void {
    const { intake } = this;
    const reply = intake.takeReply();
    if (reply !== null) this.say(reply, 0, reply.length);
    if (intake.isWaiting && this.#mayTake()) this.#serveHeld();
  }

  #serveHeld(): void {
    const { intake } = this;
    const { buffer, start, end } = intake.takeHeld();
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#serve(buffer, view, start, end);
    intake.release();
    if (!this.#isServing) this.#pauseIfNeeded();
  }

  /** Runs the requests of input[start..end), as many as may be asked, and holds the rest. */
  #serve(input: Buffer, view: DataView, start: number, end: number): void {
    const { request } = this.table;
    let at = start;
    let needsMore = false;
    if (this.dialect === UNDECIDED) this.dialect = dialectOf(input[at]);
    while (at < end && !this.#isOver && this.#mayTake()) {
      const decoded = decode(this.dialect, input, view, at, end, request);
      if (decoded === Decoded.NEED_MORE) {
        needsMore = true;
        break;
      }
      const next = this.#serveOne(decoded, input, view, at, end);
      if (next === at) break;
      at = next;
    }
    if (at < end && !this.#isOver) this.intake.hold(input, at, end, !needsMore);
  }

  /** Where the next request begins; `at` again if this one has to wait. */
  #serveOne(decoded: number, input: Buffer, view: DataView, at: number, end: number): number {
    switch (decoded) {
      case Decoded.READY:
        return dispatch(this, input, view, at, end);
      case Decoded.PARTIAL_KEYS:
        return this.intake.collectLine(input, at, end);
      case Decoded.CLOSE:
        this.finish();
        return end;
      default:
        return refuseRequest(this, end);
    }
  }

  #continueLine(): void {
    while (this.#line !== null && this.#blockedBy === null && this.#hasRoom()) {
      if (this.#line.issue()) this.#line = null;
    }
  }
}
