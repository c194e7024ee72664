/**
 * The listening sockets of a server and the descriptors that wake its workers: opened before anything else, so that what
 * the machine refuses is known early, and closed last. Main thread only; server.ts owns one.
 *
 * On epoll the sockets become worker 0's when it starts, on net each worker gets duplicates of its own. From then on the
 * descriptors here are forgotten, because closing a number twice may close somebody else's file.
 */
import { statSync, unlinkSync } from 'node:fs';
import type { ListenOptions } from 'node:net';
import { ConnectionTable, type ConnectionTableShared, type Endpoint } from './connection-table.js';
import { ListenerOpener, type ListenTarget, removeStaleSocket, resolveTcpTargets } from './listener.js';
import type { ResolvedServerOptions } from './options.js';
import { raiseFileLimit } from './process-limits.js';
import { TransportName } from './settings.js';
import { ServerStartError, StartErrorCode } from './start-errors.js';
import { EFD_CLOEXEC, EFD_NONBLOCK, type Libc, loadLibc, SystemCallError } from './transport/libc.js';
import type { Listener } from './transport/transport.js';

export interface SocketsOpening {
  readonly options: ResolvedServerOptions;
  /** Runs when TCP is bound, before a unix socket is made: `-u`. */
  readonly afterBind: () => void;
  /** Runs when all is bound and nobody can connect yet. */
  readonly beforeListen: (endpoints: readonly Endpoint[]) => void;
}

export class Sockets {
  readonly transport: TransportName;
  /** Why koffi is not used, '' when it is. */
  readonly libcMissing: string;
  /** One eventfd a worker on epoll, none on net. */
  readonly wakeDescriptors: number[] = [];
  endpoints: Endpoint[] = [];
  readonly #options: ResolvedServerOptions;
  readonly #libc: Libc | null;
  readonly #opener: ListenerOpener | null;
  #targets: ListenTarget[] = [];
  #listeners: Listener[] = [];
  #unixInode = 0;

  private constructor(options: ResolvedServerOptions, libc: Libc | null, libcMissing: string) {
    this.#options = options;
    this.#libc = libc;
    this.libcMissing = libcMissing;
    this.transport = chooseTransport(options, libc, libcMissing);
    this.#opener = libc === null ? null : new ListenerOpener(libc, options.backlog);
  }

  /** Rejects with a ServerStartError when something cannot be had; nothing stays open then. */
  static async open({ options, afterBind, beforeListen }: SocketsOpening): Promise<Sockets> {
    const { libc, reason } = await loadLibc();
    const sockets = new Sockets(options, libc, reason);
    try {
      if (libc !== null) raiseFileLimit(libc, options);
      await sockets.#bindTcp();
      afterBind();
      sockets.#bindUnix();
      beforeListen(sockets.endpoints);
      sockets.#opener?.listen();
      if (sockets.transport === TransportName.EPOLL) sockets.#makeWakeDescriptors();
      return sockets;
    } catch (error) {
      sockets.close();
      throw error;
    }
  }

  /** How many rows of the connection table listeners take. */
  get count(): number {
    const own = this.#options.unixSocket === null ? 0 : 1;
    return this.#opener?.opened.length ?? this.#targets.flatMap(({ endpoints }) => endpoints).length + own;
  }

  /** Gives each open socket its row. */
  enter(shared: ConnectionTableShared, nowSeconds: number): void {
    const table = new ConnectionTable(shared);
    this.#listeners = (this.#opener?.opened ?? []).map(({ descriptor, endpoint }) => {
      const row = table.claim();
      table.openListener(row, { descriptor, local: endpoint, nowSeconds });
      return { descriptor, row };
    });
  }

  /** What the worker gets on epoll. */
  listenersOf(worker: number): readonly Listener[] {
    return this.transport === TransportName.EPOLL && worker === 0 ? this.#listeners : [];
  }

  /** What the worker gets on net. Without libc only worker 0 can listen. */
  listeningOf(worker: number): readonly ListenOptions[] {
    if (this.transport !== TransportName.NET) return [];
    const { backlog } = this.#options;
    const libc = this.#libc;
    if (libc !== null) {
      return this.#listeners.map(({ descriptor }) => ({ fd: libc.duplicate(descriptor), backlog }));
    }
    return worker === 0 ? this.#addressesToListenOn() : [];
  }

  /** The workers own the listening sockets from now on. */
  handOver(): void {
    if (this.transport === TransportName.NET) this.#opener?.closeAll();
    else if (this.#opener !== null) this.#opener.opened.length = 0;
  }

  close(): void {
    this.#opener?.closeAll();
    for (const descriptor of this.wakeDescriptors) this.#libc?.close(descriptor);
    this.wakeDescriptors.length = 0;
    this.#removeUnixSocket();
  }

  async #bindTcp(): Promise<void> {
    this.#targets = await resolveTcpTargets(this.#options);
    for (const target of this.#targets) this.#opener?.bindTcp(target);
    this.#noteEndpoints();
  }

  #bindUnix(): void {
    const { unixSocket, unixMask } = this.#options;
    if (unixSocket === null) return;
    if (this.#opener === null) removeStaleSocket(unixSocket);
    else this.#opener.bindUnix(unixSocket, unixMask);
    if (this.#opener !== null) this.#unixInode = inodeOf(unixSocket);
    this.#noteEndpoints();
  }

  #noteEndpoints(): void {
    this.endpoints = (this.#opener?.opened ?? []).map(({ endpoint }) => endpoint);
  }

  #addressesToListenOn(): ListenOptions[] {
    const { unixSocket, backlog } = this.#options;
    if (unixSocket !== null) return [{ path: unixSocket, backlog }];
    const endpoints = this.#targets.flatMap((target) => target.endpoints);
    return endpoints.map(({ address, port }) => ({ host: address, port, backlog, ipv6Only: true }));
  }

  #makeWakeDescriptors(): void {
    const libc = this.#libc!;
    for (let worker = 0; worker < this.#options.threads; worker++) {
      const descriptor = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      if (descriptor < 0) throw new SystemCallError('make an eventfd', libc.errno());
      this.wakeDescriptors.push(descriptor);
    }
  }

  /** Only the socket file that this server made. */
  #removeUnixSocket(): void {
    const { unixSocket } = this.#options;
    if (unixSocket === null || this.#unixInode === 0 || inodeOf(unixSocket) !== this.#unixInode) return;
    try {
      unlinkSync(unixSocket);
    } catch {
      // Another user's directory after -u: the next start removes the stale socket.
    }
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}

function chooseTransport({ transport }: ResolvedServerOptions, libc: Libc | null, reason: string): TransportName {
  if (transport === 'net') return TransportName.NET;
  if (libc !== null) return TransportName.EPOLL;
  if (transport === 'auto') return TransportName.NET;
  const message = `Cannot serve on the epoll transport: ${reason}`;
  throw new ServerStartError(StartErrorCode.TRANSPORT_UNAVAILABLE, message);
}
