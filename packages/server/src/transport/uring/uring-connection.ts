/**
 * A connection on the io_uring transport: what is under way for its descriptor in the kernel, and the backlog of what that did not take.
 *
 *   receive  one operation that goes on (multishot) while reading is on; cancelled to turn it off
 *   reply    one a turn, queued where it was written and sent when the loop next enters the kernel, without waiting for room;
 *            only what is not taken whole is heard of, before anything else that came with it
 *   backlog  what that left over, copied, sent piece by piece as room comes; only then is there a wait in the kernel
 *
 * Whoever needs to know at once whether a reply was taken (a second reply, a yield, the end) withdraws what is queued and sends by
 * a plain call. The row and the descriptor are given back when the kernel has completed everything, because until then both
 * name this connection.
 */
import type { Endpoint } from '../../connection-table.js';
import { ringBufferAt } from '../../input-memory.js';
import { ServerCounter } from '../../server-counters.js';
import { CloseReason } from '../../worker-context.js';
import type { ConnectionOwner } from '../connection.js';
import { EAGAIN, ECANCELED, EINTR, ENOBUFS, type Libc, MSG_DONTWAIT, MSG_NOSIGNAL, SHUT_RDWR } from '../libc.js';
import { PushedConnection } from '../pushed-connection.js';
import type { ReplyRoom } from '../reply-room.js';
import type { TransportParts } from '../transport.js';
import { IORING_CQE_BUFFER_SHIFT, IORING_CQE_F_MORE } from './abi.js';
import { GROUP, type InputBuffers } from './input-buffers.js';
import type { Ring } from './ring.js';

/** What a completion of a connection's row is about. */
export const Kind = { RECEIVE: 1, REPLY: 2, BACKLOG: 3 } as const;

/** A reply must not wait: what does not fit becomes backlog. */
const REPLY_FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT;

/** What a connection needs of its loop. */
export interface UringSockets {
  readonly libc: Libc;
  readonly ring: Ring;
  readonly buffers: InputBuffers;
  readonly room: ReplyRoom;
  /** A reply of the row has been queued: `settleReply` is due when the kernel has been entered. */
  noteQueued(row: number): void;
  /** Nothing of the row is under way in the kernel any more. */
  forget(row: number): void;
}

const Receiving = { OFF: 0, ON: 1, CANCELLED: 2 } as const;
const NOTHING = new Uint8Array(0);

export class UringConnection extends PushedConnection {
  readonly #sockets: UringSockets;
  readonly #descriptor: number;
  #receiving: number = Receiving.OFF;
  /** Bytes of the reply that is queued, 0 for none; where they are, and the submission's number. */
  #replyBytes = 0;
  #replyAt = 0;
  #replySubmission = 0;
  /** How many the kernel has taken, or −errno. All, unless it says otherwise. */
  #replyResult = 0;
  /** What the kernel is to send piece by piece, and what came behind it meanwhile. */
  #backlog: Uint8Array | null = null;
  #backlogSent = 0;
  #behind: Uint8Array = NOTHING;
  #isBacklogUnderWay = false;

  constructor(
    parts: TransportParts,
    owner: ConnectionOwner,
    sockets: UringSockets,
    opening: { row: number; peer: Endpoint; descriptor: number },
  ) {
    super(parts, owner, opening);
    this.#sockets = sockets;
    this.#descriptor = opening.descriptor;
    this.#beginReceiving();
  }

  /** A reply that the kernel has not taken may still turn into a backlog. */
  override get isAtRest(): boolean {
    return this.#replyBytes === 0 && super.isAtRest;
  }

  /** A completion of this row. */
  onCompletion(kind: number, result: number, flags: number): void {
    if (kind === Kind.RECEIVE) this.#onReceived(result, flags);
    else if (kind === Kind.BACKLOG) this.#onBacklogSent(result);
  }

  // Input

