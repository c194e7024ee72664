// The loop of the load: each connection sends a batch, waits until every byte of its replies is there and right, then sends the next one,
// at once (closed loop) or when one is due (open loop).
// One thread on epoll; called by load/main.ts for the preload, the warm-up and the measured window, each of which drains before it returns.
// Bounds: one batch in flight per connection, RECEIVE_BYTES per recv, STALL_MS without any reply ends the run.
// A wrong reply, a closed connection and a stall are LoadErrors: the run is worthless then, so it stops at once.
import type { Histogram } from './histogram.js';
import {
  closeDescriptor,
  connectTcp,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
  Epoll,
  Errno,
  epollCreate,
  epollWait,
  epollWatch,
  lastErrno,
  receive,
  send,
} from './libc.js';
import { LoadError } from './load-error.js';
import { Memory } from './memory.js';
import { ALL_RIGHT, type Piece, ReplyChecker } from './reply-checker.js';
import type { BatchComposer } from './workload.js';
import { keepWrongReply } from './wrong-reply.js';

const RECEIVE_BYTES = 256 * 1024;
const MAX_EVENTS = 64;
const WAIT_MS = 500;
const STALL_MS = 5000;
/** How often, WAIT_MS apart, replies that are late are waited for once one is wrong. */
const LATE_WAITS = 2;
/** Reported once as it comes, so that the kernel need not look at a socket again to find that all was received. */
const WATCHES_INPUT = Epoll.IN | Epoll.EDGE;

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
}

/** Composes the next batch of a connection; false = this phase has none left for it. */
export type ComposeNext = (requestAt: number, replyAt: number, connection: number) => boolean;

export interface Phase {
  readonly compose: ComposeNext;
  /** No batch is sent after this moment (performance.now()); Infinity = until compose() says false. */
  readonly until: number;
  /** Called once at that moment, before the batches in flight are drained. */
  readonly atEnd?: () => void;
  /** Called with each batch that is answered, when not all of them are alike. */
  readonly answered?: (connection: number, micros: number) => void;
  /** Open loops: true while requests are still to come. The loop then polls, and asks compose() for every connection that is free. */
  readonly isWaiting?: () => boolean;
  /** Open loops: when the batch just composed was due, from which its latency counts (performance.now()). */
  readonly startedAt?: (connection: number) => number;
}

export class LoadLoop {
  /** Batches answered since the loop began. */
  batches = 0;
  private readonly memory: Memory;
  private readonly composer: BatchComposer;
  private readonly checker: ReplyChecker;
  private readonly histogram: Histogram;
  private readonly epoll = epollCreate();
  private readonly eventsAt: number;
  private readonly receiveAt: number;
  private readonly roomBytes: number;
  private readonly connectionsAt: number;
  private readonly fds: Int32Array;
  private readonly requestEnd: Int32Array;
  private readonly sent: Int32Array;
  private readonly expectedBytes: Int32Array;
  private readonly filled: Int32Array;
  private readonly startedAt: Float64Array;
  private readonly piece: Piece;
  private inFlight = 0;
  private compose: ComposeNext = () => false;
  private answered: Phase['answered'];
  private startedAtOf: Phase['startedAt'];

  constructor(memory: Memory, composer: BatchComposer, histogram: Histogram, target: LoadTarget) {
    const { connections } = target;
    this.memory = memory;
    this.composer = composer;
    this.histogram = histogram;
    this.checker = new ReplyChecker(memory, composer.isBinary);
    this.eventsAt = memory.carve(MAX_EVENTS * EPOLL_EVENT_BYTES);
    this.receiveAt = memory.carve(RECEIVE_BYTES);
    this.roomBytes = Memory.rounded(composer.roomBytes);
    this.connectionsAt = memory.carve(connections * 2 * this.roomBytes);
    this.fds = new Int32Array(connections);
    this.requestEnd = new Int32Array(connections);
    this.sent = new Int32Array(connections);
    this.expectedBytes = new Int32Array(connections);
    this.filled = new Int32Array(connections);
    this.startedAt = new Float64Array(connections);
    this.piece = { expectedAt: 0, expectedBytes: 0, filled: 0, receivedAt: this.receiveAt, receivedBytes: 0 };
    for (let c = 0; c < connections; c++) {
      this.fds[c] = connectTcp(target.host, target.port);
      epollWatch(this.epoll, Epoll.CTL_ADD, this.fds[c], { interest: WATCHES_INPUT, tag: c });
    }
  }

