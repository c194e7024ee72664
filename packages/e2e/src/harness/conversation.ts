/**
 * One raw client connection: bytes out, bytes in, every wait with a deadline. Used by all tests of this package.
 * What arrives is kept whole in `received`; nothing is interpreted here.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export const ANSWER_DEADLINE_MS = 60_000;

export class Conversation {
  closed = false;
  readonly #socket: Socket;
  #buffer = Buffer.alloc(4096);
  #length = 0;
  #wake: (() => void) | null = null;
  #dataEvents = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#append(bytes));
    // A reset says the same as an end here: the server has hung up, perhaps with input of ours unread.
    socket.on('error', () => this.#hangUp());
    socket.on('close', () => this.#hangUp());
    socket.on('end', () => this.#hangUp());
  }

  static open(address: NetConnectOpts): Promise<Conversation> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, allowHalfOpen: true } as NetConnectOpts);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Conversation(socket));
      });
    });
  }

  get received(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** How often the kernel handed bytes over: one, when the server answered in one write. */
  get arrivals(): number {
    return this.#dataEvents;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  send(bytes: Buffer | string): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Resolves once `ready` says so, asked again whenever bytes arrive or the server closes. */
  async until(ready: () => boolean, what: string, deadlineMs = ANSWER_DEADLINE_MS): Promise<void> {
    if (ready()) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Cannot wait longer than ${deadlineMs} ms for ${what}`)), deadlineMs);
    });
    try {
      while (!ready()) {
        const changed = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await Promise.race([changed, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends, waits until `count` more bytes are there, and takes everything that has arrived. */
  async ask(bytes: Buffer | string, count: number): Promise<Buffer> {
    this.send(bytes);
    await this.until(() => this.#length >= count || this.closed, `${count} bytes`);
    return this.take();
  }

  /** Sends, waits for an answer that ends in `end`, and takes it. */
  async askUntil(bytes: Buffer | string, end: string, deadlineMs = ANSWER_DEADLINE_MS): Promise<string> {
    const wanted = Buffer.from(end, 'latin1');
    this.send(bytes);
    const there = () => this.closed || this.received.subarray(-wanted.length).equals(wanted);
    await this.until(there, JSON.stringify(end), deadlineMs);
    return this.take().toString('latin1');
  }

  take(): Buffer {
    const bytes = Buffer.from(this.received);
    this.#length = 0;
    this.#dataEvents = 0;
    return bytes;
  }

  waitClosed(deadlineMs = ANSWER_DEADLINE_MS): Promise<void> {
    return this.until(() => this.closed, 'the server to close', deadlineMs);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Says "no more from me"; the answers to what was sent still arrive. */
  end(): void {
    this.#socket.end();
  }

  /** The end that was said has been handed to the kernel. */
  get hasEnded(): boolean {
    return this.#socket.writableFinished;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #append(bytes: Buffer): void {
    if (this.#length + bytes.length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + bytes.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length += bytes.length;
    this.#dataEvents++;
    this.#wake?.();
  }

  #hangUp(): void {
    this.closed = true;
    this.#wake?.();
    if (!this.#socket.destroyed) this.#socket.end();
  }
}
