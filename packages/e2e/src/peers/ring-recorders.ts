/**
 * Servers that store nothing and remember which keys they were sent: what a client's hashing really does shows on its
 * sockets. They know `set` with a value of one byte, which is all that ring-pylibmc.py sends; anything else ends the test.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { RingNode } from '@shoal/client';

const SET = /set (\S+) \d+ \d+ 1\r\n.\r\n/sy;

export class KeyRecorder {
  readonly keys: string[] = [];
  readonly node: RingNode;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, node: RingNode) {
    this.#server = server;
    this.node = node;
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** Port 0 takes any free port. */
  static listen(host: string, port: number): Promise<KeyRecorder> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true });
      server.once('error', reject);
      server.listen({ host, port }, () => {
        const address = server.address();
        if (address === null || typeof address === 'string') return reject(new Error('It listens on no port'));
        resolve(new KeyRecorder(server, { hostname: host, port: address.port }));
      });
    });
  }

  get name(): string {
    return `${this.node.hostname}:${this.node.port}`;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let received = '';
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      let stored = 0;
      let end = 0;
      SET.lastIndex = 0;
      for (let match = SET.exec(received); match !== null; match = SET.exec(received)) {
        this.keys.push(match[1]);
        stored++;
        end = SET.lastIndex;
      }
      received = received.slice(end);
      socket.write('STORED\r\n'.repeat(stored));
    });
  }
}

/** So many on one port each, or on one port of so many loopback addresses. */
export async function startRecorders(
  count: number,
  place: (index: number) => { readonly host: string; readonly port: number },
): Promise<KeyRecorder[]> {
  const started: KeyRecorder[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const { host, port } = place(index);
      started.push(await KeyRecorder.listen(host, port));
    }
  } catch (error) {
    await stopRecorders(started);
    throw error;
  }
  return started;
}

export async function stopRecorders(recorders: readonly KeyRecorder[]): Promise<void> {
  await Promise.all(recorders.map((recorder) => recorder.close()));
}
