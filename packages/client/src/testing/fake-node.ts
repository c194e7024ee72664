/**
 * A cache node that does as a test says: for faults that no real node shows on demand.
 *
 * Listens on an ephemeral port of 127.0.0.1, reads meta and text commands whole (a data block too), notes them, and sends
 * what `answer` returns. A small Map makes it a cache unless the test answers otherwise. `null` answers nothing, ever.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface Command {
  /** The line without its end. */
  readonly line: string;
  /** What follows ms. */
  readonly block: string;
}

export type Answer = (command: Command, socket: Socket) => string | null;

export class FakeNode {
  readonly port: number;
  readonly commands: Command[] = [];
  readonly sockets = new Set<Socket>();
  readonly items = new Map<string, string>();
  connectionCount = 0;
  /** Replaces what `cacheAnswer` would say. */
  answer: Answer;
  readonly #server: Server;

  private constructor(server: Server, secured: boolean, answer?: Answer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.answer = answer ?? ((command) => this.cacheAnswer(command));
    server.on(secured ? 'secureConnection' : 'connection', (socket) => this.#serve(socket));
  }

  static async start(answer?: Answer, port = 0, tls?: TlsOptions): Promise<FakeNode> {
    const server = (tls === undefined ? createServer() : createTlsServer(tls)).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new FakeNode(server, tls !== undefined, answer);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Hangs up on everybody and refuses whoever comes. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.resetAll();
    await closed;
  }

  resetAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** mg and ms of strings without flags; everything else as a node without discovery says it. */
  cacheAnswer({ line, block }: Command): string {
    const [verb, key] = line.split(' ');
    switch (verb) {
      case 'mg': {
        const value = this.items.get(key);
        return value === undefined ? 'EN\r\n' : `VA ${value.length} f0\r\n${value}\r\n`;
      }
      case 'ms':
        this.items.set(key, block);
        return 'HD\r\n';
      case 'md':
        return this.items.delete(key) ? 'HD\r\n' : 'NF\r\n';
      case 'mn':
        return 'MN\r\n';
      case 'flush_all':
        this.items.clear();
        return 'OK\r\n';
      case 'stats':
        return 'STAT pid 1\r\nSTAT version 1.6.45\r\nEND\r\n';
      default:
        return 'ERROR\r\n';
    }
  }

  #serve(socket: Socket): void {
    this.connectionCount++;
    this.sockets.add(socket);
    socket.setNoDelay(true);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let taken = takeCommand(received); taken !== null; taken = takeCommand(received)) {
        received = received.slice(taken.bytes);
        this.commands.push(taken.command);
        const reply = this.answer(taken.command, socket);
        if (reply !== null) socket.write(reply, 'latin1');
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }
}

function takeCommand(received: string): { command: Command; bytes: number } | null {
  const lineEnd = received.indexOf('\r\n');
  if (lineEnd === -1) return null;
  const line = received.slice(0, lineEnd);
  const start = lineEnd + 2;
  if (!line.startsWith('ms ')) return { command: { line, block: '' }, bytes: start };
  const end = start + Number(line.split(' ')[2]);
  if (received.length < end + 2) return null;
  return { command: { line, block: received.slice(start, end) }, bytes: end + 2 };
}

/** `config get cluster` of these nodes; everything else goes to `other`. */
export function discoveryAnswer(list: () => { version: number; nodes: readonly FakeNode[] }, other: Answer): Answer {
  return (command, socket) => {
    if (command.line !== 'config get cluster') return other(command, socket);
    const { version, nodes } = list();
    const payload = `${version}\n${nodes.map(({ port }) => `127.0.0.1|127.0.0.1|${port}`).join(' ')}\n`;
    return `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
  };
}
