/**
 * A client for tests: sends bytes, and waits with a deadline for what it expects to have received.
 */
import { connect, type Socket } from 'node:net';

const DEADLINE_MS = 60_000;
const POLL_MS = 2;

export class TextClient {
  received = '';
  isClosed = false;
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    const hangUp = () => {
      this.isClosed = true;
    };
    socket.on('end', hangUp);
    socket.on('close', hangUp);
  }

  static async open(port: number): Promise<TextClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new TextClient(socket);
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  /** Sends, waits for an answer that ends so, and takes it. */
  async ask(text: string, end: string): Promise<string> {
    this.send(text);
    await until(`an answer that ends in ${JSON.stringify(end)}`, () => this.isClosed || this.received.endsWith(end));
    return this.take();
  }

  take(): string {
    const { received } = this;
    this.received = '';
    return received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Polls until it is so. */
export async function until(what: string, isSo: () => boolean, withinMs = DEADLINE_MS): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait longer than ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
