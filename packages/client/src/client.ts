/**
 * The client: memcached's operations over all nodes of a cluster, as promises.
 *
 *   const client = new Client('endpoint:11211');   // asks it for the nodes and follows their changes
 *   await client.set('greeting', 'hello', { ttlSeconds: 60 });
 *
 * For applications. Requests of one tick leave in one write a node and are answered in order; a miss is undefined or false,
 * never an error; every failure is a ClientError (errors.ts). docs/client.md tells how it behaves when nodes fail or change.
 */
import { EventEmitter } from 'node:events';
import { Dispatcher } from './dispatcher.js';
import { BadOptionsError, type ClientError, isUnreachable, PartialFailureError } from './errors.js';
import type { ClientEvents } from './events.js';
import { Flights, type GetOrSetOptions, type LeaseClient, type Load, leaseSeconds } from './get-or-set.js';
import type { NodeLink } from './node-link.js';
import {
  type CallOptions,
  type CountOptions,
  countSuffix,
  exptimeOf,
  type ReadOptions,
  type StoreOptions,
  storeSuffix,
  wholeSeconds,
} from './operation-flags.js';
import { type ClientOptions, type ClientTarget, MS_MAX, type ResolvedOptions, resolveOptions } from './options.js';
import type { CasResult, LeaseReply, ValueWithCas } from './reply-results.js';
import { type Key, Op, Request, Verb } from './request.js';
import { encodeValue } from './values.js';

/** Rows of `stats` of one node, or why it has none. */
export type NodeStats = Readonly<Record<string, string>> | ClientError;

const STATS_GROUP_PATTERN = /^[a-z0-9_ ]{0,100}$/;

export class Client extends EventEmitter<ClientEvents> {
  readonly #options: ResolvedOptions;
  readonly #dispatcher: Dispatcher;
  readonly #flights: Flights;

