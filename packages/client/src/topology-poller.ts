/**
 * Follows the list of nodes of one cluster: asks at intervals, applies what is newer, tells listeners.
 *
 * Called by Client, by the memjs adapter and by `shoal proxy`. Polls as AWS's own clients do: the endpoints first of all,
 * then the nodes known so far in turn, and the endpoints again as the last resort; poll-course.ts decides. At most one poll
 * at a time, of at most two nodes and every endpoint; nothing here rejects or throws.
 */
import type { ConnectionOptions } from 'node:tls';
import type { ClusterConfig } from '@shoal/protocol';
import {
  DiscoveryError,
  DiscoveryErrorCode,
  fetchClusterConfig,
  formatAddress,
  parseAddress,
  type ServerAddress,
} from './discovery.js';
import { PollCourse } from './poll-course.js';

export interface PollerOptions {
  /** Between two polls; 60,000 unless given. */
  readonly intervalMs?: number;
  /** For one question to one server; 2,000 unless given. */
  readonly timeoutMs?: number;
  readonly tls?: boolean | ConnectionOptions;
  /** From 0 to 1; Math.random unless given. */
  readonly random?: () => number;
  /** Whether the timer lets a program end that has nothing else to do; true unless given. */
  readonly unref?: boolean;
}

export type TopologyListener = (config: ClusterConfig, previous: ClusterConfig | null) => void;
export type PollErrorListener = (error: unknown) => void;

const DEFAULT_INTERVAL_MS = 60_000;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; timer: NodeJS.Timeout | null }
  | { readonly kind: 'stopped' };

export class TopologyPoller {
  readonly endpoints: readonly ServerAddress[];
  readonly #options: PollerOptions;
  readonly #topologyListeners = new Set<TopologyListener>();
  readonly #errorListeners = new Set<PollErrorListener>();
  readonly #abort = new AbortController();
  #state: State = { kind: 'idle' };
  readonly #course: PollCourse;
  #polling: Promise<DiscoveryError | null> | null = null;

  /** Throws a RangeError when an endpoint cannot be read, or there is none. */
  constructor(endpoints: readonly (string | ServerAddress)[], options: PollerOptions = {}) {
    if (endpoints.length === 0) throw new RangeError('Cannot follow a cluster: no endpoint is given');
    this.endpoints = endpoints.map((endpoint) => (typeof endpoint === 'string' ? parseAddress(endpoint) : endpoint));
    this.#options = options;
    const { intervalMs = DEFAULT_INTERVAL_MS, random = Math.random } = options;
    this.#course = new PollCourse({ endpoints: this.endpoints, intervalMs, random });
  }

  /** The newest list so far; null before the first. */
  get current(): ClusterConfig | null {
    return this.#course.current;
  }

  /** Called with each new list. What a listener throws goes to the error listeners. Returns how to stop listening. */
  onTopology(listener: TopologyListener): () => void {
    this.#topologyListeners.add(listener);
    return () => this.#topologyListeners.delete(listener);
  }

  /** Called once for each poll that learned nothing from anybody, with a DiscoveryError. Must not throw. */
  onError(listener: PollErrorListener): () => void {
    this.#errorListeners.add(listener);
    return () => this.#errorListeners.delete(listener);
  }

  /** Polls now and from now on. Any number of calls; a stopped poller stays stopped. */
  start(): void {
    if (this.#state.kind !== 'idle') return;
    this.#setState({ kind: 'running', timer: null });
    void this.pollNow();
  }

  /** Withdraws a question that is under way. Any number of calls. */
  stop(): void {
    this.#setState({ kind: 'stopped' });
    this.#abort.abort();
  }

  /**
   * Asks at once, or joins the poll that is under way. Resolves with null when somebody answered, whether or not that was
   * news, and else with the error of the server that was asked last. Works before `start` too.
   */
  pollNow(): Promise<DiscoveryError | null> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null;
      this.#schedule();
    });
    return this.#polling;
  }

  async #poll(): Promise<DiscoveryError | null> {
    let error: DiscoveryError | null = null;
    for (const target of this.#course.targets()) {
      const answer = await this.#ask(target.address);
      if (this.#abort.signal.aborted) return stoppedError(target.address);
      if (answer instanceof DiscoveryError) {
        error = answer;
        continue;
      }
      const previous = this.#course.current;
      const verdict = this.#course.judge(target, answer);
      if (verdict === 'stranger') {
        error = strangerError(target.address);
        continue;
      }
      if (verdict === 'news') this.#tell(answer, previous);
      this.#course.noteOutcome(true);
      return null;
    }
    this.#course.noteOutcome(false);
    this.#reportError(error);
    return error;
  }

  async #ask(address: ServerAddress): Promise<ClusterConfig | DiscoveryError> {
    const { timeoutMs, tls } = this.#options;
    try {
      return await fetchClusterConfig(address, { timeoutMs, tls, signal: this.#abort.signal });
    } catch (error) {
      if (error instanceof DiscoveryError) return error;
      const reason = error instanceof Error ? error.message : String(error);
      return new DiscoveryError(DiscoveryErrorCode.UNREACHABLE, formatAddress(address), reason, { cause: error });
    }
  }

  #tell(config: ClusterConfig, previous: ClusterConfig | null): void {
    for (const listener of [...this.#topologyListeners]) {
      try {
        listener(config, previous);
      } catch (error) {
        this.#reportError(error);
      }
    }
  }

  #reportError(error: unknown): void {
    for (const listener of [...this.#errorListeners]) {
      try {
        listener(error);
      } catch {
        // There is nobody left to tell.
      }
    }
  }

  #schedule(): void {
    if (this.#state.kind !== 'running') return;
    if (this.#state.timer !== null) clearTimeout(this.#state.timer);
    const timer = setTimeout(() => void this.pollNow(), this.#course.pauseMs());
    if (this.#options.unref !== false) timer.unref();
    this.#state.timer = timer;
  }

  #setState(state: State): void {
    if (this.#state.kind === 'running' && this.#state.timer !== null) clearTimeout(this.#state.timer);
    this.#state = state;
  }
}

function strangerError(address: ServerAddress): DiscoveryError {
  const reason = 'its list names none of the nodes that are known';
  return new DiscoveryError(DiscoveryErrorCode.MALFORMED, formatAddress(address), reason);
}

function stoppedError(address: ServerAddress): DiscoveryError {
  return new DiscoveryError(DiscoveryErrorCode.ABORTED, formatAddress(address), 'the poller was stopped');
}
