/**
 * One node as the client sees it: at most one connection that takes requests, and what happens when there is none.
 *
 * Owned by Topology. Connects with the first request. After a connection that worked is lost it connects again at once;
 * when that fails, or a connection dies without a single reply, the node is in quarantine: requests fail at once, and it is
 * tried again after a pause that doubles, with jitter, by a connection that has to answer `mn` before it counts.
 * A retired link finishes what it has and takes nothing.
 */
import { Connection, type ConnectionTarget, type Ending } from './connection.js';
import { NodeDownError, RequestTimeoutError } from './errors.js';
import type { ResolvedOptions } from './options.js';
import { reconnectPauseMs } from './reconnect-pause.js';
import { Op, Request, Verb } from './request.js';

export interface LinkOwner {
  onNodeDown(link: NodeLink, reason: Error, retryInMs: number): void;
  /** It was tried again in vain. */
  onNodeStillDown(link: NodeLink): void;
  onNodeUp(link: NodeLink): void;
  /** It had no reply. `isUnsent`: it never reached the socket. */
  onLost(request: Request, link: NodeLink, reason: Error | null, isUnsent: boolean): void;
}

type State =
  | { readonly kind: 'idle' }
  /** Connecting or connected: takes requests. */
  | { readonly kind: 'live'; readonly connection: Connection }
  | { readonly kind: 'quarantined'; readonly timer: NodeJS.Timeout; readonly reason: Error; readonly failures: number }
  | { readonly kind: 'probing'; readonly connection: Connection; readonly reason: Error; readonly failures: number }
  | { readonly kind: 'retired'; readonly connection: Connection | null; readonly done: () => void };

export class NodeLink {
  readonly name: string;
  readonly target: ConnectionTarget;
  readonly #options: ResolvedOptions;
  readonly #owner: LinkOwner;
  #state: State = { kind: 'idle' };
  /** That of the state `live`, for the way of every request. */
  #live: Connection | null = null;
  #isDown = false;
  #retired: Promise<void> | null = null;

  constructor(target: ConnectionTarget, options: ResolvedOptions, owner: LinkOwner) {
    this.name = target.name;
    this.target = target;
    this.#options = options;
    this.#owner = owner;
  }

  /** Throws a NodeDownError in quarantine, and what Connection.send throws. */
  send(request: Request): void {
    (this.#live ?? this.#goLive(request)).send(request);
  }

  /** Takes nothing more; resolves when everything is answered and the connection is closed. Any number of calls. */
  retire(): Promise<void> {
    this.#retired ??= new Promise((done) => {
      const { connection, others } = this.#takeConnection();
      this.#setState({ kind: 'retired', connection, done });
      others?.destroy(null);
      if (connection === null) done();
      else connection.drain();
    });
    return this.#retired;
  }

  /** Closes at once; what is unanswered is lost. */
  destroy(): void {
    const state = this.#state;
    void this.retire();
    if (state.kind === 'live' || state.kind === 'retired') state.connection?.destroy(null);
  }

  /** A probe carries nobody's request, so it is not worth finishing. */
  #takeConnection(): { connection: Connection | null; others: Connection | null } {
    const { kind } = this.#state;
    if (kind === 'live') return { connection: this.#state.connection, others: null };
    return { connection: null, others: kind === 'probing' ? this.#state.connection : null };
  }

  #goLive(request: Request): Connection {
    const state = this.#state;
    switch (state.kind) {
      case 'idle': {
        const connection = this.#connect();
        this.#setState({ kind: 'live', connection });
        return connection;
      }
      case 'quarantined':
      case 'probing':
        throw new NodeDownError(request.name, this.name, state.reason.message, { cause: state.reason });
      case 'retired':
        throw new NodeDownError(request.name, this.name, 'it has left the list of nodes');
      case 'live':
        return state.connection;
    }
  }

  #connect(): Connection {
    const { name } = this;
    return new Connection(this.target, this.#options, {
      onOpen: (connection) => {
        if (this.#state.kind === 'live' && this.#state.connection === connection) this.#noteUp();
      },
      onEnd: (ending) => this.#ended(ending, name),
    });
  }

  #ended(ending: Ending, name: string): void {
    const state = this.#state;
    const reason = ending.error ?? (ending.wasOpen ? null : new Error(`${name} does not accept connections`));
    if (state.kind === 'live' && state.connection === ending.connection) this.#liveEnded(ending, reason);
    else if (state.kind === 'probing' && state.connection === ending.connection) {
      this.#quarantine(reason ?? state.reason, state.failures + 1);
    }
    for (const [index, request] of ending.unanswered.entries()) {
      if (request.op === Op.NOOP) request.fail(reason ?? new Error(`${name} closed the connection`));
      else this.#owner.onLost(request, this, reason, index >= ending.unsentFrom);
    }
    if (state.kind === 'retired' && state.connection === ending.connection) state.done();
  }

  /** One that nobody needs ends in silence; one that answered is made again at once; others mean quarantine. */
  #liveEnded({ wasOpen, replyCount, unanswered }: Ending, reason: Error | null): void {
    const isQuiet = reason === null && unanswered.length === 0;
    const hasStalled = reason instanceof RequestTimeoutError;
    if (wasOpen && isQuiet) this.#setState({ kind: 'idle' });
    else if (wasOpen && replyCount > 0 && !hasStalled) this.#setState({ kind: 'live', connection: this.#connect() });
    else this.#quarantine(reason ?? new Error(`${this.name} closed the connection`), 1);
  }

  #quarantine(reason: Error, failures: number): void {
    const pauseMs = reconnectPauseMs(failures, this.#options, Math.random());
    const timer = setTimeout(() => this.#probe(reason, failures), pauseMs);
    timer.unref();
    this.#setState({ kind: 'quarantined', timer, reason, failures });
    if (this.#isDown) this.#owner.onNodeStillDown(this);
    else {
      this.#isDown = true;
      this.#owner.onNodeDown(this, reason, pauseMs);
    }
  }

  /** `mn` over a new connection: a stopped process still accepts connections, and does not answer. */
  #probe(reason: Error, failures: number): void {
    const connection = this.#connect();
    this.#setState({ kind: 'probing', connection, reason, failures });
    const question = new Request(Op.NOOP, 'noop', Verb.MG, 'mn', '', null, null);
    question.timeoutMs = this.#options.connectTimeoutMs + this.#options.timeoutMs;
    question.promise.then(
      () => this.#probeAnswered(connection),
      (error: Error) => connection.destroy(error),
    );
    connection.send(question);
  }

  #probeAnswered(connection: Connection): void {
    if (this.#state.kind !== 'probing' || this.#state.connection !== connection) return;
    this.#setState({ kind: 'live', connection });
    this.#noteUp();
  }

  #noteUp(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#owner.onNodeUp(this);
  }

  #setState(state: State): void {
    if (this.#state.kind === 'quarantined') clearTimeout(this.#state.timer);
    this.#state = state;
    this.#live = state.kind === 'live' ? state.connection : null;
  }
}
