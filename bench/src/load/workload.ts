// A workload: which requests a batch holds, in which dialect, and how long their replies are. Described by the caller (load-options.ts, rows.ts),
// turned into bytes by BatchComposer, which load-loop.ts calls once per batch. One operation = one key read or written,
// so a get of 50 keys counts 50. No allocation after construction.
import { binaryExchanges } from './binary-exchanges.js';
import type { KeySpace } from './key-space.js';
import { metaExchanges } from './meta-exchanges.js';
import type { Random } from './random.js';
import { respExchanges } from './resp-exchanges.js';
import { type DialectExchanges, type Exchange, Template } from './template.js';
import { textExchanges } from './text-exchanges.js';

export const DIALECTS = ['text', 'meta', 'binary'] as const;
export const VERBS = ['get', 'set', 'mix', 'mget', 'miss'] as const;
/** memcached's, and redis's, which only the reference of `pnpm bench` speaks. */
export type DialectName = (typeof DIALECTS)[number] | 'resp';
export type Verb = (typeof VERBS)[number];

export interface Workload {
  readonly verb: Verb;
  readonly dialect: DialectName;
  /** Requests sent together before the replies are awaited. */
  readonly depth: number;
  /** Keys of one mget. */
  readonly keysPerGet: number;
  readonly valueBytes: number;
}

const EXCHANGES: Record<DialectName, (keys: KeySpace) => DialectExchanges> = {
  text: textExchanges,
  meta: metaExchanges,
  binary: binaryExchanges,
  resp: respExchanges,
};
const MIX_GETS_PERCENT = 90;
const PRELOAD_DEPTH = 16;
const PRELOAD_BYTES = 256 * 1024;

export class BatchComposer {
  /** Where the composed requests and their replies end. */
  requestEnd = 0;
  replyEnd = 0;
  readonly isBinary: boolean;
  readonly operationsPerBatch: number;
  private readonly workload: Workload;
  private readonly random: Random;
  private keyCount: number;
  private firstKey = 0;
  private readonly get: Pair;
  private readonly set: Pair;
  private readonly miss: Pair;
  private readonly manyOpen: Pair;
  private readonly manyEach: Pair;
  private readonly manyClose: Pair;
  private opaque = 0;

  constructor(keys: KeySpace, workload: Workload, choice: { random: Random; keyCount: number }) {
    const exchanges = EXCHANGES[workload.dialect](keys);
    this.workload = workload;
    this.random = choice.random;
    this.keyCount = choice.keyCount;
    this.isBinary = exchanges.isBinary;
    this.operationsPerBatch = workload.depth * (workload.verb === 'mget' ? workload.keysPerGet : 1);
    this.get = pair(keys, exchanges.get);
    this.set = pair(keys, exchanges.set);
    this.miss = pair(keys, exchanges.miss);
    this.manyOpen = pair(keys, exchanges.manyOpen);
    this.manyEach = pair(keys, exchanges.manyEach);
    this.manyClose = pair(keys, exchanges.manyClose);
  }

  /** Keys stored by one batch of the preload. */
  get preloadDepth(): number {
    return Math.max(1, Math.min(PRELOAD_DEPTH, Math.floor(PRELOAD_BYTES / this.set.request.bytes)));
  }

  /** Room that the requests or the replies of any batch of this workload can need, the preload's included. */
  get roomBytes(): number {
    const { verb, depth, keysPerGet } = this.workload;
    const { get, set, miss, manyOpen, manyEach, manyClose } = this;
    const preload = largest(set) * this.preloadDepth;
    if (verb !== 'mget') return Math.max(preload, Math.max(largest(get), largest(set), largest(miss)) * depth);
    return Math.max(preload, (largest(manyOpen) + largest(manyEach) * keysPerGet + largest(manyClose)) * depth);
  }

  /** The keys to choose from: `count` from `first` on. */
  useKeys(first: number, count: number): void {
    this.firstKey = first;
    this.keyCount = count;
  }

  /** One batch of the workload with keys chosen at random. */
  compose(requestAt: number, replyAt: number): void {
    this.requestEnd = requestAt;
    this.replyEnd = replyAt;
    for (let i = this.workload.depth; i > 0; i--) this.composeOne();
  }

  /** Sets of `count` keys from `first` on. */
  composePreload(requestAt: number, replyAt: number, keys: { first: number; count: number }): void {
    this.requestEnd = requestAt;
    this.replyEnd = replyAt;
    for (let key = keys.first; key < keys.first + keys.count; key++) this.append(this.set, key);
  }

  /** A get of one key. */
  composeGet(requestAt: number, replyAt: number, key: number): void {
    this.requestEnd = requestAt;
    this.replyEnd = replyAt;
    this.append(this.get, key);
  }

  private composeOne(): void {
    const { verb } = this.workload;
    if (verb === 'mget') this.composeMany();
    else this.append(this.exchangeFor(verb), this.anyKey());
  }

  private exchangeFor(verb: Exclude<Verb, 'mget'>): Pair {
    if (verb === 'mix') return this.random.below(100) < MIX_GETS_PERCENT ? this.get : this.set;
    return this[verb];
  }

  private composeMany(): void {
    this.append(this.manyOpen, 0);
    for (let i = this.workload.keysPerGet; i > 0; i--) this.append(this.manyEach, this.anyKey());
    this.append(this.manyClose, 0);
  }

  private append(exchange: Pair, key: number): void {
    this.opaque = (this.opaque + 1) | 0;
    this.requestEnd = exchange.request.stamp(this.requestEnd, key, this.opaque);
    this.replyEnd = exchange.reply.stamp(this.replyEnd, key, this.opaque);
  }

  private anyKey(): number {
    return this.firstKey + this.random.below(this.keyCount);
  }
}

interface Pair {
  readonly request: Template;
  readonly reply: Template;
}

function largest({ request, reply }: Pair): number {
  return Math.max(request.bytes, reply.bytes);
}

function pair(keys: KeySpace, exchange: Exchange): Pair {
  return { request: new Template(keys, exchange.request), reply: new Template(keys, exchange.reply) };
}
