/**
 * The door of the daemon: `startPool` for programs and `shoal up`, `runPool` for `shoal pool`, a process of its own.
 *
 * Here the real parts are put together, in the order lock, registry, drivers, clusters, API, registration; they end in the
 * other order. A start that fails leaves nothing behind and rejects with an error that start-errors.ts knows.
 */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { startRouter } from '@shoal/router';
import { PoolError, PoolErrorCode } from './api/errors.js';
import type { PoolDescription } from './api/results.js';
import { type Api, startApi } from './api/server.js';
import { type DataDirectory, openDataDirectory } from './data-directory.js';
import { DockerDriver } from './drivers/docker.js';
import { ProcessDriver } from './drivers/process.js';
import { HealthMonitor } from './health-monitor.js';
import { type Log, openLog } from './log.js';
import { DriverKind } from './model.js';
import { type PoolOptions, type ResolvedPoolOptions, resolvePoolOptions } from './options.js';
import { Pool } from './pool.js';
import { SYSTEM_CLOCK } from './pool-clock.js';
import type { PoolRequests } from './pool-requests.js';
import { isPortFree, nextFreePorts } from './ports.js';
import { publish } from './publisher.js';
import { type RegistrationListener, startRegistration } from './registration/listener.js';
import { EmbeddedRegistry } from './registry/embedded.js';
import { EtcdRegistry } from './registry/etcd.js';
import type { Registry } from './registry/registry.js';
import { setAsideRegistryFile } from './registry/registry-file.js';
import { ExitCode, exitCodeOf } from './start-errors.js';
import { readShoalVersion } from './version.js';

export type { PoolOptions } from './options.js';
export { PoolOptionsError } from './options.js';
export { exitCodeOf } from './start-errors.js';

/** How a pool ended: its nodes serve on, or stopped with it. */
export type PoolEnd = 'kept' | 'stopped';

export interface RunningPool {
  readonly requests: PoolRequests;
  /** The API's unix socket. */
  readonly socketPath: string;
  /** Where nodes register; null: nowhere. */
  readonly registration: { readonly host: string; readonly port: number } | null;
  /** Resolves once it has ended, whoever ended it. Never rejects. */
  readonly stopped: Promise<PoolEnd>;
  /** Lets go: nodes serve on, and the next daemon on this data directory adopts them. Any number of calls. */
  close(): Promise<void>;
  /** Stops everything in order. Any number of calls; the first of both decides. */
  shutDown(): Promise<void>;
}

/** Port 0 of an endpoint is chosen here, below the ports that the kernel lends to connections. */
const CHOSEN_PORTS = { least: 20_000, most: 30_000 };

/** Rejects with an error of start-errors.ts, and then nothing is left running. */
export async function startPool(asked: PoolOptions): Promise<RunningPool> {
  const options = resolvePoolOptions(asked);
  const { log, flush } = await openLog(options.logLevel);
  return new Daemon(options, log, flush).start();
}

/**
 * The life of a daemon process: resolves with its exit code. A signal ends it, in order, and during the start as soon as it
 * has started; a second one ends it at once.
 */
export async function runPool(
  asked: PoolOptions,
  { onRunning = () => {} }: { readonly onRunning?: (pool: RunningPool) => void } = {},
): Promise<number> {
  const signals = new StopSignals();
  try {
    const options = resolvePoolOptions(asked);
    const life = startPool(asked).then((pool) => {
      onRunning(pool);
      void signals.first.then(() => (options.onStop === 'stop' ? pool.shutDown() : pool.close()));
      return pool.stopped.then(() => ExitCode.OK);
    });
    return await Promise.race([life, signals.second]);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error) ?? ExitCode.SOFTWARE;
  } finally {
    signals.remove();
  }
}

const STOPPING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];
/** What shells say of a process that a signal ended. */
const SIGNAL_EXIT_BASE = 128;

class StopSignals {
  readonly first: Promise<void>;
  /** The exit code that an impatient signal means. */
  readonly second: Promise<number>;
  #count = 0;
  #onFirst: () => void = () => {};
  #onSecond: (exitCode: number) => void = () => {};
  readonly #listener = (signal: NodeJS.Signals) => {
    this.#count++;
    if (this.#count === 1) this.#onFirst();
    else this.#onSecond(SIGNAL_EXIT_BASE + constants.signals[signal]);
  };

  constructor() {
    this.first = new Promise((resolve) => {
      this.#onFirst = resolve;
    });
    this.second = new Promise((resolve) => {
      this.#onSecond = resolve;
    });
    for (const signal of STOPPING) process.on(signal, this.#listener);
  }

  remove(): void {
    for (const signal of STOPPING) process.off(signal, this.#listener);
  }
}

/** What is open, in the order in which it was opened; closed from the end. */
class Daemon {
  readonly #options: ResolvedPoolOptions;
  readonly #log: Log;
  readonly #flush: () => Promise<void>;
  readonly #startedAtMs = Date.now();
  #directory: DataDirectory | null = null;
  #pool: Pool | null = null;
  #api: Api | null = null;
  #registration: RegistrationListener | null = null;
  #ending: Promise<void> | null = null;
  readonly #stopped: Promise<PoolEnd>;
  #onStopped: (end: PoolEnd) => void = () => {};

  constructor(options: ResolvedPoolOptions, log: Log, flush: () => Promise<void>) {
    this.#options = options;
    this.#log = log;
    this.#flush = flush;
    this.#stopped = new Promise((resolve) => {
      this.#onStopped = resolve;
    });
  }

  async start(): Promise<RunningPool> {
    try {
      return await this.#open();
    } catch (error) {
      if (exitCodeOf(error) === null) this.#log.fatal({ err: error }, 'Cannot start the pool');
      await this.#end('kept');
      throw error;
    }
  }