  static memoryBytes(connections: number, roomBytes: number): number {
    const own = Memory.rounded(MAX_EVENTS * EPOLL_EVENT_BYTES) + RECEIVE_BYTES;
    return own + Memory.rounded(connections * 2 * Memory.rounded(roomBytes));
  }

  /** Runs one phase to its end and waits for the last reply. */
  run(phase: Phase): void {
    this.compose = phase.compose;
    this.answered = phase.answered;
    this.startedAtOf = phase.startedAt;
    for (let c = 0; c < this.fds.length; c++) this.startBatch(c, performance.now());
    let quietSince = performance.now();
    let ended = false;
    while (this.inFlight > 0 || phase.isWaiting?.() === true) {
      const waitMs = phase.isWaiting?.() === true ? 0 : WAIT_MS;
      const events = epollWait(this.epoll, this.memory.address + this.eventsAt, MAX_EVENTS, waitMs);
      for (let i = 0; i < events; i++) this.onEvent(i);
      const now = performance.now();
      if (waitMs === 0) this.startFree(now);
      if (events > 0 || this.inFlight === 0) quietSince = now;
      else if (now - quietSince > STALL_MS) this.failStalled();
      if (!ended && now >= phase.until) {
        ended = true;
        this.compose = noMore;
        phase.atEnd?.();
      }
    }
  }

  close(): void {
    for (const fd of this.fds) closeDescriptor(fd);
    closeDescriptor(this.epoll);
  }

  private requestAt(c: number): number {
    return this.connectionsAt + c * 2 * this.roomBytes;
  }

  private expectedAt(c: number): number {
    return this.requestAt(c) + this.roomBytes;
  }

  /** Starts batches on connections that wait for nothing, until compose() has none. */
  private startFree(now: number): void {
    for (let c = 0; c < this.fds.length; c++) {
      if (this.filled[c] === this.expectedBytes[c] && !this.startBatch(c, now)) return;
    }
  }

  /** False = there was none. */
  private startBatch(c: number, now: number): boolean {
    const requestAt = this.requestAt(c);
    const expectedAt = this.expectedAt(c);
    if (!this.compose(requestAt, expectedAt, c)) return false;
    this.requestEnd[c] = this.composer.requestEnd;
    this.sent[c] = requestAt;
    this.expectedBytes[c] = this.composer.replyEnd - expectedAt;
    this.filled[c] = 0;
    this.startedAt[c] = this.startedAtOf?.(c) ?? now;
    this.inFlight += 1;
    this.sendRest(c, false);
    return true;
  }

  /** Sends what is left of the batch; a full socket is watched for room. */
  private sendRest(c: number, wasBlocked: boolean): void {
    const from = this.sent[c];
    const count = send(this.fds[c], this.memory.address + from, this.requestEnd[c] - from);
    if (count < 0 && lastErrno() !== Errno.EAGAIN && lastErrno() !== Errno.EINTR) this.failClosed(c, 'sending');
    if (count > 0) this.sent[c] = from + count;
    const isBlocked = this.sent[c] < this.requestEnd[c];
    if (isBlocked === wasBlocked) return;
    const interest = isBlocked ? WATCHES_INPUT | Epoll.OUT : WATCHES_INPUT;
    epollWatch(this.epoll, Epoll.CTL_MOD, this.fds[c], { interest, tag: c });
  }

