/**
 * The io_uring transport: one loop a worker around one call that hands the kernel all replies of a turn and brings back what it
 * received meanwhile. Linux 6.1 and later, where it is allowed; self-test.ts finds out.
 *
 * Only what happens for every request goes through the ring. Listening sockets and the eventfd stay in an epoll, as on the epoll
 * transport, and the ring watches that. Like there the loop never returns to Node.js's event loop until an order ends it, and
 * looks around once a second while there is something to look at, which a timeout in the ring sees to. Memory that the kernel reads or writes lives until its
 * operations have completed, which is why the loop goes on for a moment after everything is closed.
 */

import { Acceptor } from '../acceptor.js';
import { EpollSet, WAIT_AT_REST_MS, WAIT_MAX_MS, WAKE_ROW } from '../epoll-set.js';
import { EPOLLIN, type Libc } from '../libc.js';
import { ReplyRoom } from '../reply-room.js';
import { Roster } from '../roster.js';
import type { NativeParts, Transport } from '../transport.js';
import { InputBuffers } from './input-buffers.js';
import { NO_KIND, Ring } from './ring.js';
import { Kind, UringConnection, type UringSockets } from './uring-connection.js';

/** Operations prepared in one turn; more are handed over in between. */
export const SUBMISSIONS = 1024;
/** Far more than a turn brings; what finds no room is kept by the kernel. */
export const COMPLETIONS = 4096;

/** Kinds of the loop's own operations, beside those of connections. */
const LoopKind = { EPOLL: 10, TICK: 11 } as const;
const NO_ROW = 0;
const DRAIN_TICK_MS = 20;
/** For the kernel to complete what closing has ended. */
const LEAVE_BOUND_MS = 500;

export class UringTransport implements Transport, UringSockets {
  readonly libc: Libc;
  readonly ring: Ring;
  readonly buffers: InputBuffers;
  readonly room: ReplyRoom;
  readonly #parts: NativeParts;
  readonly #roster: Roster;
  readonly #epoll: EpollSet;
  readonly #epollTarget: { readonly descriptor: number; readonly events: number };
  readonly #acceptor: Acceptor;
  /** By row, until the kernel has completed everything: longer than in the roster. */
  readonly #connections: (UringConnection | null)[] = [];
  #left = 0;
  /** Rows that have queued a reply since the kernel was entered, some perhaps twice. */
  readonly #queued = new Int32Array(SUBMISSIONS);
  #queuedCount = 0;
  #isWoken = true;
  #lookedAroundAt = 0;
  /** Something but the tick has completed since it looked around last. */
  #isBusy = true;
  /** Nothing had, and looking around found nothing to wait for: the tick under way is a long one. */
  #isAtRest = false;
  #isServing = true;
  /** When a graceful stop becomes impatient (performance.now), 0 while nobody wants to stop. */
  #drainUntilMs = 0;
  #hasHeardOut = false;

  constructor(parts: NativeParts) {
    const { libc, worker } = parts;
    this.#parts = parts;
    this.libc = libc;
    this.#roster = new Roster(parts);
    const withdrawQuiet = () => this.#sendQueued();
    this.ring = new Ring(libc, { submissions: SUBMISSIONS, completions: COMPLETIONS, withdrawQuiet });
    this.buffers = new InputBuffers(libc, this.ring, worker.input);
    this.room = new ReplyRoom(libc, worker.output);
    this.#epoll = new EpollSet(libc, parts.wakeDescriptor);
    this.#epollTarget = { descriptor: this.#epoll.descriptor, events: EPOLLIN };
    this.#acceptor = new Acceptor({ ...parts, epoll: this.#epoll });
    this.#watchEpoll();
    this.#planTick();
  }

