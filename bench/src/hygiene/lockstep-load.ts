/**
 * Connections that repeat one exchange: each sends its batch, waits for the whole reply, compares it, and sends again.
 *
 * Used by allocation.ts, where a connection must not be made while the heap is watched: they stay open from one exchange to the
 * next. Node.js's sockets are fast enough, because here nothing is timed.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Exchange } from './exchanges.js';

const DEADLINE_MS = 10_000;

class LoadConnection {
  readonly #socket: Socket;
  #exchange: Exchange | null = null;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #batches = 0;
  #isRunning = false;
  #onQuiet: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
  }

  static async open(port: number): Promise<LoadConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new LoadConnection(socket);
  }

  /** Repeats until `stop`; rejects at the first wrong reply. Answers how often it was done. */
  run(exchange: Exchange): Promise<number> {
    this.#exchange = exchange;
    this.#batches = 0;
    this.#isRunning = true;
    const over = new Promise<number>((resolve, reject) => {
      this.#onQuiet = () => resolve(this.#batches);
      this.#fail = reject;
    });
    this.#send();
    return over;
  }

  stop(): void {
    this.#isRunning = false;
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    const { request, cutAt } = this.#exchange!;
    this.#received = [];
    this.#receivedBytes = 0;
    if (cutAt === 0) {
      this.#socket.write(request);
      return;
    }
    this.#socket.write(request.subarray(0, cutAt));
    // After the server has had its turn with the first part.
    setTimeout(() => this.#socket.write(request.subarray(cutAt)), 1);
  }

  #receive(chunk: Buffer): void {
    const { reply, isFixed } = this.#exchange!;
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < reply.length) return;
    const isRight = this.#receivedBytes === reply.length && (!isFixed || Buffer.concat(this.#received).equals(reply));
    if (!isRight) {
      this.#fail(new Error(`Wrong reply: ${Buffer.concat(this.#received).subarray(0, 200).toString('latin1')}`));
      return;
    }
    this.#batches++;
    if (this.#isRunning) this.#send();
    else this.#onQuiet();
  }
}

export class LockstepLoad {
  readonly #connections: readonly LoadConnection[];

  private constructor(connections: readonly LoadConnection[]) {
    this.#connections = connections;
  }

  static async open(port: number, count: number): Promise<LockstepLoad> {
    return new LockstepLoad(await Promise.all(Array.from({ length: count }, () => LoadConnection.open(port))));
  }

  /** Stores the items that an exchange needs. */
  async prepare({ prepare }: Exchange): Promise<void> {
    for (const request of prepare) {
      const set = { request: Buffer.from(request), reply: Buffer.from('STORED\r\n') };
      const once = { name: 'prepare', prepare: [], isFixed: true, operations: 1, cutAt: 0, ...set };
      const [connection] = this.#connections;
      const done = connection.run(once);
      connection.stop();
      await done;
    }
  }

  /** Runs until `until` resolves; answers how many operations were answered from the first request to the last reply. */
  async run(exchange: Exchange, until: () => Promise<unknown>): Promise<number> {
    const runs = Promise.all(this.#connections.map((connection) => connection.run(exchange)));
    await Promise.race([until(), runs]);
    for (const connection of this.#connections) connection.stop();
    const timer = setTimeout(() => this.close(), DEADLINE_MS);
    const batches = await runs.finally(() => clearTimeout(timer));
    return batches.reduce((sum, count) => sum + count, 0) * exchange.operations;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
