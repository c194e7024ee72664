/**
 * The net transport: Node.js's own sockets. For platforms without epoll, and where it is asked for.
 *
 * With libc an accepting thread deals descriptors, and each becomes a socket that receives into one buffer of the worker: that
 * saves a buffer and its two objects for every read. Without libc one worker listens by itself (net-listener.ts). The worker
 * lives in its event loop: wake-ups are promises, turns after a yield are immediates, and once a second it looks around.
 */
import { type ConnectOpts, type ListenOptions, Socket, type SocketConstructorOpts } from 'node:net';
import type { Endpoint } from '../connection-table.js';
import { INPUT_BYTES } from '../input-memory.js';
import { NetConnection } from './net-connection.js';
import { NetListener } from './net-listener.js';
import { Roster } from './roster.js';
import type { Transport, TransportParts } from './transport.js';

export interface NetParts extends TransportParts {
  /** Where this worker listens by itself. */
  readonly listening: readonly ListenOptions[];
}

const LOOK_AROUND_MS = 1000;
const DRAIN_ROUND_MS = 20;
/** Half-open: what was asked before the client's end is answered first. */
const SOCKET_OPTIONS: SocketConstructorOpts = { readable: true, writable: true, allowHalfOpen: true };

export class NetTransport implements Transport {
  readonly #parts: NetParts;
  readonly #roster: Roster;
  readonly #listener: NetListener;
  /** What the sockets receive into; used up before the callback returns. */
  readonly #received = Buffer.allocUnsafeSlow(INPUT_BYTES);
  #isTurnPlanned = false;
  #drainUntilMs = 0;
  #resolveServed: () => void = () => {};

  constructor(parts: NetParts) {
    this.#parts = parts;
    this.#roster = new Roster(parts, () => this.#planTurn());
    this.#listener = new NetListener(parts, this.#roster);
  }

  /** Listens where this worker has to; answers the addresses. */
  listen(): Promise<Endpoint[]> {
    return this.#listener.listen(this.#parts.listening);
  }

  async serve(): Promise<void> {
    const served = new Promise<void>((resolve) => {
      this.#resolveServed = resolve;
    });
    const timer = setInterval(() => this.#lookAround(), LOOK_AROUND_MS);
    void this.#answerWakeups();
    await served;
    clearInterval(timer);
  }

  async #answerWakeups(): Promise<void> {
    const { wakeups, worker, nextOrder } = this.#parts;
    for (;;) {
      await wakeups.whenWoken(worker.id);
      wakeups.takeWake(worker.id);
      this.#adoptDealt();
      this.#listener.admitParked();
      this.#roster.pumpReady();
      for (let order = nextOrder(); order !== undefined; order = nextOrder()) {
        if (order.kind === 'destroy') return this.#finish();
        this.#close(order.boundMs);
      }
    }
  }

  #adoptDealt(): void {
    const { dealing, table, worker } = this.#parts;
    const buffer = this.#received;
    for (const row of dealing.take(worker.id)) {
      const callback = (count: number) => {
        connection.receive(buffer, count);
        return true;
      };
      const options: SocketConstructorOpts & ConnectOpts = { ...SOCKET_OPTIONS, onread: { buffer, callback } };
      const socket = new Socket({ ...options, fd: table.takeDescriptor(row) });
      const connection = new NetConnection(this.#parts, this.#roster, { row, peer: table.peer(row), socket });
    }
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || !this.#roster.hasQueued) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#roster.runQueued();
      this.#planTurn();
    });
  }

  #lookAround(): void {
    this.#roster.kickIdleAndSlow(this.#parts.worker.store.now());
    this.#listener.admitParked();
  }

  #close(boundMs: number): void {
    if (this.#drainUntilMs !== 0) return;
    this.#drainUntilMs = performance.now() + boundMs;
    this.#listener.close();
    setTimeout(() => this.#drain(), DRAIN_ROUND_MS);
  }

  #drain(): void {
    this.#roster.closeResting();
    if (this.#roster.count === 0 || performance.now() > this.#drainUntilMs) this.#finish();
    else setTimeout(() => this.#drain(), DRAIN_ROUND_MS);
  }

  #finish(): void {
    this.#listener.close();
    this.#roster.closeAll();
    this.#resolveServed();
  }
}
