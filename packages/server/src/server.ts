/**
 * One server: what `startServer` makes and what the CLI runs. Main thread only.
 *
 * Opens the sockets, makes the arena and the shared parts, starts the workers and the maintenance thread, keeps the clock,
 * and takes it all down again in the other order. The phase says where in that life it is; exactly one method changes it.
 *
 *   STARTING ──▶ SERVING ──▶ CLOSING ──▶ CLOSED      `close` finishes what is in flight, `destroy` drops it; a failure
 *       └──────── a start that fails ─────▲          of any thread leads to CLOSED as well, with its error
 */
import { randomInt } from 'node:crypto';
import { Store } from '@shoal/store';
import { ActivityReporter } from './activity-reporter.js';
import { monotonicMsNow, ServerClock, startUnixSecondsNow } from './clock.js';
import { ConfigTable } from './config-table.js';
import { addressText, ConnectionTable, type Endpoint, Family } from './connection-table.js';
import type { Log } from './log.js';
import { MaintenanceSchedule } from './maintenance-schedule.js';
import type { WorkerOrder, WorkerReport } from './messages.js';
import { resolveServerOptions } from './option-checks.js';
import type { ResolvedServerOptions, ServerOptions } from './options.js';
import {
  type LaunchHooks,
  type RunningServer,
  SERVER_LIMITS,
  type ServerLimits,
  type ServerPhase,
  type StopReason,
} from './running-server.js';
import { ServerCounter, ServerCounters } from './server-counters.js';
import { Settings, type TransportName } from './settings.js';
import { enterListener, Sockets } from './sockets.js';
import { listenError, ServerStartError, StartErrorCode } from './start-errors.js';
import { readShoalVersion } from './version.js';
import { Wakeups } from './wakeups.js';
import { mainRow, makeArena, type ServerParts, shareServerParts } from './worker-parts.js';
import { Workers } from './workers.js';

const INT32_RANGE = 2 ** 31;

/** What shall stop a server, and how its workers are told. */
interface Stop {
  readonly reason: StopReason;
  readonly order: WorkerOrder;
}

/** Starts a server for the given, checked options. Rejects with a ServerStartError and leaves nothing behind. */
export async function launchServer(options: ResolvedServerOptions, hooks: LaunchHooks): Promise<RunningServer> {
  const { afterBind = () => {}, beforeListen = () => {} } = hooks;
  const sockets = await Sockets.open({ options, afterBind, beforeListen });
  try {
    const server = new Server(options, sockets, hooks);
    await server.start();
    return server;
  } catch (error) {
    sockets.close();
    throw error;
  }
}

/** Checks the options and starts. For library users: nothing is logged unless `logLevel` asks for it. */
export async function startServer(asked: ServerOptions): Promise<RunningServer> {
  const options = resolveServerOptions(asked);
  const { openLog } = await import('./log.js');
  const { log } = await openLog(options.logLevel ?? 'silent');
  return launchServer(options, { log });
}

class Server implements RunningServer {
  readonly options: ResolvedServerOptions;
  readonly transport: TransportName;
  readonly stopped: Promise<StopReason>;
  endpoints: readonly Endpoint[];
  #phase: ServerPhase = { kind: 'starting' };
  readonly #log: Log;
  readonly #limits: ServerLimits;
  readonly #sockets: Sockets;
  readonly #parts: ServerParts;
  readonly #settings: Settings;
  readonly #counters: Float64Array;
  readonly #store: Store;
  readonly #workers: Workers;
  readonly #maintenance: MaintenanceSchedule;
  readonly #reporter: ActivityReporter;
  /** Asked for before it served: the first client may be quicker than the last thread. */
  #pendingStop: Stop | null = null;
  #resolveStopped: (reason: StopReason) => void = () => {};

