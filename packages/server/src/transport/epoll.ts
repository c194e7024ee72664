/**
 * The epoll transport: one blocking loop a worker over libc's epoll_wait, recv and send, through koffi. Linux only.
 *
 * The loop never returns to Node.js's event loop until an order ends it, so nothing here may await, log or set a timer: the
 * worker is woken through its eventfd and looks around once a second by itself. In the common case a request costs one recv
 * and one send, and an event allocates nothing; epoll is level-triggered and waits for room to send only while a connection
 * has a backlog. A backlog is what one flush left over, at most one full output.
 */
import type { Dealing } from '../dealing.js';
import { CloseReason } from '../worker-context.js';
import { Acceptor } from './acceptor.js';
import { EpollConnection, type EpollSockets } from './epoll-connection.js';
import {
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
  EPOLLIN,
  type Libc,
  MSG_NOSIGNAL,
  type NativeMemory,
  SystemCallError,
} from './libc.js';
import { ACCEPTING_WORKER, Roster } from './roster.js';
import type { Listener, Transport, TransportParts } from './transport.js';

export interface EpollParts extends TransportParts {
  readonly libc: Libc;
  readonly dealing: Dealing;
  /** The eventfd that Wakeups writes for this worker. */
  readonly wakeDescriptor: number;
  /** Only the accepting worker's list has entries. */
  readonly listeners: readonly Listener[];
}

/** Events taken from the kernel at a time. */
const EVENTS_MAX = 256;
/** An unbounded wait would keep process.exit from ending the thread. */
const WAIT_MAX_MS = 1000;
const DRAIN_WAIT_MS = 20;
/** Stands in the event of the eventfd where others have a connection's row. */
const WAKE_ROW = -1;
const EVENTFD_BYTES = 8;

export class EpollTransport implements Transport, EpollSockets {
  readonly libc: Libc;
  readonly inputAddress: number;
  readonly #parts: EpollParts;
  readonly #roster: Roster;
  readonly #epoll: number;
  readonly #acceptor: Acceptor;
  readonly #events: NativeMemory;
  /** One epoll_event, for epoll_ctl; the eventfd is read into it too. */
  readonly #event: NativeMemory;
  #outputBytes: Uint8Array;
  #outputAddress: number;
  #isWoken = true;
  #lookedAroundAt = 0;
  #isServing = true;
  /** When a graceful stop becomes impatient (performance.now), 0 while nobody wants to stop. */
  #drainUntilMs = 0;
  #hasHeardOut = false;