  /** Begins to look for the nodes; throws a BadOptionsError. */
  constructor(target: ClientTarget, options: ClientOptions = {}) {
    super();
    this.#options = resolveOptions(target, options);
    this.#dispatcher = new Dispatcher(this.#options, (name, ...args) => {
      process.nextTick(() => this.emit(name as 'topology', ...(args as ClientEvents['topology'])));
    });
    this.#flights = new Flights(this.#leaseClient());
    this.#dispatcher.topology.start();
  }

  /** The nodes as `host:port`, in the order of the list; empty before the first one. */
  get nodes(): readonly string[] {
    return this.#dispatcher.topology.links.map(({ name }) => name);
  }

  /** The value, or undefined if there is none. */
  get<Value = unknown>(key: Key, options?: ReadOptions): Promise<Value | undefined> {
    return this.#read(new Request(Op.GET, 'get', Verb.MG, key, ' v f', null, options?.as ?? null), options, undefined);
  }

  /** The same with the CAS that `cas` wants. */
  gets<Value = unknown>(key: Key, options?: ReadOptions): Promise<ValueWithCas<Value> | undefined> {
    const request = new Request(Op.GETS, 'gets', Verb.MG, key, ' v f c', null, options?.as ?? null);
    return this.#read(request, options, undefined);
  }

  /** Values by key, in the order of `keys`; keys that are not there are left out. */
  async getMany<Value = unknown, K extends Key = string>(
    keys: Iterable<K>,
    options?: ReadOptions,
  ): Promise<Map<K, Value>> {
    const wanted = [...keys];
    const found = new Map<K, Value>();
    if (wanted.length === 0) return found;
    const request = new Request(Op.GET_MANY, 'getMany', Verb.MG, '', ' v f', null, options?.as ?? null);
    request.keys = wanted;
    const values = await this.#read<(Value | undefined)[]>(request, options, []);
    for (let index = 0; index < wanted.length; index++) {
      const value = values[index];
      if (value !== undefined) found.set(wanted[index], value);
    }
    return found;
  }

  /** The value, whose lifetime begins anew. */
  gat<Value = unknown>(key: Key, ttlSeconds: number, options?: ReadOptions): Promise<Value | undefined> {
    return this.#checked(() => {
      const suffix = ` v f T${exptimeOf(ttlSeconds)}`;
      return this.#read(
        new Request(Op.GET, 'gat', Verb.MG, key, suffix, null, options?.as ?? null),
        options,
        undefined,
      );
    });
  }

  set(key: Key, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#store(Op.SET, 'set', key, value, '', options);
  }

  /** Stores them all; a PartialFailureError tells which were not stored. */
  setMany(entries: Iterable<readonly [Key, unknown]>, options?: StoreOptions): Promise<void>;
  setMany(entries: Readonly<Record<string, unknown>>, options?: StoreOptions): Promise<void>;
  async setMany(
    entries: Iterable<readonly [Key, unknown]> | Readonly<Record<string, unknown>>,
    options?: StoreOptions,
  ): Promise<void> {
    const list = Symbol.iterator in entries ? [...(entries as Iterable<[Key, unknown]>)] : Object.entries(entries);
    const work = list.map(([key, value]) => [key, this.#store(Op.SET, 'setMany', key, value, '', options)] as const);
    await allOf('setMany', work);
  }

  /** Stores it if there is none; tells whether it did. */
  add(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#store(Op.STORE, 'add', key, value, ' ME', options);
  }

  /** Stores it if there is one; tells whether it did. */
  replace(key: Key, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#store(Op.STORE, 'replace', key, value, ' MR', options);
  }

  /** Adds to the end of a value; false if there is none. Its flags and lifetime stay. */
  append(key: Key, value: string | Uint8Array, options?: CallOptions): Promise<boolean> {
    return this.#store(Op.STORE, 'append', key, value, ' MA', options);
  }

  prepend(key: Key, value: string | Uint8Array, options?: CallOptions): Promise<boolean> {
    return this.#store(Op.STORE, 'prepend', key, value, ' MP', options);
  }

  /** Stores it if nobody has changed the item since `gets` told this CAS. */
  cas(key: Key, value: unknown, cas: bigint, options?: StoreOptions): Promise<CasResult> {
    return this.#store(Op.CAS, 'cas', key, value, ` C${BigInt.asUintN(64, cas)}`, options);
  }

  /** Tells whether there was one. */
  delete(key: Key, options?: CallOptions): Promise<boolean> {
    return this.#run(new Request(Op.CHANGE, 'delete', Verb.MD, key, '', null, null), options);
  }

  /** Marks it stale: getOrSet hands it out for at most so long while one caller loads it anew. False if there is none. */
  invalidate(key: Key, options: CallOptions & { readonly staleSeconds: number }): Promise<boolean> {
    return this.#checked(() => {
      const suffix = ` I T${exptimeOf(options.staleSeconds)}`;
      return this.#run(new Request(Op.CHANGE, 'invalidate', Verb.MD, key, suffix, null, null), options);
    });
  }

  /** Begins its lifetime anew; false if there is none. */
  touch(key: Key, ttlSeconds: number, options?: CallOptions): Promise<boolean> {
    return this.#checked(() => {
      const suffix = ` T${exptimeOf(ttlSeconds)}`;
      return this.#run(new Request(Op.CHANGE, 'touch', Verb.MG, key, suffix, null, null), options);
    });
  }

  /** The new number; undefined if there is no counter and no `initial`. A bigint for a bigint, exact up to 2⁶⁴. */
  incr(key: Key, delta: bigint, options?: CountOptions): Promise<bigint | undefined>;
  incr(key: Key, delta?: number, options?: CountOptions): Promise<number | undefined>;
  incr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count('incr', ' MI', key, delta, options);
  }

  /** The same downwards; it stops at 0. */
  decr(key: Key, delta: bigint, options?: CountOptions): Promise<bigint | undefined>;
  decr(key: Key, delta?: number, options?: CountOptions): Promise<number | undefined>;
  decr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count('decr', ' MD', key, delta, options);
  }

  /** The value, or what `load` returns for it: of all processes that ask at one time, one loads. */
  getOrSet<Value>(key: Key, load: Load<Value>, options: GetOrSetOptions = {}): Promise<Value> {
    return this.#flights.getOrSet(key, load, options);
  }

  /** Empties all nodes, now or in so many seconds. */
  async flush(options: CallOptions & { readonly delaySeconds?: number } = {}): Promise<void> {
    const delay = options.delaySeconds === undefined ? '' : ` ${wholeSeconds('delaySeconds', options.delaySeconds)}`;
    const ask = (): Request => new Request(Op.FLUSH, 'flush', Verb.MG, `flush_all${delay}`, '', null, null);
    const work = (await this.#links(options)).map((link) => [link.name, this.#runAt(link, ask(), options)] as const);
    await allOf('flush', work);
  }

  /** Statistics of each node by `host:port`; `group` is `items`, `slabs`, `settings`, … */
  async stats(group = '', options?: CallOptions): Promise<Map<string, NodeStats>> {
    if (!STATS_GROUP_PATTERN.test(group)) throw new BadOptionsError([`"${group}" is no group of statistics`]);
    const line = group === '' ? 'stats' : `stats ${group}`;
    const rows = (await this.#links(options)).map(async (link): Promise<[string, NodeStats]> => {
      const request = new Request(Op.STATS, 'stats', Verb.MG, line, '', null, null);
      return [link.name, await this.#runAt<NodeStats>(link, request, options).catch((error: ClientError) => error)];
    });
    return new Map(await Promise.all(rows));
  }

  /** Takes no more requests, finishes those in flight, then closes the connections. Any number of calls. */
  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  /** Closes at once; requests in flight fail with CLIENT_CLOSED. */
  destroy(): void {
    this.#dispatcher.destroy();
  }

  #store<Result>(
    op: Op,
    name: string,
    key: Key,
    value: unknown,
    mode: string,
    options: StoreOptions | undefined,
  ): Promise<Result> {
    return this.#checked(() => {
      const { flags, bytes } = encodeValue(value);
      return this.#run(new Request(op, name, Verb.MS, key, storeSuffix(flags, mode, options), bytes, null), options);
    });
  }

  async #count<Delta extends number | bigint>(
    name: string,
    mode: string,
    key: Key,
    delta: Delta,
    options?: CountOptions,
  ): Promise<number | bigint | undefined> {
    const suffix = countSuffix(mode, delta, options);
    const count = await this.#run<bigint | undefined>(
      new Request(Op.COUNT, name, Verb.MA, key, suffix, null, null),
      options,
    );
    return count === undefined || typeof delta === 'bigint' ? count : Number(count);
  }

  #leaseClient(): LeaseClient {
    return {
      lease: (key, options) => this.#lease(key, options),
      storeLoaded: (key, value, cas, options) =>
        this.#store(Op.CAS, 'getOrSet', key, value, cas === null ? '' : ` C${cas}`, {
          ttlSeconds: options.ttlSeconds,
          timeoutMs: options.timeoutMs,
        }),
      giveUp: (key, cas, keepsValue, { timeoutMs }) => {
        const suffix = keepsValue ? ` I C${cas}` : ` C${cas}`;
        return this.#run(new Request(Op.CHANGE, 'getOrSet', Verb.MD, key, suffix, null, null), { timeoutMs });
      },
    };
  }

  #lease(key: Key, options: GetOrSetOptions): Promise<LeaseReply | undefined> {
    return this.#checked(() => {
      const { recacheSeconds, timeoutMs } = options;
      const recache = recacheSeconds === undefined ? '' : ` R${wholeSeconds('recacheSeconds', recacheSeconds)}`;
      const suffix = ` v f c N${wholeSeconds('leaseSeconds', leaseSeconds(options))}${recache}`;
      return this.#run(new Request(Op.LEASE, 'getOrSet', Verb.MG, key, suffix, null, null), { timeoutMs });
    });
  }

  /** What a bad argument throws becomes a rejection. */
  #checked<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return work();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #run<Result>(request: Request, options: CallOptions | undefined): Promise<Result> {
    this.#prepare(request, options);
    return this.#dispatcher.run(request);
  }

  #runAt<Result>(link: NodeLink, request: Request, options: CallOptions | undefined): Promise<Result> {
    this.#prepare(request, options);
    return this.#dispatcher.runAt(link, request);
  }

  #prepare(request: Request, options: CallOptions | undefined): void {
    const timeoutMs = options?.timeoutMs ?? this.#options.timeoutMs;
    if (!(timeoutMs >= 1 && timeoutMs <= MS_MAX)) {
      request.fail(new BadOptionsError([`timeoutMs is not a number from 1 to ${MS_MAX}`]));
    }
    request.timeoutMs = timeoutMs;
    if (options?.signal !== undefined && !request.isSettled) this.#dispatcher.watch(request, options.signal);
  }

  #read<Result>(request: Request, options: ReadOptions | undefined, miss: Result): Promise<Result> {
    const reading = this.#run<Result>(request, options);
    if (this.#options.deadReads === 'error') return reading;
    return reading.catch((error: ClientError) => {
      if (isUnreachable(error)) return miss;
      throw error;
    });
  }

  /** All nodes, once there is a list. */
  async #links(options: CallOptions | undefined): Promise<readonly NodeLink[]> {
    await this.#dispatcher.known(options?.timeoutMs ?? this.#options.timeoutMs);
    return this.#dispatcher.topology.links;
  }
}

/** Waits for all, then tells of those that failed. */
async function allOf(name: string, work: readonly (readonly [Key, Promise<unknown>])[]): Promise<void> {
  const failures = new Map<Key, ClientError>();
  const outcomes = await Promise.allSettled(work.map(([, promise]) => promise));
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') failures.set(work[index][0], outcome.reason);
  }
  if (failures.size > 0) throw new PartialFailureError(name, failures, work.length);
}