  constructor(options: ResolvedServerOptions, sockets: Sockets, { log, limits = SERVER_LIMITS }: LaunchHooks) {
    this.options = options;
    this.transport = sockets.transport;
    this.#sockets = sockets;
    this.#log = log;
    this.#limits = limits;
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#parts = makeParts(options, sockets, limits);
    if (options.clusterSecret !== null) this.setClusterSecret(options.clusterSecret);
    this.#settings = new Settings(this.#parts.settings);
    this.#counters = new ServerCounters(this.#parts.counters).row(mainRow(options.threads));
    this.#store = new Store(this.#parts.arena, mainRow(options.threads));
    const startedAtMs = monotonicMsNow();
    new ServerClock(this.#store, this.#settings, startedAtMs).tick(performance.now());
    this.endpoints = sockets.endpoints;
    this.#notePort();
    sockets.enter(this.#parts.table, this.#store.now());
    this.#counters[ServerCounter.TOTAL_CONNECTIONS] = new ConnectionTable(this.#parts.table).used();
    const wakeups = new Wakeups(this.#parts.wakeups);
    this.#reporter = new ActivityReporter({
      activity: this.#parts.activity,
      outboxes: this.#parts.outboxes,
      counters: this.#counters,
      wakeWorker: (id) => wakeups.wake(id),
    });
    this.#maintenance = new MaintenanceSchedule(startedAtMs, (error) => this.#fail(error));
    this.#workers = new Workers({
      parts: this.#parts,
      hasAcceptingThread: sockets.hasAcceptingThread,
      listenersOf: (id) => sockets.listenersOf(id),
      listeningOf: (id) => sockets.listeningOf(id),
      onReady: (id) => sockets.handOver(id),
      onReport: (report) => this.#onReport(report),
      onFailure: (error) => this.#fail(error),
    });
  }

  get phase(): ServerPhase {
    return this.#phase;
  }

  get port(): number {
    return this.#settings.port;
  }

  async start(): Promise<void> {
    try {
      const [listened] = await Promise.all([this.#workers.start(), this.#maintenance.start(this.#parts)]);
      this.#noteListened(listened);
    } catch (error) {
      await this.#takeDown({ kind: 'destroy' });
      throw startError(error);
    }
    this.#warnAboutSockets();
    this.#enter({ kind: 'serving' });
    if (this.#pendingStop !== null) void this.#stop(this.#pendingStop);
  }

  /** Without libc a worker has opened the listeners. */
  #noteListened(listened: readonly Endpoint[]): void {
    if (listened.length === 0 || this.endpoints.length > 0) return;
    this.endpoints = listened;
    this.#notePort();
    const nowSeconds = this.#store.now();
    for (const local of listened) enterListener(this.#parts.table, { descriptor: -1, local, nowSeconds });
    this.#counters[ServerCounter.TOTAL_CONNECTIONS] += listened.length;
  }

  #warnAboutSockets(): void {
    const { libcMissing, fileLimit } = this.#sockets;
    if (libcMissing !== '' && this.options.threads > 1)
      this.#log.warn({ reason: libcMissing }, 'Only one worker accepts connections');
    if (fileLimit !== null && fileLimit.files < fileLimit.wanted) {
      this.#log.warn({ ...fileLimit }, 'The limit on open files may be reached before maxConnections is');
    }
  }

  #notePort(): void {
    this.#settings.port = this.endpoints.find(({ family }) => family !== Family.UNIX)?.port ?? 0;
  }

  setClusterSecret(secret: string): void {
    new ConfigTable(this.#parts.configs).setSecret(secret);
  }

  close(): Promise<void> {
    return this.#stop({ reason: { kind: 'closed' }, order: this.#closeOrder() });
  }

  destroy(): Promise<void> {
    return this.#stop({ reason: { kind: 'destroyed' }, order: { kind: 'destroy' } });
  }

  #closeOrder(): WorkerOrder {
    return { kind: 'close', boundMs: this.#limits.closeBoundMs };
  }

  /** The first call decides the reason; later ones wait for the same end, and `destroy` still makes it come sooner. */
  async #stop(stop: Stop): Promise<void> {
    const { reason, order } = stop;
    switch (this.#phase.kind) {
      case 'starting':
        this.#pendingStop ??= stop;
        break;
      case 'serving':
        this.#enter({ kind: 'closing', reason });
        await this.#takeDown(order);
        this.#enter({ kind: 'closed', reason });
        this.#resolveStopped(reason);
        break;
      case 'closing':
        if (order.kind === 'destroy') await this.#workers.stop(order);
        break;
      case 'closed':
        break;
    }
    await this.stopped;
  }

  async #takeDown(order: WorkerOrder): Promise<void> {
    this.#reporter.stop();
    await this.#workers.stop(order);
    this.#sockets.closeAbandoned(this.#parts.table);
    await this.#maintenance.stop();
    this.#sockets.close();
  }

  #fail(error: Error): void {
    const { kind } = this.#phase;
    if (kind === 'closing' || kind === 'closed') return;
    this.#log.fatal({ err: error }, 'A thread of the server has failed');
    void this.#stop({ reason: { kind: 'failed', error }, order: { kind: 'destroy' } });
  }

  #onReport(report: WorkerReport): void {
    switch (report.kind) {
      case 'shutdown-requested':
        void this.#stop({ reason: { kind: 'shutdown', graceful: report.graceful }, order: this.#closeOrder() });
        return;
      case 'watchers-changed':
        this.#reporter.start();
        return;
      case 'maintenance-wanted':
        this.#maintenance.wake();
        return;
      case 'log':
        this.#log[report.level](report.fields, report.text);
        return;
      case 'ready':
      case 'stopped':
        return;
    }
  }

  /** The one place that changes the phase; each change is one line of the log. */
  #enter(phase: ServerPhase): void {
    this.#phase = phase;
    switch (phase.kind) {
      case 'serving':
        this.#log.info(this.#startFields(), 'Serving');
        return;
      case 'closing':
        this.#log.info({ reason: phase.reason.kind }, 'Closing');
        return;
      case 'closed':
        this.#log.info({ reason: phase.reason.kind }, 'Closed');
        return;
      case 'starting':
        return;
    }
  }

  /** With auto: why a faster transport than this one is not used. */
  #fallbackField(): object {
    const { fallbackReason } = this.#sockets;
    return fallbackReason === '' ? {} : { fallbackReason };
  }

  #startFields(): object {
    const { threads, memoryLimitBytes } = this.options;
    return {
      addresses: this.endpoints.map(addressText),
      transport: this.transport,
      ...this.#fallbackField(),
      threads,
      memoryMiB: memoryLimitBytes / 1_048_576,
      version: this.#settings.shoalVersion,
    };
  }
}

