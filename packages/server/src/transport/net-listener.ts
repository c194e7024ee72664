/**
 * Listening where libc is not to be had: Node.js's own server, in the one worker that listens.
 *
 * Past -c a connection is refused, or with no_maxconns_fast parked: accepted, but not read until another one leaves, since
 * Node.js cannot stop accepting without closing its listener. At most the backlog (-b) is parked, the rest is closed.
 */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { STATUS_LINES, Status } from '@shoal/protocol';
import { type Endpoint, Family } from '../connection-table.js';
import { ServerCounter } from '../server-counters.js';
import { NetConnection } from './net-connection.js';
import type { Roster } from './roster.js';
import type { TransportParts } from './transport.js';

const US_PER_MS = 1000;

export class NetListener {
  readonly #parts: TransportParts;
  readonly #roster: Roster;
  readonly #servers: Server[] = [];
  readonly #parked = new Set<Socket>();
  #parkedSinceMs = 0;

  constructor(parts: TransportParts, roster: Roster) {
    this.#parts = parts;
    this.#roster = roster;
  }

  /** Rejects with the error of the first listener that fails. */
  async listen(listening: readonly ListenOptions[]): Promise<Endpoint[]> {
    for (const where of listening) {
      const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) =>
        this.#take(socket),
      );
      this.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ ...where, exclusive: true }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const { host } = this.#parts.worker;
      server.on('error', ({ message }) => host.log('warn', 'Cannot accept a connection', { error: message }));
    }
    return this.#servers.map(endpointOf);
  }

  /** Somebody may have left: parked connections come in as far as there is room. */
  admitParked(): void {
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

  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.length = 0;
    for (const socket of this.#parked) socket.destroy();
  }

  #take(socket: Socket): void {
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
    const peer = endpoint(socket.remoteAddress, socket.remoteFamily, socket.remotePort);
    const local = endpoint(socket.localAddress, socket.localFamily, socket.localPort);
    table.open(row, { worker: worker.id, descriptor: -1, peer, local, nowSeconds: worker.store.now() });
    worker.counters[ServerCounter.TOTAL_CONNECTIONS]++;
    const connection = new NetConnection(this.#parts, this.#roster, { row, peer, socket });
    socket.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
  }

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
}

function endpointOf(server: Server): Endpoint {
  const address = server.address();
  if (address === null || typeof address === 'string') return { family: Family.UNIX, address: address ?? '', port: 0 };
  return endpoint(address.address, address.family, address.port);
}

/** Without an address it is a unix socket, or a client that has left again already. */
function endpoint(address: string | undefined, family: string | undefined, port: number | undefined): Endpoint {
  if (address === undefined) return { family: Family.UNIX, address: '', port: 0 };
  const isIpv6 = family === 'IPv6';
  return { family: isIpv6 ? Family.IPV6 : Family.IPV4, address: address.split('%')[0], port: port ?? 0 };
}
