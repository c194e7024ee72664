/**
 * One client: bytes in, requests on to the nodes, replies out in the order of the requests.
 *
 *   commands ─ a data block is not all here ─▶ collecting it, at most one item
 *            ─ a get line of many keys ─▶ asking some keys at a time, before anything behind it
 *            ─ a refused block or line ─▶ throwing it away, then its reply
 *            ─ a command for all nodes ─▶ alone: after all before it, before all behind it
 *            ─ too much owed or unsent, or a link full ─▶ the socket is not read until it is less
 *
 * Bounds: what client-share.ts allows; unsent ≤ UNSENT_BYTES_MAX before reading stops; a client that takes nothing for
 * STALL_MS is dropped, and after PRESSED_STALL_MS if the router wants the room.
 */
import type { Socket } from 'node:net';
import { type ByteWriter, Decoded, decode, dialectOf } from '@shoal/protocol';
import type { Asker, KeyLine } from './asker.js';
import { copyBytes } from './byte-copy.js';
import { ClientShare } from './client-share.js';
import { Exchange, ReplyShape } from './exchange.js';
import { writeFailure } from './failure-reply.js';
import { Fifo } from './fifo.js';
import type { Flushable } from './flush-round.js';
import { Intake } from './intake.js';
import type { NodeLink } from './node-link.js';
import { askAgain, blockBytesOf, changesItems, dispatch, refuseRequest } from './request-dispatch.js';
import { bufferOf, type RouteTable } from './route-table.js';

const UNDECIDED = -1;
const UNSENT_BYTES_MAX = 1024 * 1024;
const STALL_MS = 30_000;
const PRESSED_STALL_MS = 5000;

export class ClientSession implements Asker, Flushable {
  isMarked = false;
  readonly table: RouteTable;
  readonly listenerPort: number;
  dialect: number = UNDECIDED;
  readonly #socket: Socket;
  readonly #owed = new Fifo<Exchange>();
  readonly share: ClientShare;
  /** What is in the stream's hands, or about to be: whole output buffers. */
  #unsentBytes = 0;
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
  #movedBytes = 0;
  #progressAtMs = 0;

  constructor(table: RouteTable, socket: Socket, listenerPort: number) {
    this.table = table;
    this.#socket = socket;
    this.listenerPort = listenerPort;
    this.share = new ClientShare(table, this);
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
    this.share.owe(exchange);
    this.#owed.push(exchange);
  }

  forward(link: NodeLink, exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    this.owe(exchange);
    this.share.reserve(exchange, end - start);
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
    this.share.end();
    this.#socket.destroy();
  }

  /** Replies that are owed or unsent. */
  get isIdle(): boolean {
    return this.#owed.length === 0 && this.#writer === null && this.#socket.writableLength === 0;
  }

  /** False: the client has taken nothing for too long, or lets a data block take up scarce room without going on, or does not hang up although all is said. */
  makesProgress(nowMs: number): boolean {
    const socket = this.#socket;
    const isPressed = this.table.held.isPressed && this.share.isLarge;
    const isOwed = socket.writableLength > 0;
    const moved = isOwed ? socket.bytesWritten - socket.writableLength : socket.bytesRead;
    const isSatisfied = !isOwed && !this.#isOver && !(isPressed && this.intake.isAbsorbing);
    if (isSatisfied || moved !== this.#movedBytes) {
      this.#movedBytes = moved;
      this.#progressAtMs = nowMs;
    }
    return nowMs - this.#progressAtMs < (isPressed ? PRESSED_STALL_MS : STALL_MS);
  }

  // Replies

  receive(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    const { share } = this;
    if (this.#isClosed) return;
    if (exchange.cutBytes > 0 || share.mustPostpone(exchange, end - start)) {
      share.postpone(exchange, Math.max(exchange.cutBytes, end - start));
      this.table.round.mark(this);
      return;
    }
    this.#resolve(exchange, bytes, start, end);
  }

  /** Part of the answer for a group that is asked key by key, which only the first in the queue is; the rest waits for room. */
  receiveSome(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed) return;
    this.#write(bytes, start, end);
    this.share.learn(end - start);
    this.share.interrupt(exchange);
    this.table.round.mark(this);
  }

