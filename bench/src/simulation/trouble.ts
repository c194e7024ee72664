// What dead nodes do to clients that send requests: when each client notices which, what that leads to, and what it costs.
//
// Requests fall evenly on the nodes of a client's list. The first one to a node whose machine refuses finds out at once; one
// to a node that is silent waits for its timeout and the stall that ends the connection. From then on the node is tried
// again by the client's own pauses, which a sample of the connections stands for. Used by fleet.ts.
import { CLIENT_DEFAULTS, reconnectPauseMs } from '@shoal/client';
import type { Chance } from './chance.js';
import type { LearningWatch } from './learning-watch.js';
import type { SimulationOptions } from './options.js';
import type { ReplayedNodes } from './replayed-nodes.js';
import { ChangeName } from './story.js';

export interface TroubleReport {
  /** Of one client, over the story: requests to nodes that its list still had and that did not answer. */
  readonly requestsLostMean: number;
  /** Of all clients in the worst second. */
  readonly noticesPeak: number;
  readonly reconnectsPeak: number;
  /** At one node that came new for the lost zone: connections in the worst second, and all in the end. */
  readonly newConnectionsPeak: number;
}

export interface TroubleParts {
  readonly options: SimulationOptions;
  readonly nodes: ReplayedNodes;
  readonly chance: Chance;
  /** False: this kind of client does nothing about a node that fails. */
  readonly notices: boolean;
  readonly asksWhileDown: boolean;
  readonly noticeAt: (atMs: number, client: number) => void;
  readonly reconnectAt: (atMs: number, chain: number) => void;
  readonly stillDownAt: (atMs: number, client: number) => void;
}

const STALL_MS = CLIENT_DEFAULTS.timeoutMs + CLIENT_DEFAULTS.stallTimeoutMs;
/** One in so many dead connections is followed. */
const SAMPLE = 50;
const SECOND_MS = 1000;

export class Trouble {
  readonly #parts: TroubleParts;
  readonly #unnoticed: Uint32Array;
  /** Lost nodes in the list of each client, and since when it has so many. */
  readonly #listed: Uint32Array;
  readonly #sinceMs: Float64Array;
  readonly #chains: { readonly client: number; failures: number }[] = [];
  /** Tries of the first dead node that a client noticed; 0: it has none. */
  readonly #tries: Uint32Array;
  #requestsLost = 0;
  #notices = 0;
  #noticesPeak = 0;
  #reconnects = 0;
  #reconnectsPeak = 0;

  constructor(parts: TroubleParts) {
    const { clients } = parts.options;
    this.#parts = parts;
    this.#unnoticed = new Uint32Array(clients);
    this.#listed = new Uint32Array(clients);
    this.#tries = new Uint32Array(clients);
    this.#sinceMs = new Float64Array(clients);
  }

