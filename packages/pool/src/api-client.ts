/**
 * Asks a pool daemon over its unix socket: what `shoal cluster`, `shoal node` and tests speak through.
 *
 * Light to import on purpose: node:http and types, no schema, no logger; the server checks requests and says what is
 * wrong with them. Each call opens a connection of its own and ends by a deadline; a refusal is a PoolApiError with the
 * pool's code and words. Answers are bounded in size.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { PoolErrorCode } from './api/errors.js';
import type {
  CacheClusterResult,
  DescribeCacheClustersResult,
  DescribePoolResult,
  StopPoolResult,
} from './api/results.js';
import type {
  CreateCacheClusterRequest,
  DeleteCacheClusterRequest,
  DescribeCacheClustersRequest,
  ModifyCacheClusterRequest,
  RebootCacheClusterRequest,
  ReplaceCacheNodeRequest,
  StopPoolRequest,
} from './api/shapes.js';

export type { PoolErrorCode } from './api/errors.js';
export type * from './api/results.js';
export type * from './api/shapes.js';
export type { ClusterStatus, DriverKind, NodePhase, NodeStatus } from './model.js';

const TIMEOUT_DEFAULT_MS = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** What can go wrong on the way, besides what a pool refuses. */
export const ApiClientErrorCode = {
  /** No daemon listens there. */
  NOT_RUNNING: 'NOT_RUNNING',
  /** The socket belongs to somebody else. */
  NOT_PERMITTED: 'NOT_PERMITTED',
  /** The deadline passed. Whether the request was carried out is unknown. */
  TIMEOUT: 'TIMEOUT',
  /** The caller's signal ended it. */
  ABORTED: 'ABORTED',
  /** The daemon went away before it answered. Whether the request was carried out is unknown. */
  DISCONNECTED: 'DISCONNECTED',
  /** What came back is no answer of a pool. */
  BAD_ANSWER: 'BAD_ANSWER',
} as const;
export type ApiClientErrorCode = (typeof ApiClientErrorCode)[keyof typeof ApiClientErrorCode];

export class PoolApiError extends Error {
  readonly code: PoolErrorCode | ApiClientErrorCode;

  constructor(code: PoolErrorCode | ApiClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PoolApiError';
    this.code = code;
  }
}

export interface PoolClientOptions {
  readonly socketPath: string;
  /** For each call as a whole; 30 s unless given. */
  readonly timeoutMs?: number;
  /** Ends every call of this client. */
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class PoolClient {
  readonly socketPath: string;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | null;

  constructor(where: string | PoolClientOptions) {
    const options = typeof where === 'string' ? { socketPath: where } : where;
    this.socketPath = options.socketPath;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_DEFAULT_MS;
    this.#signal = options.signal ?? null;
  }

  createCacheCluster(request: CreateCacheClusterRequest): Promise<CacheClusterResult> {
    return this.#ask('CreateCacheCluster', request);
  }

  describeCacheClusters(request: DescribeCacheClustersRequest = {}): Promise<DescribeCacheClustersResult> {
    return this.#ask('DescribeCacheClusters', request);
  }

  modifyCacheCluster(request: ModifyCacheClusterRequest): Promise<CacheClusterResult> {
    return this.#ask('ModifyCacheCluster', request);
  }

  rebootCacheCluster(request: RebootCacheClusterRequest): Promise<CacheClusterResult> {
    return this.#ask('RebootCacheCluster', request);
  }

  deleteCacheCluster(request: DeleteCacheClusterRequest): Promise<CacheClusterResult> {
    return this.#ask('DeleteCacheCluster', request);
  }

  replaceCacheNode(request: ReplaceCacheNodeRequest): Promise<CacheClusterResult> {
    return this.#ask('ReplaceCacheNode', request);
  }

  describePool(): Promise<DescribePoolResult> {
    return this.#ask('DescribePool', {});
  }

  /** Resolves when the daemon has heard it; its socket goes away when it has stopped. */
  stopPool(request: StopPoolRequest = {}): Promise<StopPoolResult> {
    return this.#ask('StopPool', request);
  }

  async #ask<Result>(action: string, request: object): Promise<Result> {
    const { status, body } = await this.#post(`/actions/${action}`, JSON.stringify(request));
    const parsed = parseJson(body);
    if (status === 200 && isObject(parsed)) return parsed as Result;
    if (isObject(parsed) && typeof parsed.code === 'string' && typeof parsed.message === 'string') {
      throw new PoolApiError(parsed.code as PoolErrorCode, parsed.message);
    }
    throw new PoolApiError(
      ApiClientErrorCode.BAD_ANSWER,
      `Cannot understand what ${this.socketPath} answers: status ${status} and no JSON of a pool`,
    );
  }

  #post(path: string, body: string): Promise<Answer> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    const signal = this.#signal === null ? deadline : AbortSignal.any([deadline, this.#signal]);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise<Answer>((resolve, reject) => {
      const fail = (error: Error) => reject(this.#explain(error, deadline));
      const outgoing = httpRequest({
        socketPath: this.socketPath,
        path,
        method: 'POST',
        headers: { ...headers, host: 'pool', connection: 'close' },
        agent: false,
        signal,
      });
      outgoing.on('error', fail);
      outgoing.on('response', (answer) => readAnswer(answer).then(resolve, fail));
      outgoing.end(body);
    });
  }

  #explain(error: Error, deadline: AbortSignal): PoolApiError {
    if (error instanceof PoolApiError) return error;
    const because = { cause: error };
    if (deadline.aborted) {
      const message = `The pool at ${this.socketPath} did not answer within ${this.#timeoutMs / 1000} s`;
      return new PoolApiError(ApiClientErrorCode.TIMEOUT, message, because);
    }
    if (this.#signal?.aborted === true) {
      return new PoolApiError(ApiClientErrorCode.ABORTED, `Gave up asking the pool at ${this.socketPath}`, because);
    }
    return this.#explainSocket(error as NodeJS.ErrnoException);
  }

  #explainSocket(error: NodeJS.ErrnoException): PoolApiError {
    const [code, reason] = SOCKET_FAILURES[error.code ?? ''] ?? [ApiClientErrorCode.DISCONNECTED, error.message];
    const advice = code === ApiClientErrorCode.NOT_RUNNING ? '; start one with shoal up or shoal pool' : '';
    return new PoolApiError(code, `Cannot reach a pool at ${this.socketPath}: ${reason}${advice}`, { cause: error });
  }
}

const SOCKET_FAILURES: Readonly<Record<string, readonly [ApiClientErrorCode, reason: string]>> = {
  ENOENT: [ApiClientErrorCode.NOT_RUNNING, 'there is no such socket'],
  ENOTDIR: [ApiClientErrorCode.NOT_RUNNING, 'there is no such socket'],
  ENOTSOCK: [ApiClientErrorCode.NOT_RUNNING, 'it is not a socket'],
  ECONNREFUSED: [ApiClientErrorCode.NOT_RUNNING, 'nobody listens there'],
  EINVAL: [ApiClientErrorCode.NOT_RUNNING, 'the path is too long for a socket'],
  ENAMETOOLONG: [ApiClientErrorCode.NOT_RUNNING, 'the path is too long for a socket'],
  EACCES: [ApiClientErrorCode.NOT_PERMITTED, 'it belongs to another user'],
  EPERM: [ApiClientErrorCode.NOT_PERMITTED, 'it belongs to another user'],
};

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new PoolApiError(ApiClientErrorCode.BAD_ANSWER, `An answer of more than ${ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
