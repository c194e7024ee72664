/**
 * A node for tests: a listener that keeps items in a Map, notes what it is asked, and can be told to be silent, to hang up
 * or to answer something else. Text dialect: get, gets, set, delete, version, flush_all and stats.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { ClusterNode } from '@shoal/protocol';

export class FakeNode {
  /** The lines asked, in order, without data blocks and without the greeting of routers. */
  readonly asked: string[] = [];
  readonly items = new Map<string, string>();
  /** Answers collect here while it is true, and leave when `speak` is called. */
  isSilent = false;
  itemSizeMaxBytes = 1_048_576;
  /** Says something else to a line; null: answers as usual; 'hang up' closes. */
  answerTo: (line: string) => string | null = () => null;
  connections = 0;
  port = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #held: (() => void)[] = [];

  static async start(port = 0): Promise<FakeNode> {
    const node = new FakeNode();
    await node.listen(port);
    return node;
  }

  get address(): ClusterNode {
    return { hostname: '127.0.0.1', ip: '127.0.0.1', port: this.port };
  }

  get name(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(port: number, host = '127.0.0.1'): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    this.port = (server.address() as { port: number }).port;
  }

  speak(): void {
    this.isSilent = false;
    const held = this.#held;
    this.#held = [];
    for (const say of held) say();
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.hangUp();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    let held = '';
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1');
      for (let used = this.#take(socket, held); used > 0; used = this.#take(socket, held)) held = held.slice(used);
    });
  }

  /** Serves the first request of the text; answers its length, 0 if it is not whole. */
  #take(socket: Socket, text: string): number {
    const lineEnd = text.indexOf('\r\n');
    if (lineEnd < 0) return 0;
    const line = text.slice(0, lineEnd);
    const words = line.split(' ').filter((word) => word !== '');
    const blockBytes = words[0] === 'set' ? Number(words[4]) + 2 : 0;
    const end = lineEnd + 2 + blockBytes;
    if (text.length < end) return 0;
    const isGreeting = line === 'stats settings';
    if (!isGreeting) this.asked.push(line);
    const other = isGreeting ? null : this.answerTo(line);
    const answer = other ?? this.#answer(words, text.slice(lineEnd + 2, end - 2));
    const say = () => (other === 'hang up' ? socket.destroy() : socket.write(Buffer.from(answer, 'latin1')));
    if (this.isSilent) this.#held.push(say);
    else say();
    return end;
  }

  #answer(words: readonly string[], block: string): string {
    const [name, key] = words;
    switch (name) {
      case 'get':
      case 'gets':
        return `${words
          .slice(1)
          .map((one) => this.#valueOf(one))
          .join('')}END\r\n`;
      case 'set':
        this.items.set(key, block);
        return 'STORED\r\n';
      case 'delete':
        return this.items.delete(key) ? 'DELETED\r\n' : 'NOT_FOUND\r\n';
      case 'version':
        return 'VERSION 1.6.45\r\n';
      case 'flush_all':
        this.items.clear();
        return 'OK\r\n';
      case 'stats':
        if (key === 'settings') return `STAT item_size_max ${this.itemSizeMaxBytes}\r\nEND\r\n`;
        return `STAT pid 1\r\nSTAT curr_items ${this.items.size}\r\nSTAT hash_power_level 16\r\nEND\r\n`;
      default:
        return 'ERROR\r\n';
    }
  }

  #valueOf(key: string): string {
    const value = this.items.get(key);
    return value === undefined ? '' : `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
  }
}