  #onReceived(result: number, flags: number): void {
    if (result > 0) {
      const { buffers } = this.#sockets;
      const number = flags >>> IORING_CQE_BUFFER_SHIFT;
      if (!this.isClosed) this.#take(ringBufferAt(number), result);
      buffers.giveBack(number);
    }
    if ((flags & IORING_CQE_F_MORE) === 0) this.#onReceivingOver(result);
  }

  /** worker.input[start..start + count) has come. It is served there, unless the session has something to put in front. */
  #take(start: number, count: number): void {
    const { worker, session } = this;
    if (!this.takesNewInput || session.hold() > 0) {
      this.receive(worker.input.subarray(start, start + count), count);
      return;
    }
    worker.counters[ServerCounter.BYTES_READ] += count;
    this.settle(session.run(start + count, start));
  }

  /** The receive has ended: at the client's end, cancelled, for want of a buffer, or failed. */
  #onReceivingOver(result: number): void {
    this.#receiving = Receiving.OFF;
    if (this.isClosed) this.#leave();
    else if (result === 0) this.onEnd();
    else if (result > 0 || MAY_GO_ON.includes(-result)) this.#beginReceiving();
    else this.close(CloseReason.ERROR);
  }

  #beginReceiving(): void {
    if (!this.isReading || this.hasEnded || this.#receiving !== Receiving.OFF) return;
    this.#receiving = Receiving.ON;
    this.#sockets.ring.prepareReceive(Kind.RECEIVE, this.row, { descriptor: this.#descriptor, group: GROUP });
  }

  protected onReadingChanged(): void {
    if (this.isReading) {
      this.#beginReceiving();
    } else if (this.#receiving === Receiving.ON) {
      this.#receiving = Receiving.CANCELLED;
      this.#sockets.ring.prepareCancel(Kind.RECEIVE, this.row);
    }
  }

  // Replies

  flush(): boolean {
    const { output } = this.worker;
    const { room } = this.#sockets;
    const count = output.waiting;
    if (this.#replyBytes !== 0 || this.isBlocked || this.isBroken || !room.takes(count)) {
      return this.#flushNow(count);
    }
    if (count > 0) this.#queue(room.keep(), count);
    return true;
  }

  #queue(at: number, count: number): void {
    const { ring, room } = this.#sockets;
    const address = room.addressOf(at);
    // First of all, because it may have to make room for itself, and then asks for what is queued.
    this.#replySubmission = ring.prepareQuietSend(Kind.REPLY, this.row, this.#descriptor, address, count);
    this.#replyAt = at;
    this.#replyBytes = count;
    this.#replyResult = count;
    this.#sockets.noteQueued(this.row);
  }

  #flushNow(count: number): boolean {
    const { output } = this.worker;
    this.sendQueued();
    if (count > 0 && !this.isBroken) {
      this.#send(this.#sockets.room.outputAddress, output.bytes.subarray(output.start, output.at));
    }
    output.clear();
    return !this.isBlocked && !this.isBroken;
  }

  /** By a plain call; what it does not take joins the backlog. */
  #send(address: number, bytes: Uint8Array): void {
    const { libc } = this.#sockets;
    const count = bytes.length;
    const sent = this.isBlocked ? 0 : libc.send(this.#descriptor, address, count, REPLY_FLAGS);
    if (sent > 0) this.worker.counters[ServerCounter.BYTES_WRITTEN] += sent;
    if (sent === count) return;
    const errno = sent < 0 ? libc.errno() : EAGAIN;
    if (errno !== EAGAIN && errno !== EINTR) {
      this.onBroken();
      return;
    }
    this.#keep(bytes.subarray(Math.max(sent, 0)));
    if (!this.isBlocked) this.onBlocked();
    this.#sendBacklog();
  }

  /** The kernel has it already only while replies are being settled: then there is nothing left to do here. */
  override sendQueued(): void {
    const count = this.#replyBytes;
    const { ring, room } = this.#sockets;
    if (count === 0 || !ring.isWaiting(this.#replySubmission)) return;
    ring.withdraw(this.#replySubmission);
    this.#replyBytes = 0;
    this.#send(room.addressOf(this.#replyAt), room.bytesOf(this.#replyAt, 0, count));
  }

  /** Of the reply that has been handed over only so many bytes were taken; −errno: none. To be told before `settleReply`. */
  noteCut(result: number): void {
    this.#replyResult = result;
  }

  /** The kernel has been entered. False: it has not taken the queued reply over. */
  settleReply(): boolean {
    const count = this.#replyBytes;
    if (count === 0) return true;
    if (this.#sockets.ring.isWaiting(this.#replySubmission)) return false;
    this.#replyBytes = 0;
    const result = this.#replyResult;
    if (result > 0) this.worker.counters[ServerCounter.BYTES_WRITTEN] += result;
    if (result !== count) this.#onReplyCut(result, count);
    return true;
  }

  #onReplyCut(result: number, count: number): void {
    if (result < 0 && result !== -EAGAIN && result !== -EINTR) {
      this.close(CloseReason.ERROR);
      return;
    }
    this.#keep(this.#sockets.room.bytesOf(this.#replyAt, Math.max(result, 0), count));
    this.onBlockedBetweenRuns();
    this.#sendBacklog();
  }

  // Backlog

  #keep(rest: Uint8Array): void {
    const behind = new Uint8Array(this.#behind.length + rest.length);
    behind.set(this.#behind);
    behind.set(rest, this.#behind.length);
    this.#behind = behind;
  }

  /** Has the kernel send what waits, unless it does. */
  #sendBacklog(): void {
    if (this.#isBacklogUnderWay || this.isClosed) return;
    if (this.#backlog === null) {
      if (this.#behind.length === 0) {
        this.onDrained();
        return;
      }
      // Over an ArrayBuffer of its own, because V8 moves small typed arrays that have none.
      this.#backlog = new Uint8Array(new ArrayBuffer(this.#behind.length));
      this.#backlog.set(this.#behind);
      this.#backlogSent = 0;
      this.#behind = NOTHING;
    }
    const { libc, ring } = this.#sockets;
    const address = libc.addressOf(this.#backlog) + this.#backlogSent;
    const rest = this.#backlog.length - this.#backlogSent;
    this.#isBacklogUnderWay = true;
    ring.prepareSend(Kind.BACKLOG, this.row, this.#descriptor, address, rest, MSG_NOSIGNAL);
  }

  #onBacklogSent(result: number): void {
    this.#isBacklogUnderWay = false;
    if (this.isClosed) this.#leave();
    else if (result < 0 && result !== -EAGAIN && result !== -EINTR) this.close(CloseReason.ERROR);
    else this.#onBacklogShorter(Math.max(result, 0));
  }

  #onBacklogShorter(sent: number): void {
    this.worker.counters[ServerCounter.BYTES_WRITTEN] += sent;
    if (sent > 0) this.blockedSinceMs = performance.now();
    this.#backlogSent += sent;
    if (this.#backlogSent === this.#backlog!.length) this.#backlog = null;
    this.#sendBacklog();
  }

  /** Every piece that the kernel took was noted when it happened. */
  noteProgress(): void {}

  // The end

  protected disconnect(): void {
    this.sendQueued();
    if (this.#isUnderWay) this.#sockets.libc.shutdown(this.#descriptor, SHUT_RDWR);
    this.#leave();
  }

  get #isUnderWay(): boolean {
    return this.#receiving !== Receiving.OFF || this.#isBacklogUnderWay;
  }

  /** Gives descriptor and row back once nothing in the kernel names them. */
  #leave(): void {
    if (this.#isUnderWay) return;
    this.#sockets.libc.close(this.#descriptor);
    this.#sockets.forget(this.row);
    this.owner.release(this.row);
  }
}

/** Buffers come back, reading is turned on again, and an interruption is none of the client's doing. */
const MAY_GO_ON: readonly number[] = [ENOBUFS, ECANCELED, EINTR, EAGAIN];
