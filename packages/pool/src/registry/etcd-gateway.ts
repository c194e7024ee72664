/**
 * The calls of etcd's v3 API that the registry needs, with several endpoints tried in turn.
 *
 * Used by etcd.ts, etcd-watch.ts and etcd-leadership.ts. A call goes to the endpoint that answered last, then once to each
 * of the others, with a deadline each. The outcome of a write whose answer did not come is unknown: `isRepeated` then
 * says that an earlier attempt may have been carried out. All endpoints failing is a RegistryError UNAVAILABLE.
 */
import { type EndStream, EtcdAnswerError, type Json, postJson, postStream } from './etcd-request.js';
import type { EtcdLocation } from './etcd-url.js';
import { RegistryError, RegistryErrorCode } from './registry.js';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: string;
  readonly lease: string;
}

export interface RangeAnswer {
  readonly revision: bigint;
  readonly etcdClusterId: string;
  readonly entries: readonly KeyValue[];
}

export interface TxnAnswer {
  readonly revision: string;
  readonly succeeded: boolean;
  /** Of the request_range in the branch that was carried out; empty for others. */
  readonly entries: readonly KeyValue[];
  readonly isRepeated: boolean;
}

export interface Txn {
  readonly compare: readonly Json[];
  readonly success: readonly Json[];
  readonly failure: readonly Json[];
}

const GrpcCode = { UNKNOWN: 2, INVALID_ARGUMENT: 3, NOT_FOUND: 5, UNAUTHENTICATED: 16 } as const;

export class EtcdGateway {
  readonly location: EtcdLocation;
  readonly deadlineMs: number;
  /** Told after every call, with the reason of a failure. */
  onOutcome: (isReachable: boolean, reason?: string) => void = () => undefined;
  #preferred = 0;
  #token: string | null = null;

  constructor(location: EtcdLocation, deadlineMs: number) {
    this.location = location;
    this.deadlineMs = deadlineMs;
  }

