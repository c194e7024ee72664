/**
 * The epoll transport: one blocking loop a worker over libc's epoll_wait, recv and send, through koffi. Linux only.
 *
 * The loop never returns to Node.js's event loop until an order ends it, so nothing here may await, log or set a timer: the
 * worker is woken through its eventfd and looks around once a second by itself while there is something to look at. In the common case a
 * request costs one recv and one send (epoll-turn.ts has the order), and an event allocates nothing; input is reported once as it comes
 * (edge-triggered), room to send only while a connection has a backlog. A backlog is what one flush left over, at most one full output.
 */
import { CloseReason } from '../worker-context.js';
import { Acceptor } from './acceptor.js';
import { EpollConnection, type EpollSockets, WATCHES_INPUT } from './epoll-connection.js';
import { EpollSet, WAIT_AT_REST_MS, WAIT_MAX_MS, WAKE_ROW } from './epoll-set.js';
import { EpollTurn, TURN_CONNECTIONS } from './epoll-turn.js';
import type { BoxedAddress, Libc } from './libc.js';
import { Roster } from './roster.js';
import type { NativeParts, Transport } from './transport.js';

const DRAIN_WAIT_MS = 20;

export class EpollTransport implements Transport, EpollSockets {
  readonly libc: Libc;
  readonly epoll: EpollSet;
  readonly turn: EpollTurn;
  readonly #inputAddress: BoxedAddress;
  readonly #parts: NativeParts;
  readonly #roster: Roster;
  readonly #acceptor: Acceptor;
  #isWoken = true;
  #lookedAroundAt = 0;
  /** Nothing was served since it looked around, and that found nothing to wait for. */
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
    this.#inputAddress = [libc.addressOf(worker.input), null];
    this.turn = new EpollTurn(libc, worker);
    this.epoll = new EpollSet(libc, parts.wakeDescriptor);
    this.#acceptor = new Acceptor({ ...parts, epoll: this.epoll });
  }

  get inputAddress(): number {
    return this.#inputAddress[0];
  }

  serve(): Promise<void> {
    const { epoll } = this;
    while (this.#isServing) {
      const count = epoll.wait(this.#waitMs());
      for (let first = 0; first < count; first += TURN_CONNECTIONS)
        this.#serve(first, Math.min(count, first + TURN_CONNECTIONS));
      if (this.#roster.hasQueued) this.#roster.runQueued();
      if (this.#isWoken) this.#onWake();
      this.turn.sendReplies();
      if (count > 0) this.#isAtRest = false;
      const now = this.#parts.worker.store.now();
      if (now !== this.#lookedAroundAt) this.#lookAround(now, count);
      if (this.#drainUntilMs !== 0) this.#drain();
    }
    this.#roster.closeAll();
    epoll.close();
    return Promise.resolve();
  }

  /** The events [first, end). */
  #serve(first: number, end: number): void {
    const { epoll, turn } = this;
    for (let event = first; event < end; event++) {
      const row = epoll.rowOf(event);
      const connection = row < 0 ? null : this.#roster.byRow[row];
      if (connection !== null && connection !== undefined)
        turn.receive(connection as EpollConnection, epoll.eventsOf(event));
      else if (row === WAKE_ROW) this.#isWoken = true;
      else this.#acceptor.onReadable(row);
    }
    turn.serve();
  }

  #waitMs(): number {
    if (this.#roster.hasQueued) return 0;
    if (this.#drainUntilMs !== 0) return DRAIN_WAIT_MS;
    return this.#isAtRest ? WAIT_AT_REST_MS : WAIT_MAX_MS;
  }

  #onWake(): void {
    const { wakeups, worker } = this.#parts;
    this.#isWoken = false;
    this.epoll.clearWake();
    wakeups.takeWake(worker.id);
    this.#adoptDealt();
    this.#acceptor.retry();
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
      if (!this.epoll.add(descriptor, row, WATCHES_INPUT)) connection.close(CloseReason.ERROR);
    }
  }

  #lookAround(now: number, events: number): void {
    this.#lookedAroundAt = now;
    const isWatching = this.#roster.kickIdleAndSlow(now);
    this.#acceptor.retry();
    this.#isAtRest = events === 0 && !isWatching && this.#parts.worker.settings.acceptingConnections;
  }

  /** After a last round of events, whoever is at rest has nothing in flight. */
  #drain(): void {
    if (this.#hasHeardOut) this.#roster.closeResting();
    this.#hasHeardOut = true;
    if (this.#roster.count === 0 || performance.now() > this.#drainUntilMs) this.#isServing = false;
  }
}
