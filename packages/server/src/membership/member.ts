/**
 * A node's life as a member of a registered cluster: it registers once it listens, is heard of regularly, registers anew
 * when the pool has forgotten it, and leaves before it stops. Main thread; main.ts owns one a process.
 *
 *   JOINING ──▶ MEMBER ◀──▶ UNHEARD      all of it is one loop that asks one thing at a time, so nothing ever overlaps
 *      ▲──────────┴────────────┘ the pool does not know the node any more
 *   any ──▶ LEAVING ──▶ GONE             `leave` is told to the pool, then the node serves on for the drain; `stop` ends at once
 *
 * A pool that cannot be reached is asked again with growing pauses, without end: the node serves meanwhile. The log gets
 * one line a change of state, and one for each new reason.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.js';
import { findAddresses } from './addresses.js';
import type { PoolAddress } from './advertise.js';
import { type Admission, PoolRequestCode, PoolRequestError, RegistrationClient } from './registration-client.js';

export interface MemberOptions {
  readonly pool: readonly PoolAddress[];
  readonly clusterId: string;
  readonly token: string | null;
  readonly advertise: readonly string[];
  /** The first port that the node listens on. */
  readonly port: number;
  readonly log: Log;
  /** The pool has said which secret lets it change the configuration. */
  readonly onSecret: (secret: string) => void;
  readonly limits?: MemberLimits;
}

