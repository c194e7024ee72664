/**
 * A connection on the epoll transport: a non-blocking descriptor, the reply that waits for the end of the turn, and the backlog of what the
 * descriptor did not take.
 *
 * epoll reports either input or room to send, never both: with a backlog nothing is read. The backlog is copied out of the
 * shared output buffer, because the next connection needs that; it is rare, and the only thing here that allocates. Whoever needs to
 * know at once whether a reply was taken (a second reply, a yield, the end) sends it before the turn ends.
 */
import { ConnectionState, type Endpoint } from '../connection-table.js';
import { INPUT_BYTES, RING_BUFFER_BYTES } from '../input-memory.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason } from '../worker-context.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { EpollSet } from './epoll-set.js';
import { EAGAIN, EINTR, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, type Libc, MSG_NOSIGNAL } from './libc.js';
import type { ReplyRoom } from './reply-room.js';
import type { TransportParts } from './transport.js';

/** The replies of a turn, sent at its end. */
export interface TurnReplies {
  readonly room: ReplyRoom;
  /** A reply of the connection lies in the room: `sendReply` is due. */
  noteQueued(connection: EpollConnection): void;
}

/** What a connection needs of its loop. */
export interface EpollSockets {
  readonly libc: Libc;
  readonly epoll: EpollSet;
  readonly turn: TurnReplies;
  /** Where worker.input begins. */
  readonly inputAddress: number;
}

/**
 * Input, and the client's end of it, each reported once: the kernel then need not look at a descriptor a second time to find that all was
 * received, which saves 3 % of a lone get. What one receive leaves behind has to be asked for (`#hasLeft`).
 */
export const WATCHES_INPUT = EPOLLIN | EPOLLRDHUP | EPOLLET;

/**
 * Pieces of one data block received without asking epoll in between, which takes two system calls a piece: 512 KiB of the value, then it is
 * everybody else's turn.
 */
const BLOCK_PIECES_MAX = 8;

const NOTHING = new Uint8Array(0);

export class EpollConnection extends Connection {
  readonly #sockets: EpollSockets;
  readonly #descriptor: number;
  #backlog: Uint8Array | null = null;
  #backlogAddress = 0;
  #backlogSent = 0;
  /** What epoll reports now. */
  #mask: number = WATCHES_INPUT;
  /** Something was reported that has not been received. */
  #hasLeft = false;
  /** Bytes of the reply that waits for the end of the turn, 0 for none; where it is in the output. */
  #replyBytes = 0;
  #replyAt = 0;

  constructor(
    parts: TransportParts,
    owner: ConnectionOwner,
    sockets: EpollSockets,
    opening: { row: number; peer: Endpoint; descriptor: number },
  ) {
    super(parts, owner, opening);
    this.#sockets = sockets;
    this.#descriptor = opening.descriptor;
  }

  // Input

  /** What has come may be received into any buffer: nothing is under way that it would have to be put behind. */
  get receivesApart(): boolean {
    return this.#takesInputNow && this.session.isBetweenCommands;
  }

  /** Receives into the ring buffer at `address`; answers how many bytes, to be served by `serve`. None: there is nothing more to do. */
  receiveApart(address: number): number {
    const count = this.#sockets.libc.recv(this.#descriptor, address, RING_BUFFER_BYTES, 0);
    if (count <= 0) this.#onNothingReceived(count);
    return count;
  }

  /** Serves worker.input[start..start + count), and what may be behind it or behind the client's end of the connection. */
  serve(start: number, count: number, events: number): void {
    this.worker.counters[ServerCounter.BYTES_READ] += count;
    this.#hasLeft = count === RING_BUFFER_BYTES || events !== EPOLLIN;
    this.settle(this.session.run(start + count, start));
    if (this.#hasLeft && this.#takesInputNow) this.#receive(events);
  }

  /** epoll reports the descriptor. With reading off and no backlog that is the end of the connection, which epoll always reports. */
  onEvent(events: number): void {
    if (this.isBlocked) this.#sendBacklog();
    else if (this.isQueued) this.#hasLeft = true;
    else if (this.isReading) this.#receive(events);
    else this.close(CloseReason.ERROR);
  }

  #receive(events: number): void {
    for (let pieces = BLOCK_PIECES_MAX; pieces > 0 && this.#receivePiece(events); pieces--);
    if (this.#hasLeft) this.#askAgain();
  }

  /** True: more of the data block under way may be there already. */
  #receivePiece(events: number): boolean {
    const { session, worker } = this;
    const { libc, inputAddress } = this.#sockets;
    const held = session.hold();
    const room = INPUT_BYTES - held;
    // The sum would be a new box, also when nothing is added.
    const address = held === 0 ? inputAddress : inputAddress + held;
    const count = libc.recv(this.#descriptor, address, room, 0);
    if (count > 0) {
      worker.counters[ServerCounter.BYTES_READ] += count;
      // Behind what fills the room there may be more, and behind the last bytes comes the end.
      this.#hasLeft = count === room || events !== EPOLLIN;
      this.settle(session.run(held + count));
      return this.#hasLeft && this.#isMidBlock;
    }
    this.#hasLeft = false;
    this.#onNothingReceived(count);
    return false;
  }

  /** Neither closed nor waiting for its turn, and epoll is to report input: no backlog, reading on. */
  get #takesInputNow(): boolean {
    return !this.isClosed && !this.isQueued && this.#mask === WATCHES_INPUT;
  }

  get #isMidBlock(): boolean {
    return this.#takesInputNow && this.worker.connections.state(this.row) === ConnectionState.NREAD;
  }

