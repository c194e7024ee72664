/**
 * A pool daemon's registration listener, for tests of the node's side: remembers every request, and answers what it is told
 * to. Without instructions it admits everybody.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface PoolRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** What the pool answers; a function may also write the response itself, or never. */
export type Answer = { readonly status: number; readonly body: unknown } | ((response: ServerResponse) => void);

export const ADMISSION = { nodeId: '0001', secret: 'ab'.repeat(16), heartbeatMs: 100, drainMs: 200 };
const POLL_MS = 5;

export class FakePool {
  readonly requests: PoolRequest[] = [];
  /** By path, such as `heartbeat`. */
  readonly answers: Record<string, Answer> = {
    register: { status: 200, body: ADMISSION },
    heartbeat: { status: 200, body: {} },
    leave: { status: 200, body: { drainMs: ADMISSION.drainMs } },
  };
  #server: Server | null = null;
  #port = 0;

  /** Where it listens, or listened last. */
  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.#port };
  }

  /** Comes back at the same port after a `stop`. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Resolves when nobody listens there any more. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** Waits until it was asked this `count` times in all. */
  async asked(path: string, count = 1): Promise<PoolRequest> {
    while (this.count(path) < count) await pause(POLL_MS);
    return this.requests.filter((request) => request.path === path)[count - 1];
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const path = (request.url ?? '').replace('/v1/', '');
    this.requests.push({ path, authorization: request.headers.authorization, body: JSON.parse(text) });
    const answer = this.answers[path] ?? { status: 404, body: { code: 'InvalidAction', message: 'no such path' } };
    if (typeof answer === 'function') answer(response);
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }
}
