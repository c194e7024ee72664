/**
 * POST with JSON in, JSON out: what the unix socket of the API and the listener for registrations have in common.
 *
 * Everything is bounded: connections, requests at work, the size of a body, the time to send one, the time to answer one.
 * A body has to call itself JSON and must not come from a web page, so that no browser can be made to speak here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import { readJson } from './body.js';
import { PoolError, PoolErrorCode } from './errors.js';
import { asPoolError, HttpFailure, statusOf } from './http-failure.js';

const KEEP_ALIVE_MS = 5_000;
const HEADER_BYTES_MAX = 8 * 1024;
const HEADERS_MAX = 50;
const CHECK_INTERVAL_MS = 500;
/** How long an answer may lie unread once it was given. */
const UNREAD_MS = 10_000;

export interface JsonServerLimits {
  readonly bodyBytesMax: number;
  readonly maxConnections: number;
  /** Requests that are worked on at one time. */
  readonly maxRequests: number;
  /** From the first byte of a request to its last. */
  readonly receiveTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

export interface JsonServerOptions {
  readonly limits: JsonServerLimits;
  /** Before the body is read: throws a PoolError when this request is not to be heard. */
  readonly admit: (request: IncomingMessage) => void;
  /** The result, or a PoolError. */
  readonly answer: (path: string, body: unknown) => Promise<object>;
  /** Something unforeseen went wrong; the client was told so and no more. */
  readonly onFailure: (error: unknown, path: string) => void;
}

export class JsonServer {
  readonly #options: JsonServerOptions;
  readonly #server: Server;
  #atWork = 0;
  #closed: Promise<void> | null = null;

  constructor(options: JsonServerOptions) {
    const { maxConnections, receiveTimeoutMs, answerTimeoutMs } = options.limits;
    this.#options = options;
    this.#server = createServer({
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      headersTimeout: receiveTimeoutMs,
      requestTimeout: receiveTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    this.#server.maxConnections = maxConnections;
    this.#server.maxHeadersCount = HEADERS_MAX;
    this.#server.timeout = receiveTimeoutMs + answerTimeoutMs + UNREAD_MS;
    this.#server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Resolves when it listens; rejects with what the operating system says. */
  listen(where: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#options.onFailure(error, ''));
        resolve();
      });
    });
  }

  get address() {
    return this.#server.address();
  }

  /** Accepts nothing more, lets requests at work be answered within the bound, then lets go. Any number of calls. */
  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  #close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  /** Never rejects: a client that goes away takes its answer with it. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    response.on('error', () => response.destroy());
    try {
      const body = await this.#read(request);
      respond(response, 200, await this.#work(path, body), this.#closed !== null);
    } catch (error) {
      if (request.errored !== null && !request.complete) return;
      if (!(error instanceof PoolError)) this.#options.onFailure(error, path);
      const failure = asPoolError(error);
      const closes = !request.complete || this.#closed !== null;
      respond(response, statusOf(failure), { code: failure.code, message: failure.message }, closes);
    }
  }

  #read(request: IncomingMessage): Promise<unknown> {
    checkForm(request);
    this.#options.admit(request);
    return readJson(request, this.#options.limits.bodyBytesMax);
  }

  async #work(path: string, body: unknown): Promise<object> {
    const { maxRequests, answerTimeoutMs } = this.#options.limits;
    if (this.#atWork >= maxRequests) {
      throw new PoolError(PoolErrorCode.UNAVAILABLE, `The pool is busy with ${maxRequests} other requests; try again`);
    }
    this.#atWork++;
    const work = this.#options.answer(path, body).finally(() => {
      this.#atWork--;
    });
    return within(answerTimeoutMs, work);
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0];
}

function checkForm({ method, headers }: IncomingMessage): void {
  if (method !== 'POST') {
    throw new HttpFailure(405, PoolErrorCode.INVALID_VALUE, `Requests are made with POST, not ${method}`);
  }
  if (headers.origin !== undefined) {
    throw new HttpFailure(403, PoolErrorCode.NOT_AUTHORIZED, 'A web page may not ask a pool');
  }
  const mediaType = headers['content-type']?.split(';', 1)[0].trim().toLowerCase();
  if (mediaType !== 'application/json') {
    throw new HttpFailure(415, PoolErrorCode.INVALID_VALUE, 'The content type of a request is application/json');
  }
}

/** What takes longer goes on, but its result has nobody left to hear it. */
function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const late = new PoolError(
    PoolErrorCode.UNAVAILABLE,
    `The pool did not finish this within ${limitMs / 1000} s; it may still do so`,
  );
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late), limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function respond(response: ServerResponse, status: number, body: object, closes: boolean): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(closes ? { connection: 'close' } : {}),
  });
  response.end(text);
}
