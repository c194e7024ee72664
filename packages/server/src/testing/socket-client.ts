/**
 * A raw client for tests of whole servers: writes bytes, waits for bytes, sees the end. Nothing here sleeps; whoever waits
 * in vain fails by the test's own time limit.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export class SocketClient {
  readonly socket: Socket;
  /** Received and not yet taken. */
  received = '';
  receivedBytes = 0;
  isEnded = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.receivedBytes += chunk.length;
      this.#wake();
    });
    for (const event of ['end', 'close', 'error']) socket.on(event, () => this.#onEnd());
  }

  static connect(where: NetConnectOpts): Promise<SocketClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...where, noDelay: true } as NetConnectOpts);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new SocketClient(socket));
      });
    });
  }

  static toPort(port: number): Promise<SocketClient> {
    return SocketClient.connect({ port, host: '127.0.0.1' });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Sends, and answers what comes up to and with `end`. */
  ask(text: string, end = '\r\n'): Promise<string> {
    this.send(text);
    return this.until(end);
  }

  /** Takes what has come up to and with `end`; waits for it. */
  async until(end: string): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(end);
      if (at >= 0) return this.#take(at + end.length);
      if (this.isEnded) throw new Error(`The server has closed; before that it sent ${JSON.stringify(this.received)}`);
      await this.#news();
    }
  }

  /** All that comes until the server closes. */
  async untilEnd(): Promise<string> {
    while (!this.isEnded) await this.#news();
    return this.#take(this.received.length);
  }

  /** Waits until this many bytes have come in all. */
  async untilBytes(count: number): Promise<void> {
    while (this.receivedBytes < count && !this.isEnded) await this.#news();
  }

  /** One field of `stats`. */
  async stat(name: string): Promise<string | undefined> {
    const answer = await this.ask('stats\r\n', 'END\r\n');
    return new RegExp(`^STAT ${name} (.*)\r$`, 'm').exec(answer)?.[1];
  }

  close(): void {
    this.socket.destroy();
  }

  #take(count: number): string {
    const taken = this.received.slice(0, count);
    this.received = this.received.slice(count);
    return taken;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #onEnd(): void {
    this.isEnded = true;
    this.#wake();
  }
}
