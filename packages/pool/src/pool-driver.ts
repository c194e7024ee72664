/**
 * One driver of the pool and what is known of it: what runs, and whether it can be asked. Made by pool.ts, one a driver;
 * shared by the supervisors of all clusters that use it.
 *
 * The driver tells what ends and when its host is back; everything else is learned from `list`, which is asked again, a
 * second later, until it answers. While it does not, nothing is known to run and nothing is started or stopped.
 */
import {
  type Driver,
  DriverError,
  DriverErrorCode,
  type DriverEvent,
  type NodeKey,
  type NodeLaunch,
  type RunningNode,
} from './drivers/driver.js';
import type { Log } from './log.js';
import type { PoolClock } from './pool-clock.js';

const LIST_AGAIN_MS = 1000;
/** Forty nodes that start at once are all slow; these are quick one after the other. */
const STARTS_AT_ONCE_MAX = 8;

export interface PoolDriverEvents {
  /** A node of this cluster ended. */
  readonly onExit: (key: NodeKey, reason: string) => void;
  /** What runs, or whether the driver is ready, may have changed: everybody look again. */
  readonly onChange: () => void;
}

export class PoolDriver {
  readonly #driver: Driver;
  readonly #log: Log;
  readonly #clock: PoolClock;
  readonly #events: PoolDriverEvents;
  readonly #running = new Map<string, RunningNode>();
  /** Exits told while a start of the same node was under way: which process ended is not known. */
  readonly #exitsDuringStart = new Map<string, number>();
  #starts = 0;
  #startsNothing = false;
  /** One a node that is to start: bounded by the nodes of all clusters. */
  readonly #waitingStarts: (() => void)[] = [];
  #opening: Promise<void> | null = null;
  #isReady = false;
  #reason: string | null = null;
  #isClosed = false;
  #stopWaiting: () => void = () => {};

  constructor(driver: Driver, { log, clock, events }: { log: Log; clock: PoolClock; events: PoolDriverEvents }) {
    this.#driver = driver;
    this.#log = log;
    this.#clock = clock;
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why it is not ready; null as well before it was needed. */
  get reason(): string | null {
    return this.#isReady ? null : this.#reason;
  }

  /** Never rejects: a host that is not there yet is waited for. Any number of calls. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#driver.open((event) => this.#onEvent(event));
    } catch (error) {
      this.#noteTrouble(error, 'Cannot open the driver: trying again');
      this.#later(() => void this.#open());
      return;
    }
    await this.#refresh();
  }

  running(key: NodeKey): RunningNode | null {
    return this.#running.get(nameOf(key)) ?? null;
  }

  runningOf(clusterId: string): readonly RunningNode[] {
    return [...this.#running.values()].filter((node) => node.clusterId === clusterId);
  }

  runningClusters(): ReadonlySet<string> {
    return new Set([...this.#running.values()].map(({ clusterId }) => clusterId));
  }

  /** Rejects with a DriverError. */
  async start(launch: NodeLaunch): Promise<void> {
    await this.#turnToStart();
    const name = nameOf(launch);
    this.#exitsDuringStart.set(name, 0);
    try {
      this.#running.set(name, await this.#driver.start(launch));
      if (this.#exitsDuringStart.get(name) !== 0) await this.#refresh();
    } finally {
      this.#exitsDuringStart.delete(name);
      this.#starts--;
      this.#waitingStarts.shift()?.();
    }
  }

  async #turnToStart(): Promise<void> {
    while (this.#starts >= STARTS_AT_ONCE_MAX && !this.#startsNothing) {
      await new Promise<void>((resolve) => {
        this.#waitingStarts.push(resolve);
      });
    }
    if (this.#startsNothing) throw new DriverError(DriverErrorCode.UNAVAILABLE, 'Cannot start a node: the pool ends');
    this.#starts++;
  }

  /** What waits for its turn to start is given up: the pool ends. */
  startNothingMore(): void {
    this.#startsNothing = true;
    for (const proceed of this.#waitingStarts.splice(0)) proceed();
  }

  async stop(key: NodeKey, options: { readonly graceMs: number }): Promise<void> {
    await this.#driver.stop(key, options);
    this.#running.delete(nameOf(key));
  }

  async kill(key: NodeKey): Promise<void> {
    await this.#driver.kill(key);
    this.#running.delete(nameOf(key));
  }

  /** One that was never needed has nothing to let go of. */
  async close(): Promise<void> {
    this.#letGo();
    if (this.#opening !== null) await this.#driver.close();
  }

  async shutDown(options: { readonly graceMs: number }): Promise<void> {
    this.#letGo();
    if (this.#opening !== null) await this.#driver.shutDown(options);
  }

  #letGo(): void {
    this.#isClosed = true;
    this.#isReady = false;
    this.#stopWaiting();
  }

  #onEvent(event: DriverEvent): void {
    if (this.#isClosed) return;
    switch (event.kind) {
      case 'exited':
        this.#onExit(event.key, event.reason);
        return;
      case 'lost':
        this.#log.warn({ driver: this.#driver.kind, reason: event.reason }, 'Lost the nodes of a driver');
        this.#running.clear();
        this.#isReady = false;
        this.#reason = event.reason;
        this.#events.onChange();
        return;
      case 'ready':
        void this.#refresh();
        return;
    }
  }

  #onExit(key: NodeKey, reason: string): void {
    const name = nameOf(key);
    const during = this.#exitsDuringStart.get(name);
    if (during !== undefined) this.#exitsDuringStart.set(name, during + 1);
    this.#running.delete(name);
    this.#events.onExit(key, reason);
  }

  async #refresh(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const nodes = await this.#driver.list();
      if (this.#isClosed) return;
      this.#running.clear();
      for (const node of nodes) this.#running.set(nameOf(node), node);
      this.#isReady = true;
      this.#reason = null;
    } catch (error) {
      this.#isReady = false;
      this.#noteTrouble(error, 'Cannot list what a driver runs: trying again');
      this.#later(() => void this.#refresh());
    }
    this.#events.onChange();
  }

  /** One line a reason, however often it is tried. */
  #noteTrouble(error: unknown, what: string): void {
    const reason = messageOf(error);
    if (reason !== this.#reason) this.#log.error({ driver: this.#driver.kind, reason }, what);
    this.#reason = reason;
  }

  #later(call: () => void): void {
    this.#stopWaiting();
    if (!this.#isClosed) this.#stopWaiting = this.#clock.later(call, LIST_AGAIN_MS);
  }
}

function nameOf({ clusterId, nodeId }: NodeKey): string {
  return `${clusterId}/${nodeId}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
