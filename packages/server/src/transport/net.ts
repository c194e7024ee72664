/**
 * The net transport: Node.js's own sockets, for every platform, and wherever koffi does not load.
 *
 * Each worker listens on a descriptor of the same socket, and the kernel wakes all of them for a connection, the first one
 * gets it. Where no descriptors can be shared (no libc), worker 0 listens alone. Past -c a connection is refused, or with
 * no_maxconns_fast parked: accepted, but not read until another one leaves, since Node.js cannot stop accepting without
 * closing its listener.
 */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { STATUS_LINES, Status } from '@shoal/protocol';
import { type Endpoint, Family } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { NetConnection } from './net-connection.js';
import { Roster } from './roster.js';
import type { Transport, TransportParts } from './transport.js';

export interface NetParts extends TransportParts {
  readonly listening: readonly ListenOptions[];
}

const LOOK_AROUND_MS = 1000;
const DRAIN_ROUND_MS = 20;
const US_PER_MS = 1000;

export class NetTransport implements Transport {
  readonly #parts: NetParts;
  readonly #roster: Roster;
  readonly #servers: Server[] = [];
  readonly #parked = new Set<Socket>();
  #parkedSinceMs = 0;
  #isTurnPlanned = false;
  #drainUntilMs = 0;
  #resolveServed: () => void = () => {};

  constructor(parts: NetParts) {
    this.#parts = parts;
    this.#roster = new Roster(parts, () => this.#planTurn());
  }

  /** Listens; answers where. Rejects with the error of the first listener that fails. */
  async listen(): Promise<Endpoint[]> {
    for (const where of this.#parts.listening) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket));
      this.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ ...where, exclusive: true }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      server.on('error', (error) =>
        this.#parts.worker.host.log('warn', 'Cannot accept a connection', { error: error.message }),
      );
    }
    return this.#servers.map(endpointOf);
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

  #onConnection(socket: Socket): void {
    const { worker, table } = this.#parts;
    socket.on('error', () => socket.destroy());
    const row = table.claim();
    if (row >= 0) {
      this.#admit(socket, row);
    } else if (worker.settings.options.maxConnectionsFast) {
      worker.counters[ServerCounter.REJECTED_CONNECTIONS]++;
      socket.end(STATUS_LINES[Status.TOO_MANY_CONNECTIONS], () => socket.destroy());
    } else {
      this.#park(socket);
    }
  }

  #admit(socket: Socket, row: number): void {
    const { worker, table } = this.#parts;
    const peer = peerOf(socket);
    const local = localOf(socket);
    table.open(row, { worker: worker.id, descriptor: -1, peer, local, nowSeconds: worker.store.now() });
    worker.counters[ServerCounter.TOTAL_CONNECTIONS]++;
    new NetConnection(this.#parts, this.#roster, { row, peer, socket });
  }

  // Connections past -c with no_maxconns_fast

  #park(socket: Socket): void {
    const { worker } = this.#parts;
    if (this.#parked.size >= worker.settings.options.backlog) {
      socket.destroy();
      return;
    }
    if (this.#parkedSinceMs === 0) {
      this.#parkedSinceMs = performance.now();
      worker.counters[ServerCounter.LISTEN_DISABLED_NUM]++;
      worker.settings.stopAccepting();
    }
    socket.pause();
    this.#parked.add(socket);
    socket.once('close', () => this.#parked.delete(socket));
  }

  #admitParked(): void {
    const { worker, table } = this.#parts;
    if (this.#parkedSinceMs === 0) return;
    for (const socket of this.#parked) {
      const row = table.claim();
      if (row < 0) return;
      this.#parked.delete(socket);
      this.#admit(socket, row);
      socket.resume();
    }
    const parkedUs = (performance.now() - this.#parkedSinceMs) * US_PER_MS;
    worker.counters[ServerCounter.TIME_IN_LISTEN_DISABLED_US] += Math.round(parkedUs);
    this.#parkedSinceMs = 0;
    worker.settings.goOnAccepting();
  }

  // Turns, wake-ups, the second hand

  #planTurn(): void {
    if (this.#isTurnPlanned || !this.#roster.hasQueued) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#roster.runQueued();
      this.#planTurn();
    });
  }

  async #answerWakeups(): Promise<void> {
    const { wakeups, worker } = this.#parts;
    for (;;) {
      await wakeups.whenWoken(worker.id);
      wakeups.takeWake(worker.id);
      this.#admitParked();
      this.#roster.pumpReady();
      for (let order = this.#parts.nextOrder(); order !== undefined; order = this.#parts.nextOrder()) {
        if (order.kind === 'destroy') return this.#finish();
        this.#close(order.boundMs);
      }
    }
  }

  #lookAround(): void {
    this.#roster.kickIdleAndSlow(this.#parts.worker.store.now());
    this.#admitParked();
  }

  // The end

  #close(boundMs: number): void {
    if (this.#drainUntilMs !== 0) return;
    this.#drainUntilMs = performance.now() + boundMs;
    this.#closeListeners();
    setTimeout(() => this.#drain(), DRAIN_ROUND_MS);
  }

  #drain(): void {
    this.#roster.closeResting();
    if (this.#roster.count === 0 || performance.now() > this.#drainUntilMs) this.#finish();
    else setTimeout(() => this.#drain(), DRAIN_ROUND_MS);
  }

  #closeListeners(): void {
    for (const server of this.#servers) server.close();
    this.#servers.length = 0;
    for (const socket of this.#parked) socket.destroy();
  }

  #finish(): void {
    this.#closeListeners();
    this.#roster.closeAll();
    this.#resolveServed();
  }
}

function endpointOf(server: Server): Endpoint {
  const address = server.address();
  if (address === null || typeof address === 'string') return { family: Family.UNIX, address: address ?? '', port: 0 };
  return { family: familyOf(address.family), address: address.address, port: address.port };
}

function peerOf({ remoteAddress, remoteFamily, remotePort }: Socket): Endpoint {
  return endpoint(remoteAddress, remoteFamily, remotePort);
}

function localOf({ localAddress, localFamily, localPort }: Socket): Endpoint {
  return endpoint(localAddress, localFamily, localPort);
}

/** Without an address it is a unix socket, or a client that has left again already. */
function endpoint(address: string | undefined, family: string | undefined, port: number | undefined): Endpoint {
  if (address === undefined) return { family: Family.UNIX, address: '', port: 0 };
  return { family: familyOf(family), address: address.split('%')[0], port: port ?? 0 };
}

function familyOf(name: string | undefined): Family {
  return name === 'IPv6' ? Family.IPV6 : Family.IPV4;
}