  constructor(parts: EpollParts) {
    const { libc, worker } = parts;
    this.#parts = parts;
    this.libc = libc;
    this.#roster = new Roster(parts);
    this.inputAddress = libc.addressOf(worker.input);
    this.#outputBytes = worker.output.bytes;
    this.#outputAddress = libc.addressOf(this.#outputBytes);
    this.#events = libc.allocate(EVENTS_MAX * EPOLL_EVENT_BYTES);
    this.#event = libc.allocate(EPOLL_EVENT_BYTES);
    this.#epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw new SystemCallError('make an epoll', libc.errno());
    this.#watchOwn(parts.wakeDescriptor, WAKE_ROW);
    for (const { descriptor, row } of parts.listeners) this.#watchOwn(descriptor, row);
    this.#acceptor = new Acceptor({
      ...parts,
      setEvents: ({ descriptor, row }, isOn) => {
        this.watch(descriptor, row, isOn ? EPOLLIN : 0, EPOLL_CTL_MOD);
      },
    });
  }

  serve(): Promise<void> {
    while (this.#isServing) {
      const count = this.libc.epollWait(this.#epoll, this.#events.address, EVENTS_MAX, this.#waitMs());
      if (count < 0) this.#checkWait();
      for (let i = 0; i < count; i++) this.#dispatch(i * EPOLL_EVENT_BYTES);
      if (this.#roster.hasQueued) this.#roster.runQueued();
      if (this.#isWoken) this.#onWake();
      const now = this.#parts.worker.store.now();
      if (now !== this.#lookedAroundAt) this.#lookAround(now);
      if (this.#drainUntilMs !== 0) this.#drain();
    }
    this.#roster.closeAll();
    this.libc.close(this.#epoll);
    return Promise.resolve();
  }

  sendOutput(descriptor: number, count: number): number {
    const { output } = this.#parts.worker;
    if (output.bytes !== this.#outputBytes) this.#findOutput();
    return this.libc.send(descriptor, this.#outputAddress, count, MSG_NOSIGNAL);
  }

  watch(descriptor: number, row: number, events: number, operation: number): boolean {
    const { view, address } = this.#event;
    view.setUint32(0, events, true);
    view.setInt32(EPOLL_DATA_OFFSET, row, true);
    return this.libc.epollControl(this.#epoll, operation, descriptor, address) === 0;
  }

  #watchOwn(descriptor: number, row: number): void {
    if (this.watch(descriptor, row, EPOLLIN, EPOLL_CTL_ADD)) return;
    throw new SystemCallError('watch a descriptor', this.libc.errno());
  }

  #dispatch(at: number): void {
    const row = this.#events.view.getInt32(at + EPOLL_DATA_OFFSET, true);
    const connection = row < 0 ? null : this.#roster.byRow[row];
    if (connection !== null && connection !== undefined) (connection as EpollConnection).onEvent();
    else if (row === WAKE_ROW) this.#isWoken = true;
    else if (this.#acceptor.isListener(row)) this.#acceptor.onReadable(row);
  }

  #waitMs(): number {
    if (this.#roster.hasQueued) return 0;
    return this.#drainUntilMs === 0 ? WAIT_MAX_MS : DRAIN_WAIT_MS;
  }

  #checkWait(): void {
    const errno = this.libc.errno();
    if (errno !== EINTR) throw new SystemCallError('wait for events', errno);
  }

  #onWake(): void {
    const { wakeups, worker, wakeDescriptor } = this.#parts;
    this.#isWoken = false;
    this.libc.read(wakeDescriptor, this.#event.address, EVENTFD_BYTES);
    wakeups.takeWake(worker.id);
    this.#adoptDealt();
    if (worker.id === ACCEPTING_WORKER) this.#acceptor.retry();
    this.#roster.pumpReady();
    for (let order = this.#parts.nextOrder(); order !== undefined; order = this.#parts.nextOrder()) {
      this.#acceptor.close();
      if (order.kind === 'destroy') this.#isServing = false;
      else if (this.#drainUntilMs === 0) this.#drainUntilMs = performance.now() + order.boundMs;
    }
  }

  #adoptDealt(): void {
    const { dealing, worker, table } = this.#parts;
    for (const row of dealing.take(worker.id)) {
      const descriptor = table.descriptor(row);
      const connection = new EpollConnection(this.#parts, this.#roster, this, {
        row,
        peer: table.peer(row),
        descriptor,
      });
      // Refused by the kernel's limits: costs this connection, and no other.
      if (!this.watch(descriptor, row, EPOLLIN, EPOLL_CTL_ADD)) connection.close(CloseReason.ERROR);
    }
  }

  #lookAround(now: number): void {
    this.#lookedAroundAt = now;
    this.#roster.kickIdleAndSlow(now);
    if (this.#parts.worker.id === ACCEPTING_WORKER) this.#acceptor.retry();
  }

  /** After a last round of events, whoever is at rest has nothing in flight. */
  #drain(): void {
    if (this.#hasHeardOut) this.#roster.closeResting();
    this.#hasHeardOut = true;
    if (this.#roster.count === 0 || performance.now() > this.#drainUntilMs) this.#isServing = false;
  }

  /** The output has grown into another buffer. */
  #findOutput(): void {
    this.#outputBytes = this.#parts.worker.output.bytes;
    this.#outputAddress = this.libc.addressOf(this.#outputBytes);
  }
}