  override takeTurn(): void {
    super.takeTurn();
    if (this.#hasLeft) this.#askAgain();
  }

  /** Has epoll report what was left. With reading off, or another turn to take first, whatever ends that asks. */
  #askAgain(): void {
    if (!this.#takesInputNow) return;
    this.#hasLeft = false;
    this.#sockets.epoll.change(this.#descriptor, this.row, WATCHES_INPUT);
  }

  #onNothingReceived(count: number): void {
    if (count === 0) {
      this.#onEnd();
      return;
    }
    const errno = this.#sockets.libc.errno();
    if (errno === EINTR) this.#askAgain();
    else if (errno !== EAGAIN) this.close(CloseReason.ERROR);
  }

  /** The client sends no more. A reply that is only queued may turn into a backlog, which has to drain first; then the end is reported again. */
  #onEnd(): void {
    this.sendReply();
    if (!this.isClosed && !this.isBlocked) this.close(CloseReason.NORMAL);
  }

  // Replies

  flush(): boolean {
    const { turn } = this.#sockets;
    const count = this.worker.output.waiting;
    if (this.#replyBytes !== 0 || this.isBlocked || this.isBroken || !turn.room.takes(count)) return this.#flushNow();
    if (count > 0) {
      this.#replyAt = turn.room.keep();
      this.#replyBytes = count;
      turn.noteQueued(this);
    }
    return true;
  }

  #flushNow(): boolean {
    const { output } = this.worker;
    this.sendQueued();
    const { waiting } = output;
    if (waiting > 0 && !this.isBroken) this.#send(this.#sockets.turn.room.outputAddress, output.start, waiting);
    output.clear();
    return !this.isBlocked && !this.isBroken;
  }

  override sendQueued(): void {
    const count = this.#replyBytes;
    if (count === 0) return;
    this.#replyBytes = 0;
    this.#send(this.#sockets.turn.room.addressOf(this.#replyAt), this.#replyAt, count);
  }

  /** The turn ends: sends the reply that waits, if one does. */
  sendReply(): void {
    if (this.#replyBytes === 0) return;
    this.sendQueued();
    if (this.isBroken) this.close(CloseReason.ERROR);
    else if (this.isBlocked) this.onBlockedBetweenRuns();
  }

  /** output[at..at + count) lies at `address`. What the descriptor does not take joins the backlog. */
  #send(address: number, at: number, count: number): void {
    const { libc } = this.#sockets;
    const sent = this.isBlocked ? 0 : libc.send(this.#descriptor, address, count, MSG_NOSIGNAL);
    if (sent > 0) this.worker.counters[ServerCounter.BYTES_WRITTEN] += sent;
    if (sent === count) return;
    const errno = sent < 0 ? libc.errno() : EAGAIN;
    if (errno === EAGAIN || errno === EINTR)
      this.#keep(this.worker.output.bytes.subarray(at + Math.max(sent, 0), at + count));
    else this.onBroken();
  }

  // Backlog

  /** Puts bytes at the end of the backlog. */
  #keep(rest: Uint8Array): void {
    const waiting = this.#backlog?.subarray(this.#backlogSent) ?? NOTHING;
    // Over an ArrayBuffer of its own, because V8 moves small typed arrays that have none.
    const backlog = new Uint8Array(new ArrayBuffer(waiting.length + rest.length));
    backlog.set(waiting);
    backlog.set(rest, waiting.length);
    this.#backlog = backlog;
    this.#backlogAddress = this.#sockets.libc.addressOf(backlog);
    this.#backlogSent = 0;
    this.onBlocked();
    this.#updateMask();
  }

  #sendBacklog(): void {
    const { libc } = this.#sockets;
    const backlog = this.#backlog!;
    const rest = backlog.length - this.#backlogSent;
    const sent = libc.send(this.#descriptor, this.#backlogAddress + this.#backlogSent, rest, MSG_NOSIGNAL);
    if (sent < 0) {
      const errno = libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) this.close(CloseReason.ERROR);
      return;
    }
    this.worker.counters[ServerCounter.BYTES_WRITTEN] += sent;
    this.#backlogSent += sent;
    this.blockedSinceMs = performance.now();
    if (sent < rest) return;
    this.#backlog = null;
    this.onDrained();
    this.#updateMask();
  }

  protected onReadingChanged(): void {
    this.#updateMask();
  }

  #updateMask(): void {
    const mask = this.isBlocked ? EPOLLOUT : this.isReading ? WATCHES_INPUT : 0;
    if (mask === this.#mask || this.isClosed) return;
    this.#mask = mask;
    this.#hasLeft = false;
    this.#sockets.epoll.change(this.#descriptor, this.row, mask);
  }

  /** The kernel holds back what is not received. */
  protected feedHeldBack(): void {}

  /** Every write that the kernel took was noted when it happened. */
  noteProgress(): void {}

  protected disconnect(): void {
    this.sendQueued();
    this.#sockets.libc.close(this.#descriptor);
    this.owner.release(this.row);
  }
}