  private onEvent(i: number): void {
    const at = this.eventsAt + i * EPOLL_EVENT_BYTES;
    const ready = this.memory.view.getUint32(at, true);
    const c = this.memory.view.getUint32(at + EPOLL_DATA_OFFSET, true);
    if ((ready & Epoll.OUT) !== 0) this.sendRest(c, true);
    if ((ready & ~Epoll.OUT) !== 0) this.onReadable(c);
  }

  /** Receives all that is there: what is left is not reported again. */
  private onReadable(c: number): void {
    const filledBefore = this.filled[c];
    for (let count = RECEIVE_BYTES; count === RECEIVE_BYTES; ) {
      count = receive(this.fds[c], this.memory.address + this.receiveAt, RECEIVE_BYTES);
      if (count <= 0) {
        if (count < 0 && lastErrno() === Errno.EAGAIN) break;
        this.failClosed(c, 'waiting for a reply');
      }
      this.check(c, count);
      this.filled[c] += count;
    }
    const isAnswered = this.filled[c] > filledBefore && this.filled[c] === this.expectedBytes[c];
    if (isAnswered) this.onAnswered(c);
  }

  private onAnswered(c: number): void {
    const now = performance.now();
    const micros = (now - this.startedAt[c]) * 1000;
    this.histogram.record(micros);
    this.answered?.(c, micros);
    this.batches += 1;
    this.inFlight -= 1;
    this.startBatch(c, now);
  }

  private check(c: number, count: number): void {
    const { piece } = this;
    piece.expectedAt = this.expectedAt(c);
    piece.expectedBytes = this.expectedBytes[c];
    piece.filled = this.filled[c];
    piece.receivedBytes = count;
    const wrong = this.checker.firstWrong(piece);
    if (wrong !== ALL_RIGHT) this.failWrong(c, this.checker.describe(piece, wrong));
  }

  private failWrong(c: number, reason: string): never {
    const { bytes } = this.memory;
    const expectedAt = this.expectedAt(c);
    const expected = bytes.subarray(expectedAt, expectedAt + this.expectedBytes[c]);
    const received = [expected.subarray(0, this.filled[c]), ...this.piecesFrom(c)];
    const file = keepWrongReply({
      heading: `connection ${c}, after ${this.batches} batches: ${reason}`,
      requests: bytes.subarray(this.requestAt(c), this.requestEnd[c]),
      expected,
      received: Buffer.concat(received),
    });
    this.fail(c, `${reason}\nAll of the batch stands in ${file}`);
  }

  /** The piece at hand, and what follows it in the next moments. */
  private piecesFrom(c: number): Buffer[] {
    const pieces: Buffer[] = [];
    let count = this.piece.receivedBytes;
    for (let waits = 0; waits <= LATE_WAITS && count !== 0; waits++) {
      if (count > 0) pieces.push(Buffer.from(this.memory.bytes.subarray(this.receiveAt, this.receiveAt + count)));
      epollWait(this.epoll, this.memory.address + this.eventsAt, MAX_EVENTS, WAIT_MS);
      count = receive(this.fds[c], this.memory.address + this.receiveAt, RECEIVE_BYTES);
    }
    return pieces;
  }

  private failClosed(c: number, doing: string): never {
    this.fail(c, `the server closed the connection while ${doing} (errno ${lastErrno()})`);
  }

  private failStalled(): never {
    const c = this.filled.findIndex((filled, i) => filled < this.expectedBytes[i]);
    this.fail(c, `no reply for ${STALL_MS} ms: ${this.filled[c]} of ${this.expectedBytes[c]} bytes had come`);
  }

  private fail(c: number, reason: string): never {
    const start = this.requestAt(c);
    const request = this.memory.bytes.subarray(start, Math.min(start + 96, this.requestEnd[c])).toString('latin1');
    throw new LoadError(
      `Wrong reply on connection ${c} to the batch that begins ${JSON.stringify(request)}: ${reason}`,
    );
  }
}

function noMore(): boolean {
  return false;
}
