/**
 * Follows the list of nodes of one cluster: asks at intervals, applies what is newer, tells listeners.
 *
 * Called by Client, by the memjs adapter and by `shoal proxy`. Polls as AWS's own clients do: the endpoints first of all,
 * then the nodes known so far in turn, and the endpoints again as the last resort. A version that is not higher than the
 * current one changes nothing. At most one poll at a time, of at most two nodes and every endpoint; nothing here rejects or
 * throws. The interval is jittered by a tenth, and after a failed poll it is short and doubles up to its full length.
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

export interface PollerOptions {
  /** Between two polls; 60,000 unless given. */
  readonly intervalMs?: number;
  /** For one question to one server; 2,000 unless given. */
  readonly timeoutMs?: number;
  readonly tls?: boolean | ConnectionOptions;
  /** Whether the timer lets a program end that has nothing else to do; true unless given. */
  readonly unref?: boolean;
}

export type TopologyListener = (config: ClusterConfig, previous: ClusterConfig | null) => void;
export type PollErrorListener = (error: unknown) => void;

const DEFAULT_INTERVAL_MS = 60_000;
const RETRY_MIN_MS = 250;
const JITTER = 0.1;
/** How many of the known nodes a poll asks before it turns to the endpoints. */
const NODES_ASKED_MAX = 2;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; timer: NodeJS.Timeout | null; failures: number }
  | { readonly kind: 'stopped' };

export class TopologyPoller {
  readonly endpoints: readonly ServerAddress[];
  readonly #options: PollerOptions;
  readonly #topologyListeners = new Set<TopologyListener>();
  readonly #errorListeners = new Set<PollErrorListener>();
  readonly #abort = new AbortController();
  #state: State = { kind: 'idle' };
  #current: ClusterConfig | null = null;
  #polling: Promise<DiscoveryError | null> | null = null;
  #nextNode = 0;

  /** Throws a RangeError when an endpoint cannot be read, or there is none. */
  constructor(endpoints: readonly (string | ServerAddress)[], options: PollerOptions = {}) {
    if (endpoints.length === 0) throw new RangeError('Cannot follow a cluster: no endpoint is given');
    this.endpoints = endpoints.map((endpoint) => (typeof endpoint === 'string' ? parseAddress(endpoint) : endpoint));
    this.#options = options;
  }

  /** The newest list so far; null before the first. */
  get current(): ClusterConfig | null {
    return this.#current;
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
    this.#setState({ kind: 'running', timer: null, failures: 0 });
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
    for (const { address, trusted } of this.#targets()) {
      const answer = await this.#ask(address);
      if (this.#abort.signal.aborted) return stoppedError(address);
      if (answer instanceof DiscoveryError) error = answer;
      else if (!trusted && !overlaps(this.#current, answer)) error = strangerError(address);
      else {
        this.#apply(answer);
        this.#noteSuccess(true);
        return null;
      }
    }
    this.#noteSuccess(false);
    this.#reportError(error);
    return error;
  }

  /** Known nodes in turn, then the endpoints; at first there are only endpoints. */
  #targets(): { readonly address: ServerAddress; readonly trusted: boolean }[] {
    const nodes = this.#current?.nodes ?? [];
    const asked = Math.min(NODES_ASKED_MAX, nodes.length);
    const targets = Array.from({ length: asked }, () => {
      const { hostname: host, port } = nodes[this.#nextNode++ % nodes.length];
      return { address: { host, port }, trusted: false };
    });
    return [...targets, ...this.endpoints.map((address) => ({ address, trusted: true }))];
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

  #apply(config: ClusterConfig): void {
    const previous = this.#current;
    if (previous !== null && config.version <= previous.version) return;
    this.#current = config;
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

  #noteSuccess(success: boolean): void {
    if (this.#state.kind === 'running') this.#state.failures = success ? 0 : this.#state.failures + 1;
  }

  #schedule(): void {
    if (this.#state.kind !== 'running') return;
    if (this.#state.timer !== null) clearTimeout(this.#state.timer);
    const timer = setTimeout(() => void this.pollNow(), this.#delayMs(this.#state.failures));
    if (this.#options.unref !== false) timer.unref();
    this.#state.timer = timer;
  }

  #delayMs(failures: number): number {
    const intervalMs = this.#options.intervalMs ?? DEFAULT_INTERVAL_MS;
    const plainMs = failures === 0 ? intervalMs : Math.min(intervalMs, RETRY_MIN_MS * 2 ** (failures - 1));
    return plainMs * (1 - JITTER + Math.random() * 2 * JITTER);
  }

  #setState(state: State): void {
    if (this.#state.kind === 'running' && this.#state.timer !== null) clearTimeout(this.#state.timer);
    this.#state = state;
  }
}

/**
 * A node that left may serve another cluster by now, whose list knows none of our nodes: such a list is believed only
 * from an endpoint.
 */
function overlaps(current: ClusterConfig | null, config: ClusterConfig): boolean {
  const known = new Set(current?.nodes.map(({ hostname, port }) => `${hostname}:${port}`));
  return config.nodes.some(({ hostname, port }) => known.has(`${hostname}:${port}`));
}

function strangerError(address: ServerAddress): DiscoveryError {
  const reason = 'its list names none of the nodes that are known';
  return new DiscoveryError(DiscoveryErrorCode.MALFORMED, formatAddress(address), reason);
}

function stoppedError(address: ServerAddress): DiscoveryError {
  return new DiscoveryError(DiscoveryErrorCode.ABORTED, formatAddress(address), 'the poller was stopped');
}
