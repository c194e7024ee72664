/**
 * A connection on the epoll transport: a non-blocking descriptor, and the backlog of what it did not take.
 *
 * epoll reports either input or room to send, never both: with a backlog nothing is read. The backlog is copied out of the
 * shared output buffer, because the next connection needs that; it is rare, and the only thing here that allocates.
 */
import { ConnectionState, type Endpoint } from '../connection-table.js';
import { INPUT_BYTES } from '../input-memory.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason } from '../worker-context.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { EpollSet } from './epoll-set.js';
import { EAGAIN, EINTR, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, type Libc, MSG_NOSIGNAL } from './libc.js';
import type { TransportParts } from './transport.js';

/** What a connection needs of its loop. */
export interface EpollSockets {
  readonly libc: Libc;
  readonly epoll: EpollSet;
  /** Where worker.input begins. */
  readonly inputAddress: number;
  /** Sends output[0..count); answers how many bytes the kernel took, or −1 and errno. */
  sendOutput(descriptor: number, count: number): number;
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

  get #isMidBlock(): boolean {
    if (this.isClosed || this.isQueued || this.#mask !== WATCHES_INPUT) return false;
    return this.worker.connections.state(this.row) === ConnectionState.NREAD;
  }

  override takeTurn(): void {
    super.takeTurn();
    if (this.#hasLeft) this.#askAgain();
  }

  /** Has epoll report what was left. With reading off, or another turn to take first, whatever ends that asks. */
  #askAgain(): void {
    if (this.isClosed || this.isQueued || this.#mask !== WATCHES_INPUT) return;
    this.#hasLeft = false;
    this.#sockets.epoll.change(this.#descriptor, this.row, WATCHES_INPUT);
  }

  #onNothingReceived(count: number): void {
    if (count === 0) {
      this.close(CloseReason.NORMAL);
      return;
    }
    const errno = this.#sockets.libc.errno();
    if (errno === EINTR) this.#askAgain();
    else if (errno !== EAGAIN) this.close(CloseReason.ERROR);
  }

  flush(): boolean {
    const { output } = this.worker;
    const count = output.waiting;
    if (count === 0 || this.isBroken) {
      output.clear();
      return !this.isBlocked && !this.isBroken;
    }
    const sent = this.isBlocked ? 0 : this.#sockets.sendOutput(this.#descriptor, count);
    if (sent > 0) this.worker.counters[ServerCounter.BYTES_WRITTEN] += sent;
    const isSent = sent === count || this.#onPartlySent(sent, count);
    output.clear();
    return isSent;
  }

  /** False: what was not sent waits in the backlog, or the socket is broken. */
  #onPartlySent(sent: number, count: number): boolean {
    const errno = sent < 0 ? this.#sockets.libc.errno() : EAGAIN;
    if (errno === EAGAIN || errno === EINTR) this.#keep(this.worker.output.bytes.subarray(Math.max(sent, 0), count));
    else this.onBroken();
    return false;
  }

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
    this.#sockets.libc.close(this.#descriptor);
    this.owner.release(this.row);
  }
}
