/**
 * getOrSet: read a value or have exactly one caller load it, across processes, with memcached's vivify, stale and win flags.
 *
 * Behind Client.getOrSet. `mg … N R` makes an empty item on a miss and tells one asker that it has won (W), all others that
 * somebody has (Z); a stale item (X) or one near its end (R) is won likewise. The winner loads and stores under the CAS of
 * its win, so that an invalidation meanwhile is not overwritten; a failed load gives the win back. Losers get the stale
 * value, or ask again with growing pauses until waitMs. Inside one process all callers of a key share one flight.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, ClientErrorCode, RequestAbortedError } from './errors.js';
import type { LeaseReply } from './reply-results.js';
import type { Key } from './request.js';

export interface GetOrSetOptions {
  /** How long a loaded value lives; 0, the default, for ever. */
  readonly ttlSeconds?: number;
  /** A value with less than this left to live is loaded anew by one caller while the others still get it. */
  readonly recacheSeconds?: number;
  /** How long a winner may take before another may win; 30 unless given. */
  readonly leaseSeconds?: number;
  /** How long to wait for another's load before loading after all; the lease unless given. */
  readonly waitMs?: number;
  /** For each request to the node. */
  readonly timeoutMs?: number;
  /** Gives up waiting; the flight goes on for others. */
  readonly signal?: AbortSignal;
  /** When the cache cannot be reached: load without it, or fail. `load` unless given. */
  readonly onCacheError?: 'load' | 'throw';
}

/** What it needs of a client. */
export interface LeaseClient {
  lease(key: Key, options: GetOrSetOptions): Promise<LeaseReply | undefined>;
  /** Stores under this CAS, or without one. */
  storeLoaded(key: Key, value: unknown, cas: string | null, options: GetOrSetOptions): Promise<unknown>;
  /** Lets another win: removes the empty item of this CAS, or marks the found one stale. */
  giveUp(key: Key, cas: string, keepsValue: boolean, options: GetOrSetOptions): Promise<unknown>;
}

export type Load<Value> = () => Value | Promise<Value>;

const LEASE_SECONDS = 30;
const FIRST_PAUSE_MS = 10;
const PAUSE_MAX_MS = 250;

/** These are the caller's doing, and loading would hide them. */
const CALLERS_OWN: readonly ClientErrorCode[] = [
  ClientErrorCode.BAD_KEY,
  ClientErrorCode.BAD_OPTIONS,
  ClientErrorCode.CLIENT_CLOSED,
  ClientErrorCode.ABORTED,
];

export class Flights {
  readonly #client: LeaseClient;
  readonly #flights = new Map<string, Promise<unknown>>();

  constructor(client: LeaseClient) {
    this.#client = client;
  }

  /** Joins the flight of this key, or starts one. */
  getOrSet<Value>(key: Key, load: Load<Value>, options: GetOrSetOptions): Promise<Value> {
    const name = flightName(key);
    let flight = this.#flights.get(name) as Promise<Value> | undefined;
    if (flight === undefined) {
      flight = this.#fly(key, load, options).finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    return options.signal === undefined ? flight : abortable(flight, options.signal);
  }

  async #fly<Value>(key: Key, load: Load<Value>, options: GetOrSetOptions): Promise<Value> {
    const patienceMs = options.waitMs ?? leaseSeconds(options) * 1000;
    const waitUntilMs = performance.now() + patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
      const reply = await this.#ask(key, options);
      if (reply === undefined) return load();
      if (reply.isWon) return this.#loadAsWinner(key, load, reply, options);
      if (reply.found !== undefined) return reply.found.value as Value;
      const leftMs = waitUntilMs - performance.now();
      if (leftMs <= 0) return this.#loadUnasked(key, load, options);
      await pause(Math.min(leftMs, pauseMs * (0.5 + Math.random() / 2)));
    }
  }

  /** Undefined: the cache cannot be asked, and the caller wants the value all the same. */
  async #ask(key: Key, options: GetOrSetOptions): Promise<LeaseReply | undefined> {
    try {
      return await this.#client.lease(key, options);
    } catch (error) {
      if (options.onCacheError === 'throw' || !(error instanceof ClientError)) throw error;
      if (CALLERS_OWN.includes(error.code)) throw error;
      return undefined;
    }
  }

  /** A value that is still good survives a load that fails; a stale one does not stand in for it. */
  async #loadAsWinner<Value>(
    key: Key,
    load: Load<Value>,
    { cas, found, isStale }: LeaseReply,
    options: GetOrSetOptions,
  ): Promise<Value> {
    let value: Value;
    try {
      value = await load();
    } catch (error) {
      await this.#tolerate(() => this.#client.giveUp(key, cas, found !== undefined, options));
      if (found !== undefined && !isStale) return found.value as Value;
      throw error;
    }
    try {
      await this.#client.storeLoaded(key, value, cas, options);
    } catch (error) {
      await this.#tolerate(() => this.#client.giveUp(key, cas, found !== undefined, options));
      passOn(error, options);
    }
    return value;
  }

  /** Nobody else came back in time. */
  async #loadUnasked<Value>(key: Key, load: Load<Value>, options: GetOrSetOptions): Promise<Value> {
    const value = await load();
    try {
      await this.#client.storeLoaded(key, value, null, options);
    } catch (error) {
      passOn(error, options);
    }
    return value;
  }

  async #tolerate(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }
}

/** The value is there: that it could not be stored is the cache's loss, unless the caller wants to know. */
function passOn(error: unknown, { onCacheError }: GetOrSetOptions): void {
  const isCallers = error instanceof ClientError && error.code === ClientErrorCode.BAD_VALUE;
  if (onCacheError === 'throw' || isCallers || !(error instanceof ClientError)) throw error;
}

export function leaseSeconds({ leaseSeconds: given }: GetOrSetOptions): number {
  return given ?? LEASE_SECONDS;
}

function flightName(key: Key): string {
  return Buffer.from(key as string).toString('latin1');
}

function abortable<Value>(flight: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const withdraw = (): void => reject(new RequestAbortedError('getOrSet', { cause: signal.reason }));
    if (signal.aborted) withdraw();
    signal.addEventListener('abort', withdraw, { once: true });
    const forget = (): void => signal.removeEventListener('abort', withdraw);
    flight.then(resolve, reject).finally(forget);
  });
}
