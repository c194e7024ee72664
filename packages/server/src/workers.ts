/**
 * The worker threads of a server, seen from the main thread: started together, stopped together.
 *
 * server.ts owns one. A worker that ends without having been told to, for whatever reason, is reported once through
 * `onFailure`: it may have held a stripe of the store, so the others must not go on. Orders are posted and the worker is
 * woken; who does not leave within its time is terminated. A process that exits waits for its threads, so they are told then too.
 */
import type { ListenOptions } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from './connection-table.js';
import type { WorkerOrder, WorkerReport } from './messages.js';
import { TransportName } from './settings.js';
import type { Listener } from './transport/transport.js';
import { Wakeups } from './wakeups.js';
import type { WorkerStart } from './worker.js';
import type { ServerParts } from './worker-parts.js';

export interface WorkersParts {
  readonly parts: ServerParts;
  /** One thread more, behind the workers, accepts connections. */
  readonly hasAcceptingThread: boolean;
  readonly listenersOf: (thread: number) => readonly Listener[];
  readonly listeningOf: (thread: number) => readonly ListenOptions[];
  /** It serves. */
  readonly onReady: (thread: number) => void;
  readonly onReport: (report: WorkerReport) => void;
  readonly onFailure: (error: Error) => void;
  /** The worker's file; tests give others. */
  readonly entry?: URL;
}

/** worker.ts and all that it imports as one module, which runs faster: scripts/bundle.js makes it at the end of a build. */
const ENTRY = new URL('./bundled/worker.js', import.meta.url);
/** Beyond what an order allows, before a worker is terminated. */
const LEAVE_BOUND_MS = 1500;
/**
 * Serving on io_uring and epoll allocates next to nothing, so a small young generation costs no time there and keeps a worker 2.5 MiB
 * smaller; Node.js's sockets allocate for every event.
 */
const YOUNG_GENERATION_MIB: Record<TransportName, number> = {
  [TransportName.URING]: 3,
  [TransportName.EPOLL]: 3,
  [TransportName.NET]: 12,
};

/** What a thread runs, and in how much memory for what is young. */
interface ThreadKind {
  readonly entry: URL;
  readonly youngGenerationMiB: number;
}

const ACCEPTING_THREAD: ThreadKind = {
  entry: new URL('./accepting-thread.js', import.meta.url),
  youngGenerationMiB: 2,
};

/** Those of all servers of this process that run: they share one listener, because an emitter warns of more than ten. */
const running = new Set<Workers>();

function endAll(): void {
  for (const workers of running) workers.order({ kind: 'destroy' });
}

export class Workers {
  readonly #parts: WorkersParts;
  readonly #wakeups: Wakeups;
  readonly #threads: WorkerThread[] = [];

  constructor(parts: WorkersParts) {
    this.#parts = parts;
    this.#wakeups = new Wakeups(parts.parts.wakeups);
  }

  /** Resolves when all of them serve, with what they listen on by themselves; rejects with the first error. */
  async start(): Promise<Endpoint[]> {
    const { parts, hasAcceptingThread, entry = ENTRY } = this.#parts;
    const { threads } = parts.settings.options;
    if (running.size === 0) process.on('exit', endAll);
    running.add(this);
    const youngGenerationMiB = YOUNG_GENERATION_MIB[parts.settings.transport];
    for (let id = 0; id < threads; id++) this.#startThread(id, { entry, youngGenerationMiB });
    if (hasAcceptingThread) this.#startThread(threads, ACCEPTING_THREAD);
    const endpoints = await Promise.all(this.#threads.map((thread) => thread.ready));
    return endpoints.flat();
  }

  #startThread(id: number, kind: ThreadKind): void {
    const { parts, listenersOf, listeningOf } = this.#parts;
    const start: WorkerStart = { id, parts, listeners: listenersOf(id), listening: listeningOf(id) };
    this.#threads.push(new WorkerThread(kind, start, this.#parts));
  }

  /** Resolves when all of them have left. A thread that only accepts goes first, so that nobody is let in to be turned out. */
  async stop(order: WorkerOrder): Promise<void> {
    const boundMs = (order.kind === 'close' ? order.boundMs : 0) + LEAVE_BOUND_MS;
    if (this.#parts.hasAcceptingThread && this.#threads.length > 0) {
      this.#orderThread(this.#threads.length - 1, order);
      await this.#threads.at(-1)?.leave(LEAVE_BOUND_MS);
    }
    this.order(order);
    await Promise.all(this.#threads.map((thread) => thread.leave(boundMs)));
    running.delete(this);
    if (running.size === 0) process.off('exit', endAll);
  }

  order(order: WorkerOrder): void {
    for (let id = 0; id < this.#threads.length; id++) this.#orderThread(id, order);
  }

  #orderThread(id: number, order: WorkerOrder): void {
    this.#threads[id].post(order);
    this.#wakeups.wake(id);
  }
}

class WorkerThread {
  /** Resolves when it serves. */
  readonly ready: Promise<readonly Endpoint[]>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #isServing = false;
  #isLeaving = false;

  constructor(
    { entry, youngGenerationMiB }: ThreadKind,
    start: WorkerStart,
    { onReady, onReport, onFailure }: WorkersParts,
  ) {
    this.#worker = new Worker(entry, {
      workerData: start,
      name: `shoal-worker-${start.id}`,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiB },
    });
    let failure = new Error(`Cannot go on: worker ${start.id} has ended`);
    this.#worker.on('error', (error) => {
      failure = error;
    });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'ready') {
          this.#isServing = true;
          onReady(start.id);
          resolve(report.endpoints);
        } else {
          onReport(report);
        }
      });
      this.#worker.once('exit', () => {
        reject(failure);
        if (this.#isServing && !this.#isLeaving) onFailure(failure);
      });
    });
  }

  post(order: WorkerOrder): void {
    this.#isLeaving = true;
    this.#worker.postMessage(order);
  }

  async leave(boundMs: number): Promise<void> {
    const timer = setTimeout(() => void this.#worker.terminate(), boundMs);
    await this.#exited;
    clearTimeout(timer);
  }
}
