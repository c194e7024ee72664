/**
 * One client's connection, as far as all transports agree: what follows from what its session says.
 *
 * A subclass owns the socket: it feeds input to the session, sends worker.output, and keeps what the socket does not take
 * (the backlog). While there is a backlog nothing is read and the session is not run; when it has drained, `onDrained` goes
 * on with the last outcome. So a connection holds at most one full output and one unfinished input, whatever the client does.
 *
 *   outcome  OPEN → read on · YIELD → its owner's queue · BLOCKED → run again after the drain · CLOSE → close after the drain
 *            STREAM → an outbox feeds it, the worker pumps it when woken
 */
import { ConnectionTransport } from '../activity-log.js';
import { ConnectionState, type Endpoint, Family } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { CloseReason, type ConnectionInfo, type Flusher, Outcome, type WorkerContext } from '../worker-context.js';
import type { ConnectionSession, TransportParts } from './transport.js';

/** Who keeps the connections of a worker: the roster. */
export interface ConnectionOwner {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Gives it a turn after all others. */
  enqueue(connection: Connection): void;
  /** The socket is closed: the row is free. */
  release(row: number): void;
}

export abstract class Connection implements ConnectionInfo, Flusher {
  readonly id: number;
  readonly row: number;
  outbox = -1;
  closeReason: number = CloseReason.ERROR;
  /** Waits in its owner's queue for its next turn. */
  isQueued = false;
  isClosed = false;
  /** When the backlog last got shorter, in milliseconds of performance.now(), which no change of the wall clock moves; 0 while there is none. */
  blockedSinceMs = 0;
  protected readonly worker: WorkerContext;
  protected readonly session: ConnectionSession;
  protected readonly owner: ConnectionOwner;
  /** Something other than "read on" may be due: `settle` has to look closer. */
  protected needsCare = false;
  protected isReading = true;
  /** The socket failed while it was written to. */
  protected isBroken = false;
  readonly #peer: Endpoint;
  #outcome: number = Outcome.OPEN;

  constructor(parts: TransportParts, owner: ConnectionOwner, opening: { row: number; peer: Endpoint }) {
    this.id = opening.row;
    this.row = opening.row;
    this.#peer = opening.peer;
    this.worker = parts.worker;
    this.owner = owner;
    this.session = parts.openSession(this);
    owner.add(this);
    const name = opening.peer.family === Family.UNIX ? 'unix' : opening.peer.address;
    this.worker.activity.connectionNew(this.id, this.#transportKind(), name, opening.peer.port);
  }

  /** Sends worker.output and empties it; false if a backlog is left. */
  abstract flush(): boolean;
  /** Starts or stops receiving, as `isReading` says. */
  protected abstract onReadingChanged(): void;
  /** Gives the session received input that had to wait inside the transport. */
  protected abstract feedHeldBack(): void;
  /** Closes the socket, then gives the row back. */
  protected abstract disconnect(): void;

  /** Sends what `flush` has only queued; after it there is a backlog, or nothing waits. */
  protected sendQueued(): void {}

  /** Once a second while blocked: a transport that does not hear of single writes looks for progress here. */
  abstract noteProgress(): void;

  get isBlocked(): boolean {
    return this.blockedSinceMs !== 0;
  }

  get isStreaming(): boolean {
    return this.session.isStreaming;
  }

  /** The session may be given new input now. */
  get takesInput(): boolean {
    const isDumpFull = this.#outcome === Outcome.BLOCKED && this.session.isStreaming;
    return !this.isQueued && !this.isClosed && !this.isBlocked && !isDumpFull;
  }

  /** Nothing is under way that a graceful stop should wait for. */
  get isAtRest(): boolean {
    const state = this.worker.connections.state(this.row);
    const isMidBlock = state === ConnectionState.NREAD || state === ConnectionState.SWALLOW;
    return !this.isBlocked && !this.isQueued && !isMidBlock;
  }

  /** Sends what the session has written and does what it asks for. */
  settle(outcome: number): void {
    if (this.worker.output.waiting !== 0) this.flush();
    if (outcome !== Outcome.OPEN || this.needsCare) this.#settleWithCare(outcome);
  }

  /** Runs what the session holds: its turn has come, or its way out is free again. */
  takeTurn(): void {
    this.settle(this.session.run(this.session.hold()));
  }

  /** Moves what the outbox holds towards the client. */
  pump(): void {
    if (this.isBlocked || this.isClosed) return;
    const outcome = this.session.pump();
    // OPEN: the dump is over. Input that came meanwhile is held and has its turn once everything is sent.
    this.settle(outcome === Outcome.OPEN ? Outcome.BLOCKED : outcome);
  }

  close(reason: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { address, port } = this.#peer;
    this.worker.activity.connectionClose(this.id, this.#transportKind(), reason, address, port);
    this.session.close();
    this.owner.remove(this);
    this.disconnect();
  }

  /** Closes a client that has been silent for too long. */
  kickIdle(): void {
    this.worker.counters[ServerCounter.IDLE_KICKS]++;
    this.close(CloseReason.IDLE_TIMEOUT);
  }

  /** Closes a client that does not read its replies. */
  kickSlow(): void {
    this.worker.counters[ServerCounter.SLOW_READERS]++;
    this.close(CloseReason.ERROR);
  }

  protected setReading(isReading: boolean): void {
    if (!isReading) this.needsCare = true;
    if (isReading === this.isReading || this.isClosed) return;
    this.isReading = isReading;
    this.onReadingChanged();
  }

  /** A subclass has put what the socket did not take into the backlog. */
  protected onBlocked(): void {
    this.blockedSinceMs = performance.now();
    this.needsCare = true;
  }

  /** The socket has failed; whoever runs the session now closes the connection when it returns. */
  protected onBroken(): void {
    this.isBroken = true;
    this.needsCare = true;
  }

  /** The backlog has gone. */
  protected onDrained(): void {
    this.blockedSinceMs = 0;
    if (this.session.isStreaming && this.#outcome !== Outcome.CLOSE) this.pump();
    else this.#goOn();
  }

  /** A reply that was queued has not been taken whole, and nobody runs the session now. */
  protected onBlockedBetweenRuns(): void {
    this.#outcome = Outcome.OPEN;
    this.onBlocked();
    this.setReading(false);
  }

  #settleWithCare(outcome: number): void {
    this.sendQueued();
    this.#outcome = outcome;
    if (this.isBroken) this.close(CloseReason.ERROR);
    else if (this.isBlocked) this.setReading(false);
    else this.#goOn();
  }

  /** What the last outcome asks for, now that no backlog is in the way. */
  #goOn(): void {
    switch (this.#outcome) {
      case Outcome.YIELD:
        this.owner.enqueue(this);
        return;
      case Outcome.BLOCKED:
        // While a key dump runs, its session holds all the input it may: read on when the dump is over.
        if (this.session.isStreaming) this.setReading(false);
        else this.takeTurn();
        return;
      case Outcome.CLOSE:
        this.close(this.closeReason);
        return;
      default:
        this.needsCare = false;
        this.feedHeldBack();
        if (!this.needsCare && !this.isQueued) this.setReading(true);
        if (!this.isReading) this.needsCare = true;
    }
  }

  #transportKind(): number {
    return this.#peer.family === Family.UNIX ? ConnectionTransport.LOCAL : ConnectionTransport.TCP;
  }
}