export interface MemberLimits {
  /** For one request to one address of the pool. */
  readonly deadlineMs: number;
  /** The pause after the first failure; it doubles with each further one. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** A pool takes a node for dead that it did not hear of for ten seconds: the longest pause stays below that. */
export const MEMBER_LIMITS: MemberLimits = { deadlineMs: 2000, firstPauseMs: 250, longestPauseMs: 5000 };

interface Leaving {
  readonly kind: 'leaving';
  readonly admission: Admission;
  /** When the drain is over, in milliseconds of performance.now(). */
  readonly untilMs: number;
  readonly isTold: boolean;
  /** Why the pool could not be told yet. */
  readonly reason: string;
}

/** Beyond so many different reasons one more tells nobody anything. */
const TOLD_REASONS_MAX = 16;

type State =
  | { readonly kind: 'joining'; readonly failures: number; readonly reason: string }
  | { readonly kind: 'member'; readonly admission: Admission }
  | { readonly kind: 'unheard'; readonly admission: Admission; readonly failures: number; readonly reason: string }
  | Leaving
  | { readonly kind: 'gone' };

export class Member {
  readonly #options: MemberOptions;
  readonly #limits: MemberLimits;
  readonly #pool: RegistrationClient;
  readonly #instanceId = randomUUID();
  readonly #stopping = new AbortController();
  #state: State = { kind: 'joining', failures: 0, reason: '' };
  #wantsToLeave = false;
  /** Reasons that the log has had since the state changed last: a pool that restarts gives several in turn. */
  readonly #told = new Set<string>();
  /** Ends the pause that the loop is in. */
  #pausing = new AbortController();
  #life: Promise<void> | null = null;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#limits = options.limits ?? MEMBER_LIMITS;
    this.#pool = new RegistrationClient({
      addresses: options.pool,
      token: options.token,
      deadlineMs: this.#limits.deadlineMs,
      signal: this.#stopping.signal,
    });
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** Begins to register; never waits for it. */
  start(): void {
    this.#life ??= this.#live();
  }

  /** Resolves when the node may stop: it has left, and has served on for as long as the pool asked. Never rejects. */
  async leave(): Promise<void> {
    if (!this.#wantsToLeave) {
      this.#wantsToLeave = true;
      this.#pausing.abort();
    }
    await this.#life;
  }

  /** Ends at once and tells nobody. */
  stop(): void {
    this.#stopping.abort();
    this.#pausing.abort();
  }

  async #live(): Promise<void> {
    while (this.#state.kind !== 'gone') {
      if (this.#stopping.signal.aborted) this.#enter({ kind: 'gone' });
      else await this.#step(this.#state);
    }
  }

  /** One request, and the pause before the next. */
  async #step(state: State): Promise<void> {
    switch (state.kind) {
      case 'joining':
        if (this.#wantsToLeave) return this.#enter({ kind: 'gone' });
        return this.#join(state.failures);
      case 'member':
      case 'unheard':
        if (this.#wantsToLeave) return this.#beginLeaving(state.admission);
        return this.#beHeard(state.admission, state.kind === 'unheard' ? state.failures : 0);
      case 'leaving':
        return this.#serveOn(state);
      case 'gone':
        return;
    }
  }

  async #join(failures: number): Promise<void> {
    const { clusterId, advertise, port, onSecret } = this.#options;
    const identity = { clusterId, instanceId: this.#instanceId };
    const addressesAt = (interfaceIp: string) => findAddresses({ advertise, port, interfaceIp });
    const outcome = await this.#try(() => this.#pool.register(identity, addressesAt));
    if (outcome instanceof Error) {
      this.#enter({ kind: 'joining', failures: failures + 1, reason: outcome.message });
      return this.#pause(this.#backoffMs(failures));
    }
    onSecret(outcome.secret);
    this.#enter({ kind: 'member', admission: outcome });
    return this.#pause(outcome.heartbeatMs);
  }

  async #beHeard(admission: Admission, failures: number): Promise<void> {
    const outcome = await this.#try(() => this.#pool.heartbeat(this.#membership(admission)));
    if (!(outcome instanceof Error)) {
      this.#enter({ kind: 'member', admission });
      return this.#pause(admission.heartbeatMs);
    }
    if (outcome instanceof PoolRequestError && outcome.code === PoolRequestCode.UNKNOWN_NODE) {
      return this.#enter({ kind: 'joining', failures: 0, reason: outcome.message });
    }
    this.#enter({ kind: 'unheard', admission, failures: failures + 1, reason: outcome.message });
    return this.#pause(this.#backoffMs(failures));
  }

  #beginLeaving(admission: Admission): void {
    const untilMs = performance.now() + admission.drainMs;
    this.#enter({ kind: 'leaving', admission, untilMs, isTold: false, reason: '' });
  }

  /** Tells the pool, again and again if it must, until the drain is over. */
  async #serveOn(state: Leaving): Promise<void> {
    const leftMs = state.untilMs - performance.now();
    if (state.isTold) {
      await this.#pause(leftMs);
      return this.#enter({ kind: 'gone' });
    }
    const outcome = await this.#try(() => this.#pool.leave(this.#membership(state.admission)));
    if (!(outcome instanceof Error)) {
      return this.#enter({ ...state, isTold: true, untilMs: performance.now() + outcome });
    }
    const isUnknown = outcome instanceof PoolRequestError && outcome.code === PoolRequestCode.UNKNOWN_NODE;
    if (isUnknown) return this.#enter({ ...state, isTold: true });
    if (leftMs <= 0) return this.#enter({ kind: 'gone' });
    this.#enter({ ...state, reason: outcome.message });
    return this.#pause(Math.min(leftMs, this.#limits.longestPauseMs));
  }

  #membership({ nodeId }: Admission) {
    return { clusterId: this.#options.clusterId, nodeId, instanceId: this.#instanceId };
  }

  async #try<T>(ask: () => Promise<T>): Promise<T | Error> {
    try {
      return await ask();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Between half of it and all of it, so that nodes that lost their pool together do not come back together. */
  #backoffMs(failures: number): number {
    const { firstPauseMs, longestPauseMs } = this.#limits;
    const fullMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 16));
    return (fullMs * (1 + Math.random())) / 2;
  }

  /** `leave` cuts short every pause but the drain, which has begun with it; `stop` that one too. */
  async #pause(ms: number): Promise<void> {
    if (this.#stopping.signal.aborted || (this.#wantsToLeave && this.#state.kind !== 'leaving')) return;
    this.#pausing = new AbortController();
    await pause(Math.max(0, ms), undefined, { signal: this.#pausing.signal }).catch(() => {});
  }

  /** The one place that changes the state, and that logs. */
  #enter(state: State): void {
    const before = this.#state;
    this.#state = state;
    if (state.kind !== before.kind) this.#told.clear();
    const reason = 'reason' in state ? state.reason : '';
    const isNews = state.kind !== before.kind || (reason !== '' && !this.#told.has(reason));
    if (!isNews || this.#told.size === TOLD_REASONS_MAX) return;
    this.#told.add(reason);
    this.#log(state, before);
  }

  #log(state: State, before: State): void {
    const { log, clusterId } = this.#options;
    const pool = this.#pool.address;
    switch (state.kind) {
      case 'joining': {
        const text = before.kind === 'joining' ? 'Cannot register with the pool' : 'The pool does not know this node';
        log.warn({ pool, cluster: clusterId, reason: state.reason }, text);
        return;
      }
      case 'member': {
        const text = before.kind === 'unheard' ? 'The pool answers again' : 'Joined the cluster';
        log.info({ pool, cluster: clusterId, node: state.admission.nodeId }, text);
        return;
      }
      case 'unheard':
        log.warn({ pool, cluster: clusterId, reason: state.reason }, 'The pool does not answer');
        return;
      case 'leaving':
        if (state.reason !== '') log.warn({ pool, reason: state.reason }, 'Cannot tell the pool that this node leaves');
        else if (!state.isTold) log.info({ cluster: clusterId }, 'Leaving the cluster');
        return;
      case 'gone':
        if (before.kind === 'leaving') log.info({ cluster: clusterId }, 'Left the cluster');
    }
  }
}
