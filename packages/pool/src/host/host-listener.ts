/**
 * `host.sock`: takes connections of daemons, reads their requests and answers them, and sends events to the newest daemon.
 *
 * Made by main.ts; what is asked is done by a Host. Everything is bounded: connections, a line, requests under way, and what
 * waits for a reader that does not read. What is no request is answered with an error and changes nothing. An event that
 * no daemon is there to take is kept for the next one, at most the last one of each node.
 */
import { existsSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { DriverError } from '../drivers/driver.js';
import type { Host } from './host.js';
import {
  HOST_PROTOCOL,
  type HostErrorCode,
  type HostHello,
  type HostMessage,
  type HostRequest,
  keyText,
  type NodeExit,
  parseRequest,
  REQUEST_CHARS_MAX,
} from './host-protocol.js';
import { LineSplitter } from './line-splitter.js';

export interface HostListenerParts {
  readonly path: string;
  readonly host: Host;
  readonly version: string;
  /** The daemon wants the host to end; the answer has been sent. */
  readonly onShutDown: () => void;
}

/** Leaves reading and writing to the owner. */
const OWNER_ONLY_MASK = 0o177;
const CONNECTIONS_MAX = 32;
const REQUESTS_MAX = 2000;
const UNREAD_BYTES_MAX = 4 * 1_048_576;
const KEPT_EXITS_MAX = 1000;

export class HostListener {
  readonly #parts: HostListenerParts;
  readonly #startedAtMs = Date.now();
  readonly #connections = new Set<Socket>();
  /** Exits that no daemon has been told of. */
  readonly #keptExits = new Map<string, NodeExit>();
  #server: Server | null = null;
  #daemon: Socket | null = null;
  #requests = 0;

  constructor(parts: HostListenerParts) {
    this.#parts = parts;
  }

  get hasDaemon(): boolean {
    return this.#daemon !== null;
  }

  /** A socket that a dead host left behind is replaced; the caller holds the lock. */
  listen(): Promise<void> {
    const { path } = this.#parts;
    rmSync(path, { force: true });
    const server = createServer((socket) => this.#accept(socket));
    server.maxConnections = CONNECTIONS_MAX;
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      // It is bound within this call. With the mask its mode is right from the first moment.
      const mask = process.umask(OWNER_ONLY_MASK);
      server.listen({ path, exclusive: true }, () => {
        server.off('error', reject).on('error', () => {});
        resolve();
      });
      process.umask(mask);
    });
  }

  /** Somebody has removed the socket: without it no daemon would find this host again. */
  async repair(): Promise<void> {
    if (this.#server === null || existsSync(this.#parts.path)) return;
    this.#server.close();
    await this.listen();
  }

  close(): void {
    this.#server?.close();
    this.#server = null;
    for (const socket of this.#connections) socket.destroySoon();
  }

  tell(exit: NodeExit): void {
    if (this.#daemon !== null) {
      this.#send(this.#daemon, { event: exit });
      return;
    }
    this.#keptExits.delete(keyText(exit.key));
    this.#keptExits.set(keyText(exit.key), exit);
    if (this.#keptExits.size > KEPT_EXITS_MAX) this.#keptExits.delete([...this.#keptExits.keys()][0]);
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    const lines = new LineSplitter({
      charsMax: REQUEST_CHARS_MAX,
      onLine: (line) => this.#read(socket, line),
      onTooLong: () => this.#refuse(socket, null, `a line has at most ${REQUEST_CHARS_MAX} characters`),
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => lines.push(chunk));
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#connections.delete(socket);
      if (this.#daemon === socket) this.#daemon = null;
    });
  }

  #read(socket: Socket, line: string): void {
    const request = parseRequest(line);
    if ('problem' in request) {
      this.#refuse(socket, request.id, request.problem);
    } else if (this.#requests >= REQUESTS_MAX) {
      this.#refuse(socket, request.id, `at most ${REQUESTS_MAX} requests are under way`);
    } else {
      void this.#answer(socket, request);
    }
  }

  async #answer(socket: Socket, request: HostRequest): Promise<void> {
    const { id } = request;
    this.#requests++;
    try {
      this.#send(socket, { id, result: (await this.#carryOut(socket, request)) ?? null });
    } catch (error) {
      const code: HostErrorCode = error instanceof DriverError ? error.code : 'UNAVAILABLE';
      this.#send(socket, { id, error: { code, message: (error as Error).message } });
    }
    this.#requests--;
    if (request.kind === 'hello') this.#tellKept(socket);
    if (request.kind === 'shut-down') this.#parts.onShutDown();
  }

  async #carryOut(socket: Socket, request: HostRequest): Promise<unknown> {
    const { host } = this.#parts;
    switch (request.kind) {
      case 'hello':
        if (request.takesEvents) this.#daemon = socket;
        return this.#hello();
      case 'start':
        this.#keptExits.delete(keyText(request.launch));
        return host.start(request.launch);
      case 'stop':
        return host.stop(request.key, request.graceMs);
      case 'kill':
        return host.kill(request.key);
      case 'list':
        return host.list();
      case 'shut-down':
        return host.shutDown(request.graceMs);
    }
  }

  #hello(): HostHello {
    const { version } = this.#parts;
    return { protocol: HOST_PROTOCOL, version, pid: process.pid, startedAtMs: this.#startedAtMs };
  }

  #tellKept(socket: Socket): void {
    if (this.#daemon !== socket) return;
    for (const event of this.#keptExits.values()) this.#send(socket, { event });
    this.#keptExits.clear();
  }

  #refuse(socket: Socket, id: number | null, problem: string): void {
    this.#send(socket, { id, error: { code: 'BAD_REQUEST', message: `Cannot read the request: ${problem}` } });
  }

  #send(socket: Socket, message: HostMessage): void {
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(message)}\n`);
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
  }
}
