/**
 * One request from the call to its reply: what to write, who waits, until when.
 *
 * Made by Client, written by BatchWriter, kept in the order of its replies by a Connection, answered by reply-results.ts.
 * A request can be written again, to another node, as long as nobody has been told its outcome. Once settled it stays in
 * its connection's queue until its reply has been consumed.
 */
import type { ClientError } from './errors.js';
import type { ReadAs } from './values.js';

export type Key = string | Uint8Array;

/** How the reply is read. */
export const Op = {
  GET: 0,
  GETS: 1,
  /** Several mg lines, several replies, one promise. */
  GET_MANY: 2,
  /** mg with N and R: what getOrSet asks. */
  LEASE: 3,
  SET: 4,
  /** add, replace, append, prepend: true or false. */
  STORE: 5,
  CAS: 6,
  /** delete, touch, invalidate: true if there was an item. */
  CHANGE: 7,
  COUNT: 8,
  NOOP: 9,
  FLUSH: 10,
  STATS: 11,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** The two letters in front of the key, as one number: high byte first. */
export const Verb = { MG: 0x6d67, MS: 0x6d73, MD: 0x6d64, MA: 0x6d61 } as const;
export type Verb = (typeof Verb)[keyof typeof Verb];

type Resolve = (value: never) => void;
type Reject = (error: Error) => void;

let capturedResolve: unknown;
let capturedReject: unknown;
/** One executor for all promises: a closure a request would be one more allocation. */
function capture(resolve: unknown, reject: unknown): void {
  capturedResolve = resolve;
  capturedReject = reject;
}

export class Request {
  readonly op: Op;
  /** For messages and diagnostics: `get`, `add`, … */
  readonly name: string;
  readonly verb: Verb;
  /** The key, or for NOOP, FLUSH and STATS the whole line without its end. */
  readonly key: Key;
  /** The flags, each with its blank. */
  readonly suffix: string;
  /** What ms sends. */
  readonly value: Key | null;
  readonly as: ReadAs | null;
  /** GET_MANY only. */
  keys: readonly Key[] | null = null;
  /** GET_MANY: values so far, STATS: rows so far. */
  results: unknown[] | null = null;
  failure: ClientError | null = null;
  timeoutMs: number;
  deadlineAtMs = 0;
  /** `host:port` of the node that it was last sent to. */
  node: string | null = null;
  isRetried = false;
  isSettled = false;
  signal: AbortSignal | null = null;
  onAbort: (() => void) | null = null;
  resolve: Resolve;
  reject: Reject;
  readonly promise: Promise<never>;

  constructor(op: Op, name: string, verb: Verb, key: Key, suffix: string, value: Key | null, as: ReadAs | null) {
    this.op = op;
    this.name = name;
    this.verb = verb;
    this.key = key;
    this.suffix = suffix;
    this.value = value;
    this.as = as;
    this.timeoutMs = 0;
    this.promise = new Promise<never>(capture as never);
    this.resolve = capturedResolve as Resolve;
    this.reject = capturedReject as Reject;
  }

  /** Tells the caller; a request that is settled already stays as it is. */
  succeed(value: unknown): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (this.onAbort !== null) this.#forgetSignal();
    this.resolve(value as never);
  }

  fail(error: Error): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (this.onAbort !== null) this.#forgetSignal();
    this.reject(error);
  }

  #forgetSignal(): void {
    this.signal?.removeEventListener('abort', this.onAbort as () => void);
    this.onAbort = null;
    this.signal = null;
  }
}

/** Whether a second execution leaves the cache as one would, and tells the same. LEASE is not: a win is handed out once. */
export function isIdempotent(request: Request): boolean {
  switch (request.op) {
    case Op.LEASE:
    case Op.STORE:
    case Op.CAS:
    case Op.COUNT:
      return false;
    default:
      return true;
  }
}

/** Reads that load nothing. */
export function isRead(request: Request): boolean {
  return request.op === Op.GET || request.op === Op.GETS || request.op === Op.GET_MANY;
}
