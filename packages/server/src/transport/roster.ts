/**
 * The connections of one worker, and what is done to all of them: turns after a yield (-R), the once-a-second look for idle
 * clients and slow readers, pumping outboxes, and the end.
 *
 * Indexed by connection-table row, so that an event finds its connection without a lookup. Rows given back are announced
 * to the accepting worker if it waits for one. Used by one thread; no loop here is longer than the rows in use.
 */
import { ConnectionState, type ConnectionTable } from '../connection-table.js';
import type { Wakeups } from '../wakeups.js';
import { CloseReason, type WorkerContext } from '../worker-context.js';
import type { Connection, ConnectionOwner } from './connection.js';
import type { TransportParts } from './transport.js';

export class Roster implements ConnectionOwner {
  readonly byRow: (Connection | null)[] = [];
  count = 0;
  readonly #worker: WorkerContext;
  readonly #table: ConnectionTable;
  readonly #wakeups: Wakeups;
  readonly #slowReaderMs: number;
  readonly #acceptor: number;
  readonly #onQueued: () => void;
  #queue: Connection[] = [];

  /** @param onQueued told of each connection that begins to wait for a turn; a loop that looks by itself needs no telling. */
  constructor(parts: TransportParts, onQueued: () => void = () => {}) {
    this.#onQueued = onQueued;
    this.#worker = parts.worker;
    this.#table = parts.table;
    this.#wakeups = parts.wakeups;
    this.#slowReaderMs = parts.slowReaderMs;
    this.#acceptor = parts.acceptor;
  }

  add(connection: Connection): void {
    // Filled from the front, so that the array never has holes and stays a plain one.
    while (this.byRow.length <= connection.row) this.byRow.push(null);
    this.byRow[connection.row] = connection;
    this.count++;
  }

  remove(connection: Connection): void {
    this.byRow[connection.row] = null;
    this.count--;
  }

  /** Gives the row back, once the socket is closed, and tells whoever waits for one to accept again. */
  release(row: number): void {
    this.#table.release(row);
    if (!this.#worker.settings.acceptingConnections) this.#wakeups.wake(this.#acceptor);
  }

  // Turns

  get hasQueued(): boolean {
    return this.#queue.length > 0;
  }

  /** Its next turn comes after everybody else's. */
  enqueue(connection: Connection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.#queue.push(connection);
    this.#onQueued();
  }

  /** One turn for each that waited when this began. */
  runQueued(): void {
    const turns = this.#queue;
    this.#queue = [];
    for (const connection of turns) {
      connection.isQueued = false;
      if (!connection.isClosed) connection.takeTurn();
    }
  }

  // Outboxes

  /** Pumps the connections for which another thread has filled an outbox. */
  pumpReady(): void {
    const { outboxes, id } = this.#worker;
    for (let slot = outboxes.readySlotOf(id, 0); slot >= 0; slot = outboxes.readySlotOf(id, slot + 1)) {
      this.#ownerOf(slot)?.pump();
    }
  }

  #ownerOf(slot: number): Connection | undefined {
    for (const connection of this.byRow) if (connection !== null && connection.outbox === slot) return connection;
    return undefined;
  }

  // Once a second

  /** True if there are connections that have to be looked at again in a second. */
  kickIdleAndSlow(nowSeconds: number): boolean {
    const idleSeconds = this.#worker.settings.idleTimeoutSeconds;
    let isWatching = idleSeconds > 0 && this.count > 0;
    const slowBefore = performance.now() - this.#slowReaderMs;
    // By index: code that runs once a second is not optimized, and an iterator would leave an object a row.
    for (let row = 0; row < this.byRow.length; row++) {
      const connection = this.byRow[row];
      if (connection === null) continue;
      if (connection.isBlocked) {
        isWatching = true;
        connection.noteProgress();
        if (connection.blockedSinceMs < slowBefore) connection.kickSlow();
      } else if (idleSeconds > 0 && this.#isIdle(connection, nowSeconds - idleSeconds)) {
        connection.kickIdle();
      }
    }
    return isWatching;
  }

  /** Only a connection between two commands can be idle, as in memcached. */
  #isIdle(connection: Connection, before: number): boolean {
    const { row } = connection;
    return this.#table.state(row) === ConnectionState.READ && this.#table.lastCommandSeconds(row) < before;
  }

  // The end

  /** Closes those that have nothing under way. */
  closeResting(): void {
    for (const connection of this.byRow) if (connection?.isAtRest) connection.close(CloseReason.SHUTDOWN);
  }

  closeAll(): void {
    for (const connection of this.byRow) connection?.close(CloseReason.SHUTDOWN);
  }
}
