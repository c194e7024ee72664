/**
 * The listening sockets of a server and the descriptors that wake its workers: opened before anything else, so that what
 * the machine refuses is known early, and closed last. Main thread only; server.ts owns one.
 *
 * The thread that accepts (worker 0 on epoll and io_uring, a thread of its own on net) owns the listening sockets once it serves. From then
 * on their numbers are forgotten here, because closing one twice may close somebody else's file.
 */
import { statSync, unlinkSync } from 'node:fs';
import type { ListenOptions } from 'node:net';
import { ConnectionState, ConnectionTable, type ConnectionTableShared, type Endpoint } from './connection-table.js';
import { ListenerOpener, type ListenTarget, removeStaleSocket, resolveTcpTargets } from './listener.js';
import type { ResolvedServerOptions } from './options.js';
import { type FileLimit, raiseFileLimit } from './process-limits.js';
import { TransportName } from './settings.js';
import { chooseTransport } from './transport/choice.js';
import { EFD_CLOEXEC, EFD_NONBLOCK, type Libc, type LibcLoad, loadLibc, SystemCallError } from './transport/libc.js';
import type { Listener } from './transport/transport.js';

export interface SocketsOpening {
  readonly options: ResolvedServerOptions;
  /** Runs when TCP is bound, before a unix socket is made: `-u`. */
  readonly afterBind: () => void;
  /** Runs when all is bound and nobody can connect yet. */
  readonly beforeListen: (endpoints: readonly Endpoint[]) => void;
}

export class Sockets {
  /** Known once `open` has resolved, as what follows from it. */
  transport: TransportName = TransportName.NET;
  /** Why koffi is not used, '' when it is. */
  readonly libcMissing: string;
  /** Why the transport is not a faster one, '' when there is none or it was chosen. */
  fallbackReason = '';
  /** For each thread its eventfd, −1 for one with an event loop. */
  readonly wakeDescriptors: number[] = [];
  endpoints: Endpoint[] = [];
  /** null without libc. */
  fileLimit: FileLimit | null = null;
  readonly #options: ResolvedServerOptions;
  readonly #libc: Libc | null;
  readonly #opener: ListenerOpener | null;
  #targets: ListenTarget[] = [];
  #listeners: Listener[] = [];
  #unixInode = 0;

  private constructor(options: ResolvedServerOptions, { libc, reason }: LibcLoad) {
    this.#options = options;
    this.#libc = libc;
    this.libcMissing = reason;
    this.#opener = libc === null ? null : new ListenerOpener(libc, options.backlog);
  }

  /** The thread that accepts; without libc a worker that listens by itself. */
  get acceptingThread(): number {
    return this.hasAcceptingThread ? this.#options.threads : 0;
  }

  /** On net the event loops of the workers cannot wait for a raw socket. */
  get hasAcceptingThread(): boolean {
    return this.transport === TransportName.NET && this.#libc !== null;
  }

  /** Rejects with a ServerStartError when something cannot be had; nothing stays open then. */
  static async open({ options, afterBind, beforeListen }: SocketsOpening): Promise<Sockets> {
    const load = await loadLibc();
    const { libc } = load;
    const sockets = new Sockets(options, load);
    try {
      if (libc !== null) sockets.fileLimit = raiseFileLimit(libc, options);
      await sockets.#bindTcp();
      afterBind();
      // As the user that the workers run as: the kernel may allow io_uring to root alone.
      sockets.#choose();
      sockets.#bindUnix();
      beforeListen(sockets.endpoints);
      sockets.#opener?.listen();
      sockets.#makeWakeDescriptors();
      return sockets;
    } catch (error) {
      sockets.close();
      throw error;
    }
  }

  /** How many rows of the connection table listeners take. */
  get count(): number {
    if (this.#opener !== null) return this.#opener.opened.length;
    return this.#addressesToListenOn().length;
  }

  /** Gives each open socket its row. */
  enter(shared: ConnectionTableShared, nowSeconds: number): void {
    const opened = this.#opener?.opened ?? [];
    this.#listeners = opened.map(({ descriptor, endpoint }) => {
      return { descriptor, row: enterListener(shared, { descriptor, local: endpoint, nowSeconds }) };
    });
  }

  /** The sockets that a thread accepts on. */
  listenersOf(thread: number): readonly Listener[] {
    return thread === this.acceptingThread ? this.#listeners : [];
  }

  /** Without libc: where a worker listens by itself. Only one can. */
  listeningOf(thread: number): readonly ListenOptions[] {
    return this.#libc === null && thread === this.acceptingThread ? this.#addressesToListenOn() : [];
  }

  /** The thread serves, so what it was given is its own now. */
  handOver(thread: number): void {
    if (thread === this.acceptingThread && this.#opener !== null) this.#opener.opened.length = 0;
  }

  /** All threads have left: closes what one that died, or that was dealt a connection too late, has left open. */
  closeAbandoned(shared: ConnectionTableShared): void {
    const table = new ConnectionTable(shared);
    const ownsListeners = this.#opener?.opened.length !== 0;
    for (let row = 0; row < table.capacity; row++) {
      if (!table.isUsed(row) || table.descriptor(row) < 0) continue;
      const isOurs = ownsListeners && table.state(row) === ConnectionState.LISTENING;
      if (!isOurs) this.#libc?.close(table.descriptor(row));
    }
  }

  close(): void {
    this.#opener?.closeAll();
    for (const descriptor of this.wakeDescriptors) if (descriptor >= 0) this.#libc?.close(descriptor);
    this.wakeDescriptors.length = 0;
    this.#removeUnixSocket();
  }

  #choose(): void {
    const { transport, fallbackReason } = chooseTransport(this.#options.transport, this.#libc, this.libcMissing);
    this.transport = transport;
    this.fallbackReason = fallbackReason;
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
    const hasEventLoop = this.transport === TransportName.NET;
    for (let worker = 0; worker < this.#options.threads; worker++) {
      this.wakeDescriptors.push(hasEventLoop ? -1 : this.#makeEventfd());
    }
    if (this.hasAcceptingThread) this.wakeDescriptors.push(this.#makeEventfd());
  }

  #makeEventfd(): number {
    const libc = this.#libc!;
    const descriptor = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) throw new SystemCallError('make an eventfd', libc.errno());
    return descriptor;
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

/** A row for a listening socket; whoever listens by itself has no descriptor to show, −1. */
export function enterListener(
  shared: ConnectionTableShared,
  listener: { descriptor: number; local: Endpoint; nowSeconds: number },
): number {
  const table = new ConnectionTable(shared);
  const row = table.claim();
  if (row >= 0) table.openListener(row, listener);
  return row;
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