  /** Every key that begins with this; `since` leaves out what was last changed before that revision. */
  async range(prefix: string, since?: { readonly revision: bigint; readonly limit: number }): Promise<RangeAnswer> {
    const newer =
      since === undefined ? {} : { min_mod_revision: String(since.revision), limit: since.limit, keys_only: true };
    const body = { key: toBase64(prefix), range_end: toBase64(endOfPrefix(prefix)), ...newer };
    return rangeAnswer((await this.#call('/v3/kv/range', body)).answer);
  }

  async get(key: string): Promise<KeyValue | null> {
    const { answer } = await this.#call('/v3/kv/range', { key: toBase64(key) });
    return entriesOf(answer)[0] ?? null;
  }

  async txn(txn: Txn): Promise<TxnAnswer> {
    const { answer, isRepeated } = await this.#call('/v3/kv/txn', { ...txn });
    const responses = (answer.responses ?? []) as { readonly response_range?: Json }[];
    const entries = responses.flatMap(({ response_range: found }) => (found === undefined ? [] : entriesOf(found)));
    return { revision: headerOf(answer).revision, succeeded: answer.succeeded === true, entries, isRepeated };
  }

  async grantLease(ttlSeconds: number): Promise<string> {
    const { answer } = await this.#call('/v3/lease/grant', { TTL: String(ttlSeconds) });
    return String(answer.ID);
  }

  /** False when etcd knows the lease no more. */
  async keepLease(lease: string): Promise<boolean> {
    const { answer } = await this.#call('/v3/lease/keepalive', { ID: lease });
    return Number((answer.result as Json | undefined)?.TTL ?? 0) > 0;
  }

  async revokeLease(lease: string): Promise<void> {
    try {
      await this.#call('/v3/lease/revoke', { ID: lease });
    } catch (error) {
      if (grpcCodeOf(error) !== GrpcCode.NOT_FOUND) throw error;
    }
  }

  /** A watch over a prefix, on the endpoint that is preferred now. A failure makes the next one the preferred. */
  watch(prefix: string, from: bigint, on: { line: (message: Json) => void; end: (error: Error) => void }): EndStream {
    const endpointIndex = this.#preferred;
    const create = {
      key: toBase64(prefix),
      range_end: toBase64(endOfPrefix(prefix)),
      start_revision: String(from),
      progress_notify: true,
    };
    const request = { ...this.#request(endpointIndex, '/v3/watch'), body: { create_request: create } };
    const end = (error: Error): void => {
      this.#moveOn(endpointIndex);
      if (isAuthFailure(error)) this.#token = null;
      on.end(error);
    };
    return postStream(request, { line: on.line, end });
  }

  async #call(path: string, body: Json): Promise<{ readonly answer: Json; readonly isRepeated: boolean }> {
    let failure: unknown;
    let reason = 'there is no endpoint';
    const attempts = this.location.endpoints.length;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const endpointIndex = this.#preferred;
      try {
        const answer = await this.#authenticated(endpointIndex, path, body);
        this.onOutcome(true);
        return { answer, isRepeated: attempt > 0 };
      } catch (error) {
        failure = error;
        reason = `${this.location.endpoints[endpointIndex]}: ${reasonOf(error)}`;
        if (isRefusal(error)) break;
        this.#moveOn(endpointIndex);
      }
    }
    if (!isRefusal(failure)) this.onOutcome(false, reason);
    throw new RegistryError(
      RegistryErrorCode.UNAVAILABLE,
      `Cannot reach the registry ${this.location.name}: ${reason}`,
      { cause: failure },
    );
  }

  /** Tokens of etcd run out: one that is refused is replaced once. */
  async #authenticated(endpointIndex: number, path: string, body: Json): Promise<Json> {
    if (this.location.credentials === null) return postJson({ ...this.#request(endpointIndex, path), body });
    const isFresh = this.#token === null;
    if (isFresh) await this.#authenticate(endpointIndex);
    try {
      return await postJson({ ...this.#request(endpointIndex, path), body });
    } catch (error) {
      if (isFresh || !isAuthFailure(error)) throw error;
      await this.#authenticate(endpointIndex);
      return postJson({ ...this.#request(endpointIndex, path), body });
    }
  }

  async #authenticate(endpointIndex: number): Promise<void> {
    this.#token = null;
    const answer = await postJson({
      ...this.#request(endpointIndex, '/v3/auth/authenticate'),
      body: { ...this.location.credentials },
    });
    this.#token = String(answer.token);
  }

  #request(endpointIndex: number, path: string) {
    const endpoint = this.location.endpoints[endpointIndex] ?? '';
    return { endpoint, path, token: this.#token, deadlineMs: this.deadlineMs };
  }

  #moveOn(from: number): void {
    if (this.#preferred === from) this.#preferred = (from + 1) % this.location.endpoints.length;
  }
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The first key after all keys that begin with this; a prefix ends in a slash, so its last byte has a successor. */
function endOfPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

export function headerOf(answer: Json): { readonly revision: string; readonly clusterId: string } {
  const header = (answer.header ?? {}) as Json;
  return { revision: String(header.revision ?? 0), clusterId: String(header.cluster_id ?? '') };
}

/** One entry as the gateway writes it; zeros and empty strings are left out there. */
export function keyValueOf(entry: Json): KeyValue {
  return {
    key: fromBase64(entry.key),
    value: fromBase64(entry.value),
    modRevision: String(entry.mod_revision ?? 0),
    lease: String(entry.lease ?? 0),
  };
}

function entriesOf(answer: Json): KeyValue[] {
  return ((answer.kvs ?? []) as Json[]).map(keyValueOf);
}

function rangeAnswer(answer: Json): RangeAnswer {
  const { revision, clusterId } = headerOf(answer);
  return { revision: BigInt(revision), etcdClusterId: clusterId, entries: entriesOf(answer) };
}

function fromBase64(text: unknown): string {
  return Buffer.from(String(text ?? ''), 'base64').toString('utf8');
}

function grpcCodeOf(error: unknown): number | null {
  const cause = error instanceof RegistryError ? error.cause : error;
  return cause instanceof EtcdAnswerError ? cause.grpcCode : null;
}

/** Another endpoint would answer the same. */
function isRefusal(error: unknown): boolean {
  const code = grpcCodeOf(error);
  return code === GrpcCode.NOT_FOUND || code === GrpcCode.INVALID_ARGUMENT;
}

/** etcd 3.4 answers a stale token with UNAUTHENTICATED, and a forgotten one with UNKNOWN or INVALID_ARGUMENT. */
function isAuthFailure(error: unknown): boolean {
  return (
    error instanceof EtcdAnswerError && (error.grpcCode === GrpcCode.UNAUTHENTICATED || /auth/.test(error.message))
  );
}

/** Node.js gives a refused connection to a name with several addresses an empty message and a code. */
function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' ? (code ?? 'no connection') : message;
}
