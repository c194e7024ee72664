/**
 * One epoll of the kernel, and the eventfd that ends a wait in it. Used by the transports on epoll and io_uring and by the accepting thread.
 *
 * An event carries the connection-table row that its descriptor was watched with. Waiting and reading rows allocates nothing.
 */
import {
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
  EPOLLIN,
  type Libc,
  type NativeMemory,
  SystemCallError,
} from './libc.js';

/** Events taken from the kernel at a time. */
const EVENTS_MAX = 256;
const EVENTFD_BYTES = 8;

/** The row of the eventfd's event. */
export const WAKE_ROW = -1;
/** Of a thread that has something to look at once a second. */
export const WAIT_MAX_MS = 1000;
/** Of one that has not. Workers are woken when the process exits; who ends the thread in another way waits for it. */
export const WAIT_AT_REST_MS = 10_000;

export class EpollSet {
  /** The epoll's own, which is readable while an event waits. */
  readonly descriptor: number;
  readonly #libc: Libc;
  readonly #wakeDescriptor: number;
  readonly #events: NativeMemory;
  /** One event for epoll_ctl; the eventfd is read into it too. */
  readonly #event: NativeMemory;

  constructor(libc: Libc, wakeDescriptor: number) {
    this.#libc = libc;
    this.#wakeDescriptor = wakeDescriptor;
    this.#events = libc.allocate(EVENTS_MAX * EPOLL_EVENT_BYTES);
    this.#event = libc.allocate(EPOLL_EVENT_BYTES);
    this.descriptor = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.descriptor < 0) throw new SystemCallError('make an epoll', libc.errno());
    this.addOwn(wakeDescriptor, WAKE_ROW);
  }

  /** Waits; answers how many events there are: `rowOf` and `eventsOf` each. */
  wait(timeoutMs: number): number {
    const count = this.#libc.epollWait(this.descriptor, this.#events.address, EVENTS_MAX, timeoutMs);
    return count >= 0 ? count : this.#onFailedWait();
  }

  rowOf(event: number): number {
    return this.#events.view.getInt32(event * EPOLL_EVENT_BYTES + EPOLL_DATA_OFFSET, true);
  }

  /** EPOLLIN and its like. */
  eventsOf(event: number): number {
    return this.#events.view.getUint32(event * EPOLL_EVENT_BYTES, true);
  }

  /** Watches a client's descriptor; false if the kernel's limits forbid it. */
  add(descriptor: number, row: number, events: number): boolean {
    return this.#control(EPOLL_CTL_ADD, descriptor, row, events);
  }

  /** Watches a descriptor without which the thread cannot do its work, for input. */
  addOwn(descriptor: number, row: number): void {
    if (!this.add(descriptor, row, EPOLLIN)) throw new SystemCallError('watch a descriptor', this.#libc.errno());
  }

  /** Sets what is reported of a descriptor. What is there already is reported anew, also if it was reported before. */
  change(descriptor: number, row: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, descriptor, row, events);
  }

  /** After the eventfd's event: the next wake is a new one. */
  clearWake(): void {
    this.#libc.read(this.#wakeDescriptor, this.#event.address, EVENTFD_BYTES);
  }

  close(): void {
    this.#libc.close(this.descriptor);
  }

  #control(operation: number, descriptor: number, row: number, events: number): boolean {
    const { view, address } = this.#event;
    view.setUint32(0, events, true);
    view.setInt32(EPOLL_DATA_OFFSET, row, true);
    return this.#libc.epollControl(this.descriptor, operation, descriptor, address) === 0;
  }

  #onFailedWait(): number {
    const errno = this.#libc.errno();
    if (errno === EINTR) return 0;
    throw new SystemCallError('wait for events', errno);
  }
}