  /** The answer for a group could not be kept: it is asked for key by key, when it is the first in the queue. */
  postpone(exchange: Exchange, bytes: number): void {
    if (this.#isClosed) return;
    this.share.postpone(exchange, bytes);
    this.table.round.mark(this);
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
    this.share.answered(exchange, end - start);
    if (this.#owed.peek() !== exchange || this.#unsentBytes >= UNSENT_BYTES_MAX) {
      this.share.hold(end - start);
      exchange.settle(Buffer.from(bytes.subarray(start, end)));
      this.#markIfWaiting();
      return;
    }
    this.#shift();
    this.#write(bytes, start, end);
    this.#writeSettled();
    this.table.round.mark(this);
  }

  /** Answers that are next, as far as the client takes them. */
  #writeSettled(): void {
    let next = this.#owed.peek();
    while (next?.isSettled && this.#unsentBytes < UNSENT_BYTES_MAX) {
      this.#shift();
      this.#write(next.answer, 0, next.answer.length);
      next = this.#owed.peek();
    }
  }

  #shift(): void {
    const exchange = this.#owed.shift()!;
    this.share.owedKeys -= exchange.keyCount;
    if (exchange.isSettled) this.share.hold(-exchange.answer.length);
  }

  #write(bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed || start === end) return;
    const before = this.#writer?.bytes.length ?? 0;
    this.#writer ??= this.table.takeWriter();
    const writer = this.#writer;
    writer.ensure(end - start);
    this.#countUnsent(writer.bytes.length - before);
    copyBytes(bytes, start, end, writer.bytes, writer.at);
    writer.at += end - start;
  }

  #countUnsent(bytes: number): void {
    this.#unsentBytes += bytes;
    this.share.hold(bytes);
  }

  /** Input or a postponed answer may have been waiting for what has just changed. */
  #markIfWaiting(): void {
    const isWanted = this.#isPaused || this.#line !== null || this.intake.isWaiting;
    if (isWanted || this.#owed.length > 0 || this.#isEnding) this.table.round.mark(this);
  }

  /** Sends what came together in this turn, then goes on with input that had to wait. */
  flush(): void {
    if (this.#isClosed) return;
    this.#writeSettled();
    this.#send();
    this.table.trim();
    this.#askFirstAgain();
    if (this.#isAlone && this.#owed.length === 0) this.#isAlone = false;
    if (this.#line !== null) this.#continueLine();
    if (this.intake.isWaiting && this.#mayTake()) this.#serveHeld();
    this.share.holdInput(this.intake.bytes);
    this.share.noteUnsent(this.#unsentBytes);
    if (this.#isPaused && !this.#isEnding && !this.#mustWait()) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    if (this.#isEnding && this.#isSpent()) this.#socket.end();
  }

  #askFirstAgain(): void {
    const first = this.#owed.peek();
    if (first?.isPostponed && this.share.resume(first, this.#unsentBytes)) askAgain(this, first);
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
    this.#socket.write(bufferOf(writer).subarray(0, writer.at), () => {
      this.#countUnsent(-writer.bytes.length);
      this.share.noteUnsent(this.#unsentBytes);
      this.table.giveWriter(writer);
      this.#markIfWaiting();
    });
  }

  // Requests

  /** Whether another request may be asked. */
  #mayTake(): boolean {
    if (this.#blockedBy !== null || this.#line !== null || this.#isClosed) return false;
    if (this.#isAlone) return this.#owed.length === 0;
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    return this.#unsentBytes < UNSENT_BYTES_MAX && this.share.mayAsk();
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
    this.share.holdInput(intake.bytes);
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
        if (!this.#isInTurn()) return at;
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

  /** Whether the request in table.request may be asked now. */
  #isInTurn(): boolean {
    const { request } = this.table;
    if (!changesItems(request)) return true;
    return this.share.mayChange() && this.share.mayCollect(blockBytesOf(request));
  }

  #continueLine(): void {
    while (this.#line !== null && this.#blockedBy === null && this.#hasRoom()) {
      if (this.#line.issue()) this.#line = null;
    }
  }
}