function makeParts(options: ResolvedServerOptions, sockets: Sockets, { slowReaderMs }: ServerLimits): ServerParts {
  // What the store cannot do is not claimed in `stats settings`.
  const hashAlgorithm = options.hashAlgorithm === 'xxh3' ? 'murmur3' : options.hashAlgorithm;
  try {
    return shareServerParts({
      settings: {
        // The workers need no secret: it stays in the table of configurations.
        options: { ...options, hashAlgorithm, clusterSecret: null, poolToken: null },
        transport: sockets.transport,
        startUnixSeconds: startUnixSecondsNow(),
        shoalVersion: readShoalVersion(),
      },
      arena: makeArena(options, randomInt(-INT32_RANGE, INT32_RANGE)),
      listeners: sockets.count,
      isManaged: options.clusterSecret !== null || options.poolAddresses.length > 0,
      wakeDescriptors: sockets.wakeDescriptors,
      slowReaderMs,
      acceptor: sockets.acceptingThread,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const memory = `${options.memoryLimitBytes / 1_048_576} MiB`;
    const message = `Cannot set aside ${memory} for items: ${error.message}`;
    throw new ServerStartError(StartErrorCode.OUT_OF_MEMORY, message, error);
  }
}

/** What a worker or the maintenance thread could not do at the start. */
function startError(error: unknown): Error {
  if (error instanceof ServerStartError) return error;
  // Without libc it is a worker that listens.
  const { code = '', syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall === 'listen') return listenError(port === undefined ? `${address}` : `${address}, port ${port}`, code);
  const message = error instanceof Error ? error.message : String(error);
  return new ServerStartError(StartErrorCode.WORKER_FAILED, `Cannot start a worker: ${message}`, error);
}
