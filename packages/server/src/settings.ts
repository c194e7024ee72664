/**
 * What every thread of a server knows of its options, and the few words that change while it runs.
 *
 * Made by server.ts, read by sessions, commands and transports of every worker. The live words are in shared memory and
 * are stored and loaded plainly: a thread may see the old value a moment longer, which is all that memcached promises. Only
 * NOT_ACCEPTING, the number of workers that have stopped accepting, is atomic.
 */
import type { ResolvedServerOptions } from './options.js';

/** `-B`. */
export const BindingProtocol = { AUTO: 0, ASCII: 1, BINARY: 2 } as const;
export type BindingProtocol = (typeof BindingProtocol)[keyof typeof BindingProtocol];

export const TransportName = { URING: 'uring', EPOLL: 'epoll', NET: 'net' } as const;
export type TransportName = (typeof TransportName)[keyof typeof TransportName];

export interface SettingsShared {
  readonly options: ResolvedServerOptions;
  readonly transport: TransportName;
  /** Unix seconds of second 0 of the store's clock. */
  readonly startUnixSeconds: number;
  readonly shoalVersion: string;
  readonly words: SharedArrayBuffer;
}

const Word = { VERBOSITY: 0, DETAIL: 1, NOT_ACCEPTING: 2, PORT: 3, CLOCK_PAUSED: 4, CLOCK_SHIFT: 5 } as const;
const WORDS = 16;

const PROTOCOLS = { auto: BindingProtocol.AUTO, ascii: BindingProtocol.ASCII, binary: BindingProtocol.BINARY } as const;

export function shareSettings(parts: Omit<SettingsShared, 'words'>): SettingsShared {
  const shared = { ...parts, words: new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT) };
  const settings = new Settings(shared);
  settings.verbosity = parts.options.verbosity;
  settings.detailEnabled = parts.options.statsDetail;
  return shared;
}

export class Settings {
  readonly options: ResolvedServerOptions;
  readonly transport: TransportName;
  readonly startUnixSeconds: number;
  readonly shoalVersion: string;
  // Copies of options that commands read on their way
  readonly requestsPerEvent: number;
  readonly protocol: BindingProtocol;
  readonly readBufferMemoryLimitBytes: number;
  readonly threads: number;
  readonly cas: boolean;
  readonly idleTimeoutSeconds: number;
  readonly #words: Int32Array;

  constructor(shared: SettingsShared) {
    const { options } = shared;
    this.options = options;
    this.transport = shared.transport;
    this.startUnixSeconds = shared.startUnixSeconds;
    this.shoalVersion = shared.shoalVersion;
    this.requestsPerEvent = options.requestsPerEvent;
    this.protocol = PROTOCOLS[options.protocol];
    this.readBufferMemoryLimitBytes = options.readBufferMemoryLimitBytes;
    this.threads = options.threads;
    this.cas = options.cas;
    this.idleTimeoutSeconds = options.idleTimeoutSeconds;
    this.#words = new Int32Array(shared.words);
  }

  get verbosity(): number {
    return this.#words[Word.VERBOSITY];
  }

  set verbosity(level: number) {
    this.#words[Word.VERBOSITY] = level;
  }

  /** `stats detail on`. */
  get detailEnabled(): boolean {
    return this.#words[Word.DETAIL] !== 0;
  }

  set detailEnabled(isOn: boolean) {
    this.#words[Word.DETAIL] = Number(isOn);
  }

  /** Whoever closes a connection looks at it to know whether somebody waits for that. */
  get acceptingConnections(): boolean {
    return Atomics.load(this.#words, Word.NOT_ACCEPTING) === 0;
  }

  /** A worker that accepts has reached a limit. */
  stopAccepting(): void {
    Atomics.add(this.#words, Word.NOT_ACCEPTING, 1);
  }

  goOnAccepting(): void {
    Atomics.sub(this.#words, Word.NOT_ACCEPTING, 1);
  }

  /** The first TCP port it listens on, 0 for none. */
  get port(): number {
    return this.#words[Word.PORT];
  }

  set port(port: number) {
    this.#words[Word.PORT] = port;
  }

  /** `debugtime p`: the clock stands still. */
  get clockPaused(): boolean {
    return this.#words[Word.CLOCK_PAUSED] !== 0;
  }

  set clockPaused(isPaused: boolean) {
    this.#words[Word.CLOCK_PAUSED] = Number(isPaused);
  }

  /** `debugtime N`: seconds by which the clock is ahead. */
  get clockShiftSeconds(): number {
    return this.#words[Word.CLOCK_SHIFT];
  }

  set clockShiftSeconds(seconds: number) {
    this.#words[Word.CLOCK_SHIFT] = seconds;
  }
}
