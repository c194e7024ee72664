/**
 * Accepts connections through libc and deals them to the workers in turn: in worker 0 on epoll, in a thread of its own on net.
 *
 * Enforces -c: a connection for which the table has no row is told so and closed (maxconns_fast), or nobody is accepted until
 * somebody leaves (no_maxconns_fast). Out of descriptors it stops accepting as well, whatever the flag, as memcached does;
 * `retry` looks whether that is over. While it does not accept, listening sockets keep no queue (listen 0), so that clients
 * see a connect that hangs and not a connection that is never served.
 */
import { STATUS_LINES, Status } from '@shoal/protocol';
import type { ConnectionTable } from '../connection-table.js';
import type { Dealing } from '../dealing.js';
import { ServerCounter } from '../server-counters.js';
import type { Wakeups } from '../wakeups.js';
import type { WorkerContext } from '../worker-context.js';
import type { EpollSet } from './epoll-set.js';
import {
  EAGAIN,
  ECONNABORTED,
  EFD_CLOEXEC,
  EINTR,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLIN,
  errorName,
  type Libc,
  MSG_NOSIGNAL,
  type NativeMemory,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCKADDR_BYTES_MAX,
} from './libc.js';
import { readSocketAddress } from './socket-address.js';
import type { Listener } from './transport.js';

/** One readable event accepts at most this many, so that clients already there are served in between. */
const ACCEPTS_PER_EVENT = 32;
/** A server at its limit may stop and go on with every connection: the log hears of it once in this time. */
const QUIET_MS = 10_000;
const LIMIT_REACHED = 'maxConnections';
const US_PER_MS = 1000;

export interface AcceptorParts {
  readonly libc: Libc;
  readonly worker: Pick<WorkerContext, 'counters' | 'host' | 'settings' | 'store'>;
  readonly table: ConnectionTable;
  readonly dealing: Dealing;
  readonly wakeups: Wakeups;
  readonly listeners: readonly Listener[];
  /** Where the thread that accepts waits. */
  readonly epoll: EpollSet;
}

export class Acceptor {
  readonly #parts: AcceptorParts;
  /** sockaddr, then its length. */
  readonly #address: NativeMemory;
  readonly #refusal: NativeMemory;
  readonly #byRow = new Map<number, Listener>();
  #nextWorker = 0;
  /** When it stopped accepting (performance.now), 0 while it accepts. */
  #pausedAtMs = 0;
  #quietUntilMs = 0;

  constructor(parts: AcceptorParts) {
    this.#parts = parts;
    this.#address = parts.libc.allocate(SOCKADDR_BYTES_MAX + Uint32Array.BYTES_PER_ELEMENT);
    const refusal = STATUS_LINES[Status.TOO_MANY_CONNECTIONS];
    this.#refusal = parts.libc.allocate(refusal.length);
    this.#refusal.bytes.set(refusal);
    for (const listener of parts.listeners) {
      this.#byRow.set(listener.row, listener);
      parts.epoll.addOwn(listener.descriptor, listener.row);
    }
  }

  /** An event of this row; rows that are no listener's are nothing to it. */
  onReadable(row: number): void {
    const listener = this.#byRow.get(row);
    if (listener === undefined) return;
    for (let turn = 0; turn < ACCEPTS_PER_EVENT && this.#pausedAtMs === 0; turn++) {
      const descriptor = this.#accept(listener);
      if (descriptor < 0) {
        this.#onRefused(this.#parts.libc.errno());
        return;
      }
      this.#admit(descriptor);
    }
  }

  /** Somebody has left, or a second has passed: accepts again if that is possible. */
  retry(): void {
    if (this.#pausedAtMs === 0 || this.#isFull() || !this.#hasDescriptors()) return;
    this.#resume();
  }

  /** Ends the listening sockets. Their numbers may be another file's afterwards: a second call does nothing. */
  close(): void {
    for (const { descriptor, row } of this.#byRow.values()) {
      this.#parts.libc.close(descriptor);
      this.#parts.table.release(row);
    }
    this.#byRow.clear();
  }

  #accept(listener: Listener): number {
    const { address, view } = this.#address;
    view.setUint32(SOCKADDR_BYTES_MAX, SOCKADDR_BYTES_MAX, true);
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return this.#parts.libc.accept4(listener.descriptor, address, address + SOCKADDR_BYTES_MAX, flags);
  }

