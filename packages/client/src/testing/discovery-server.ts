/**
 * A server that knows only `config get cluster`, and answers whatever the test says: a list, bytes, or silence. Counts
 * who asked how often. Used by the tests of discovery, of the poller and of the memjs adapter.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type ClusterNode, encodeClusterConfig } from '@shoal/protocol';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.js';

/** Bytes are sent as they are, one write each; null is silence. */
export type Answer = readonly (string | Uint8Array)[] | null;

export class DiscoveryServer {
  answer: Answer = ['END\r\n'];
  questions = 0;
  /** Connections that are open now. */
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server, event: 'connection' | 'secureConnection') {
    this.#server = server;
    server.on(event, (socket) => this.#serve(socket));
  }

  static start(): Promise<DiscoveryServer> {
    return DiscoveryServer.#listen(createServer({ noDelay: true }), 'connection');
  }

  static startWithTls(): Promise<DiscoveryServer> {
    return DiscoveryServer.#listen(createTlsServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }), 'secureConnection');
  }

  static #listen(server: Server, event: 'connection' | 'secureConnection'): Promise<DiscoveryServer> {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(new DiscoveryServer(server, event)));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The discovery server is closed');
    return address.port;
  }

  /** As a list names it. */
  get node(): ClusterNode {
    return { hostname: '127.0.0.1', ip: '127.0.0.1', port: this.port };
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  list(version: number, nodes: readonly ClusterNode[]): void {
    this.answer = [listReply(version, nodes)];
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let received = '';
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (received !== 'config get cluster\r\n') return;
      received = '';
      this.questions++;
      void this.#reply(socket, this.answer);
    });
  }

  async #reply(socket: Socket, answer: Answer): Promise<void> {
    for (const piece of answer ?? []) {
      if (piece.length === 0) socket.end();
      else await new Promise((resolve) => socket.write(piece, resolve));
    }
  }
}

export function listReply(version: number, nodes: readonly ClusterNode[]): string {
  const payload = Buffer.from(encodeClusterConfig({ version, nodes }));
  return `CONFIG cluster 0 ${payload.length}\r\n${payload.toString('latin1')}\r\nEND\r\n`;
}