  serve(): Promise<void> {
    const { store } = this.#parts.worker;
    while (this.#isServing) {
      this.#turn();
      if (this.#roster.hasQueued) this.#roster.runQueued();
      if (this.#isWoken) this.#onWake();
      const now = store.now();
      if (now !== this.#lookedAroundAt) this.#lookAround(now);
      if (this.#drainUntilMs !== 0) this.#drain();
    }
    this.#leave();
    return Promise.resolve();
  }

  noteQueued(row: number): void {
    this.#queued[this.#queuedCount++] = row;
  }

  forget(row: number): void {
    this.#connections[row] = null;
    this.#left--;
  }

  /** Into the kernel and back, waiting if nobody waits for a turn, then through all that has completed. */
  #turn(): void {
    const { ring } = this;
    ring.enter(this.#roster.hasQueued || this.#isWoken ? 0 : 1);
    const end = ring.end;
    if (this.#queuedCount !== 0) this.#settleReplies(end);
    this.room.restart();
    for (let at = ring.first; at !== end; at = (at + 1) | 0) {
      const connection = this.#connections[ring.rowOf(at)];
      const kind = ring.kindOf(at);
      if (kind !== LoopKind.TICK) this.#isBusy = true;
      if (kind >= LoopKind.EPOLL) this.#onOwnCompletion(kind);
      else if (kind !== NO_KIND && kind !== Kind.REPLY)
        connection!.onCompletion(kind, ring.resultOf(at), ring.flagsOf(at));
    }
    ring.release(end);
    this.buffers.publish();
    if (this.#isAtRest && this.#isBusy) this.#leaveRest();
  }

  /** First of all, because what was received behind a reply that was cut must find its connection blocked. */
  #settleReplies(end: number): void {
    const { ring } = this;
    for (let at = ring.first; at !== end; at = (at + 1) | 0) {
      if (ring.kindOf(at) === Kind.REPLY) this.#connections[ring.rowOf(at)]?.noteCut(ring.resultOf(at));
    }
    const count = this.#queuedCount;
    let areAllTaken = true;
    for (let i = 0; i < count; i++) {
      if (this.#connections[this.#queued[i]]?.settleReply() === false) areAllTaken = false;
    }
    if (areAllTaken) this.#queuedCount = 0;
    else this.#sendQueued();
  }

  /** By plain calls instead. */
  #sendQueued(): void {
    for (let i = 0; i < this.#queuedCount; i++) this.#connections[this.#queued[i]]?.sendQueued();
    this.#queuedCount = 0;
  }

  #onOwnCompletion(kind: number): void {
    if (kind === LoopKind.TICK) {
      this.#planTick();
      return;
    }
    const count = this.#epoll.wait(0);
    for (let event = 0; event < count; event++) {
      const row = this.#epoll.rowOf(event);
      if (row === WAKE_ROW) this.#isWoken = true;
      else this.#acceptor.onReadable(row);
    }
    this.#watchEpoll();
  }

  /** Once each time, so that what is left of it is reported again. */
  #watchEpoll(): void {
    this.ring.preparePoll(LoopKind.EPOLL, NO_ROW, this.#epollTarget);
  }

  #planTick(): void {
    const pauseMs = this.#isAtRest ? WAIT_AT_REST_MS : WAIT_MAX_MS;
    this.ring.prepareTimeout(LoopKind.TICK, NO_ROW, this.#drainUntilMs === 0 ? pauseMs : DRAIN_TICK_MS);
  }

  /** The long tick completes as cancelled, and a short one follows it. */
  #leaveRest(): void {
    this.#isAtRest = false;
    this.ring.prepareCancel(LoopKind.TICK, NO_ROW);
  }

  #onWake(): void {
    const { wakeups, worker } = this.#parts;
    this.#isWoken = false;
    this.#epoll.clearWake();
    wakeups.takeWake(worker.id);
    this.#adoptDealt();
    this.#acceptor.retry();
    this.#roster.pumpReady();
    for (let order = this.#parts.nextOrder(); order !== undefined; order = this.#parts.nextOrder()) {
      this.#acceptor.close();
      if (order.kind === 'destroy') this.#isServing = false;
      else if (this.#drainUntilMs === 0) this.#beginDrain(order.boundMs);
    }
  }

  #adoptDealt(): void {
    const { dealing, worker, table } = this.#parts;
    for (const row of dealing.take(worker.id)) {
      // Filled from the front, so that the array never has holes and stays a plain one.
      while (this.#connections.length <= row) this.#connections.push(null);
      const opening = { row, peer: table.peer(row), descriptor: table.descriptor(row) };
      this.#connections[row] = new UringConnection(this.#parts, this.#roster, this, opening);
      this.#left++;
    }
  }

  #lookAround(now: number): void {
    this.#lookedAroundAt = now;
    const isWatching = this.#roster.kickIdleAndSlow(now);
    this.#acceptor.retry();
    this.#isAtRest = !this.#isBusy && !isWatching && this.#parts.worker.settings.acceptingConnections;
    this.#isBusy = false;
  }

  // The end

  #beginDrain(boundMs: number): void {
    this.#drainUntilMs = performance.now() + boundMs;
    this.#planTick();
  }

  /** After a last turn, whoever is at rest has nothing in flight. */
  #drain(): void {
    if (this.#hasHeardOut) this.#roster.closeResting();
    this.#hasHeardOut = true;
    if (this.#roster.count === 0 || performance.now() > this.#drainUntilMs) this.#isServing = false;
  }

  #leave(): void {
    this.#roster.closeAll();
    const untilMs = performance.now() + LEAVE_BOUND_MS;
    this.#drainUntilMs = untilMs;
    this.#planTick();
    while (this.#left > 0 && performance.now() < untilMs) this.#turn();
    // What has not completed may still be written to: then the buffers stay for as long as the process.
    if (this.#left === 0) this.buffers.close();
    this.#epoll.close();
    this.ring.close();
  }
}