  async #open(): Promise<RunningPool> {
    const directory = await openDataDirectory(this.#options.dataDirectory);
    this.#directory = directory;
    if (this.#options.setAsideRegistry) await this.#setAsideRegistry(directory);
    const registry = this.#registry(directory);
    const pool = this.#makePool(directory, registry);
    this.#pool = pool;
    await pool.start();
    await this.#makeClusters(pool.requests);
    const control = {
      describe: () => this.#describe(pool, registry, directory),
      stop: ({ stopNodes }: { readonly stopNodes: boolean | null }) => {
        void this.#end((stopNodes ?? this.#options.onStop === 'stop') ? 'stopped' : 'kept');
      },
    };
    const onFailure = (error: unknown, path: string) => this.#log.error({ err: error, path }, 'A request failed');
    this.#api = await startApi({ socketPath: directory.poolSocket, requests: pool.requests, control, onFailure });
    await this.#openRegistration(pool, onFailure);
    this.#log.info({ dataDirectory: directory.directory, registry: registry.name }, 'The pool runs');
    return {
      requests: pool.requests,
      socketPath: this.#api.socketPath,
      registration: this.#registration,
      stopped: this.#stopped,
      close: () => this.#end('kept'),
      shutDown: () => this.#end('stopped'),
    };
  }

  async #setAsideRegistry({ registryFile }: DataDirectory): Promise<void> {
    const done = await setAsideRegistryFile(registryFile);
    if (done === null) return;
    const { aside, leastFloor } = done;
    this.#log.warn(
      { aside, leastFloor },
      'Set a registry file aside that cannot be read: versions go on above a floor',
    );
  }

  async #openRegistration(pool: Pool, onFailure: (error: unknown, path: string) => void): Promise<void> {
    const { registration, token } = this.#options;
    if (registration === null) return;
    const { requests } = pool;
    this.#registration = await startRegistration({ ...registration, token, requests, onFailure });
  }

  #registry({ registryFile, daemonId }: DataDirectory): Registry {
    const { registry } = this.#options;
    return registry === 'embedded' ? new EmbeddedRegistry(registryFile) : new EtcdRegistry(registry, { daemonId });
  }

  #makePool({ directory, daemonId, hostSocket }: DataDirectory, registry: Registry): Pool {
    return new Pool({
      options: this.#options,
      daemonId,
      registry,
      drivers: [
        new ProcessDriver({ dataDir: directory }),
        new DockerDriver({ ...this.#options.docker, poolId: daemonId }),
      ],
      adopting: this.#driversToAskAtOnce(hostSocket),
      health: (onChange) => new HealthMonitor({ onChange: () => onChange() }),
      openRouter: startRouter,
      publish,
      freePort,
      clock: SYSTEM_CLOCK,
      log: this.#log,
    });
  }

  /** What runs already may belong to clusters that the registry has lost. An engine that nobody needs is left alone. */
  #driversToAskAtOnce(hostSocket: string): DriverKind[] {
    const kinds: DriverKind[] = existsSync(hostSocket) ? [DriverKind.PROCESS] : [];
    return this.#options.driver === DriverKind.DOCKER ? [...kinds, DriverKind.DOCKER] : kinds;
  }

  /** Clusters of the command line: one that exists, by this daemon or another, is left as it is. */
  async #makeClusters(requests: PoolRequests): Promise<void> {
    for (const cluster of this.#options.clusters) {
      try {
        await requests.createCluster(cluster);
      } catch (error) {
        if (!(error instanceof PoolError) || error.code !== PoolErrorCode.ALREADY_EXISTS) throw error;
      }
    }
  }

  #describe(pool: Pool, registry: Registry, { daemonId, directory }: DataDirectory): PoolDescription {
    const { isReachable, reason } = pool.registryState;
    const registration = this.#registration;
    return {
      DaemonId: daemonId,
      ProcessId: process.pid,
      Version: readShoalVersion(),
      StartTime: new Date(this.#startedAtMs).toISOString(),
      DataDirectory: directory,
      Registry: { Name: registry.name, Reachable: isReachable, Reason: reason, Leader: registry.isLeader },
      Drivers: pool.drivers().map(({ kind, isReady, reason: why }) => ({ Driver: kind, Ready: isReady, Reason: why })),
      DefaultDriver: this.#options.driver,
      Registration: registration === null ? null : { Address: registration.host, Port: registration.port },
    };
  }

  #end(end: PoolEnd): Promise<void> {
    this.#ending ??= this.#takeDown(end);
    return this.#ending;
  }

  /** Who asked for it over the API still gets an answer: closing the API waits for it. */
  async #takeDown(end: PoolEnd): Promise<void> {
    // One that did not get so far has an error to tell, and nothing else.
    if (this.#api !== null) this.#log.info({ nodes: end }, 'The pool ends');
    const steps = [
      () => this.#registration?.close(),
      () => (end === 'kept' ? this.#pool?.close() : this.#pool?.shutDown()),
      () => this.#api?.close(),
      () => this.#directory?.release(),
      () => this.#flush(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        this.#log.warn({ err: error }, 'The pool did not end in order');
      }
    }
    this.#onStopped(end);
  }
}

async function freePort(host: string, port: number): Promise<number> {
  if (port === 0) {
    const above = randomInt(CHOSEN_PORTS.least, CHOSEN_PORTS.most);
    return (await nextFreePorts({ host, above, count: 1, taken: new Set() }))[0];
  }
  if (await isPortFree(host, port)) return port;
  throw new PoolError(PoolErrorCode.INSUFFICIENT_CAPACITY, `port ${port} of ${host} is in use`);
}