  #onRefused(errno: number): void {
    if (errno === EAGAIN || errno === EINTR || errno === ECONNABORTED) return;
    if (isShortage(errno)) this.#pause(errorName(errno));
    else this.#parts.worker.host.log('warn', 'Cannot accept a connection', { code: errorName(errno) });
  }

  /** Gives the connection a row and a worker, or refuses it. */
  #admit(descriptor: number): void {
    const { libc, worker, table, dealing, wakeups } = this.#parts;
    const row = table.claim();
    if (row < 0) {
      worker.counters[ServerCounter.REJECTED_CONNECTIONS]++;
      libc.send(descriptor, this.#refusal.address, this.#refusal.bytes.length, MSG_NOSIGNAL);
      libc.close(descriptor);
      return;
    }
    const peer = readSocketAddress(this.#address.view);
    const { address, view } = this.#address;
    view.setUint32(SOCKADDR_BYTES_MAX, SOCKADDR_BYTES_MAX, true);
    libc.getsockname(descriptor, address, address + SOCKADDR_BYTES_MAX);
    const local = readSocketAddress(view);
    const target = this.#nextWorker;
    this.#nextWorker = (target + 1) % worker.settings.threads;
    table.open(row, { worker: target, descriptor, peer, local, nowSeconds: worker.store.now() });
    worker.counters[ServerCounter.TOTAL_CONNECTIONS]++;
    dealing.deal(target, row);
    wakeups.wake(target);
    if (this.#isFull()) this.#pause(LIMIT_REACHED);
  }

  /** Only no_maxconns_fast stops at -c: otherwise whoever comes past it is told so. */
  #isFull(): boolean {
    return !this.#parts.worker.settings.options.maxConnectionsFast && this.#parts.table.isFull();
  }

  #hasDescriptors(): boolean {
    const probe = this.#parts.libc.eventfd(0, EFD_CLOEXEC);
    if (probe < 0) return false;
    this.#parts.libc.close(probe);
    return true;
  }

  #pause(cause: string): void {
    const { libc, worker, listeners, table, epoll } = this.#parts;
    this.#pausedAtMs = performance.now();
    worker.counters[ServerCounter.LISTEN_DISABLED_NUM]++;
    for (const { descriptor, row } of listeners) {
      epoll.change(descriptor, row, 0);
      libc.listen(descriptor, 0);
    }
    worker.settings.stopAccepting();
    if (this.#pausedAtMs >= this.#quietUntilMs) {
      this.#quietUntilMs = this.#pausedAtMs + QUIET_MS;
      worker.host.log('warn', 'Stopped accepting connections until one is closed', {
        cause,
        connections: table.used(),
      });
    }
    // Whoever closed a connection before the word changed has not woken this worker.
    if (cause === LIMIT_REACHED) this.retry();
  }

  #resume(): void {
    const { libc, worker, listeners, epoll } = this.#parts;
    const pausedUs = (performance.now() - this.#pausedAtMs) * US_PER_MS;
    worker.counters[ServerCounter.TIME_IN_LISTEN_DISABLED_US] += Math.round(pausedUs);
    this.#pausedAtMs = 0;
    worker.settings.goOnAccepting();
    for (const { descriptor, row } of listeners) {
      libc.listen(descriptor, worker.settings.options.backlog);
      epoll.change(descriptor, row, EPOLLIN);
    }
  }
}

/** Out of descriptors or of memory for them: asking again at once would only spin. */
function isShortage(errno: number): boolean {
  return errno === EMFILE || errno === ENFILE || errno === ENOMEM || errno === ENOBUFS;
}