  begin({ isSilent, nowMs, versionOf }: { isSilent: boolean; nowMs: number; versionOf(client: number): number }): void {
    const delayMs = isSilent ? STALL_MS : 0;
    for (let client = 0; client < this.#listed.length; client++) {
      const lost = this.#parts.nodes.lostIn(versionOf(client));
      this.#account(client, lost, nowMs);
      if (lost === 0 || !this.#parts.notices) continue;
      this.#unnoticed[client] = lost;
      this.#awaitNotice(client, nowMs + delayMs);
    }
  }

  /** True: the client has found another dead node. */
  notice(client: number, nowMs: number): boolean {
    if (this.#unnoticed[client] === 0) return false;
    this.#unnoticed[client]--;
    this.#notices++;
    if (this.#unnoticed[client] > 0) this.#awaitNotice(client, nowMs);
    if (this.#tries[client] === 0 && this.#parts.asksWhileDown) this.#awaitTry(client, nowMs);
    if (this.#parts.chance.below(SAMPLE) === 0) this.#follow({ client, failures: 0 }, nowMs);
    return true;
  }

  /** True: a node that the client noticed was tried again in vain. The first it noticed stands for all. */
  isStillDown(client: number, nowMs: number): boolean {
    if (this.#listed[client] === 0) {
      this.#tries[client] = 0;
      return false;
    }
    this.#awaitTry(client, nowMs);
    return true;
  }

  reconnect(chain: number, nowMs: number): void {
    const { client } = this.#chains[chain];
    if (this.#listed[client] === 0) return;
    this.#reconnects += SAMPLE;
    this.#awaitReconnect(chain, nowMs + CLIENT_DEFAULTS.connectTimeoutMs);
  }

  /** The client has a newer list, with fewer dead nodes: as many of those left are unnoticed as before, in proportion. */
  learn(client: number, version: number, nowMs: number): void {
    const before = this.#listed[client];
    if (before === 0) return;
    const lost = this.#parts.nodes.lostIn(version);
    this.#account(client, lost, nowMs);
    this.#unnoticed[client] = Math.round((this.#unnoticed[client] * lost) / before);
  }

  endSecond(): void {
    this.#noticesPeak = Math.max(this.#noticesPeak, this.#notices);
    this.#reconnectsPeak = Math.max(this.#reconnectsPeak, this.#reconnects);
    this.#notices = 0;
    this.#reconnects = 0;
  }

  report(learning: LearningWatch): TroubleReport {
    return {
      requestsLostMean: this.#requestsLost / this.#listed.length,
      noticesPeak: this.#noticesPeak,
      reconnectsPeak: this.#reconnectsPeak,
      newConnectionsPeak: this.#connectionsPeak(learning.afterMs(ChangeName.ZONE_REPLACED)),
    };
  }

  #perNodePerMs(): number {
    const { requestsPerSecond, nodes } = this.#parts.options;
    return requestsPerSecond / nodes / SECOND_MS;
  }

  #awaitNotice(client: number, fromMs: number): void {
    const rate = this.#perNodePerMs() * this.#unnoticed[client];
    if (rate > 0) this.#parts.noticeAt(fromMs + this.#parts.chance.waiting(1 / rate), client);
  }

  #follow(chain: { readonly client: number; failures: number }, nowMs: number): void {
    this.#chains.push(chain);
    this.#awaitReconnect(this.#chains.length - 1, nowMs);
  }

  #awaitReconnect(chain: number, fromMs: number): void {
    const failures = ++this.#chains[chain].failures;
    const pauseMs = reconnectPauseMs(failures, CLIENT_DEFAULTS, this.#parts.chance.next());
    this.#parts.reconnectAt(fromMs + pauseMs, chain);
  }

  #awaitTry(client: number, fromMs: number): void {
    const pauseMs = reconnectPauseMs(++this.#tries[client], CLIENT_DEFAULTS, this.#parts.chance.next());
    this.#parts.stillDownAt(fromMs + pauseMs + CLIENT_DEFAULTS.connectTimeoutMs, client);
  }

  #account(client: number, lost: number, nowMs: number): void {
    this.#requestsLost += this.#perNodePerMs() * this.#listed[client] * (nowMs - this.#sinceMs[client]);
    this.#listed[client] = lost;
    this.#sinceMs[client] = nowMs;
  }

  /** A client connects to a new node with its first request there: expected, from when each learned of it. */
  #connectionsPeak(learnedMs: Float64Array): number {
    const share = 1 - Math.exp(-this.#perNodePerMs() * SECOND_MS);
    let [waiting, peak, at] = [0, 0, 0];
    const endMs = learnedMs.at(-1) ?? 0;
    for (let second = 0; second * SECOND_MS <= endMs; second++) {
      for (; at < learnedMs.length && learnedMs[at] < (second + 1) * SECOND_MS; at++) waiting++;
      peak = Math.max(peak, waiting * share);
      waiting *= 1 - share;
    }
    return peak;
  }
}
