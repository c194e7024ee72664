/**
 * The driver for nodes that are containers of a Docker engine: one container a node, found again by its labels.
 *
 *   closed ──▶ ready ◀──▶ lost      lost: the engine does not answer; told once, and `ready` when it does again
 *     ▲──────────┴──────────┘
 *
 * Called by the supervisor alone. The engine's stream of events tells which nodes end; whenever it had to be opened anew,
 * what runs is compared with what was known. The engine restarts nothing by itself: that is the pool's business.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DriverKind } from '../model.js';
import { probeNode } from '../probe.js';
import { RetryDelay } from '../registry/retry-delay.js';
import {
  type ContainerEnd,
  type ContainerState,
  containerName,
  DockerEngine,
  type DockerSettings,
} from './docker-engine.js';
import {
  type Driver,
  DriverError,
  DriverErrorCode,
  type DriverEvent,
  type NodeKey,
  type NodeLaunch,
  type RunningNode,
} from './driver.js';

export interface DockerDriverOptions extends Omit<DockerSettings, 'deadlineMs' | 'network'> {
  readonly network?: string | null;
  readonly deadlineMs?: number;
  /** How long a container may take until its node answers. */
  readonly startBoundMs?: number;
}

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'ready'; readonly unfollow: () => void }
  | { readonly kind: 'lost'; readonly timer: NodeJS.Timeout | null };

const DEFAULTS = { network: null, deadlineMs: 10_000, startBoundMs: 30_000 } as const;
const PROBE_MS = 500;
const POLL_MS = 50;
const REMOVAL_BOUND_MS = 10_000;
const HANDLE_CHARACTERS = 12;

export class DockerDriver implements Driver {
  readonly kind = DriverKind.DOCKER;
  readonly #engine: DockerEngine;
  readonly #options: Required<Omit<DockerDriverOptions, 'socketPath'>>;
  readonly #delay = new RetryDelay();
  #state: State = { kind: 'closed' };
  /** Raised by each opening and closing: what an earlier one began is no longer wanted. */
  #opening = 0;
  #tell: (event: DriverEvent) => void = () => {};
  /** Containers that serve, by id. */
  readonly #known = new Map<string, NodeKey>();
  /** Containers whose start is under way, and whether they ended meanwhile: `start` tells of those, no event. */
  readonly #starting = new Map<string, { hasEnded: boolean }>();

  constructor(options: DockerDriverOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#engine = new DockerEngine({ ...DEFAULTS, ...options });
  }

  async open(onEvent: (event: DriverEvent) => void): Promise<void> {
    this.#tell = onEvent;
    const opening = ++this.#opening;
    await this.#follow(opening);
  }

  async list(): Promise<readonly RunningNode[]> {
    const running = await this.#engine.running();
    for (const { id, clusterId, nodeId } of running) {
      if (!this.#starting.has(id)) this.#known.set(id, { clusterId, nodeId });
    }
    return running.map((container) =>
      this.#runningNode(container, { ...container, startedAtMs: container.createdAtMs }),
    );
  }

  async start(launch: NodeLaunch): Promise<RunningNode> {
    const name = containerName(launch);
    const present = await this.#engine.inspect(name, launch);
    if (present !== null && !present.isOurs) throw startFailed(launch, `container ${name} belongs to somebody else`);
    if (present?.isRunning === true) {
      this.#know(present.id, launch);
      return this.#runningNode(launch, present);
    }
    if (present !== null) await this.#removeWholly(name, launch);
    const id = await this.#engine.create(launch);
    this.#starting.set(id, { hasEnded: false });
    try {
      await this.#engine.start(id);
      const state = await this.#untilItAnswers(id, launch);
      this.#know(id, launch);
      return this.#runningNode(launch, state);
    } catch (error) {
      // The reason is already known, and a container that cannot be removed now is removed by the next start.
      await this.#engine.remove(id).catch(() => undefined);
      throw error;
    } finally {
      this.#starting.delete(id);
    }
  }

  async stop(key: NodeKey, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const own = await this.#own(key);
    if (own === null) return;
    await this.#engine.stop(own.id, graceMs);
    await this.#removeWholly(own.id, key);
    this.#ended(own.id, 'stopped');
  }

  async kill(key: NodeKey): Promise<void> {
    const own = await this.#own(key);
    if (own === null) return;
    await this.#removeWholly(own.id, key);
    this.#ended(own.id, 'killed');
  }

  async close(): Promise<void> {
    this.#opening++;
    this.#known.clear();
    this.#become({ kind: 'closed' });
  }

  async shutDown({ graceMs }: { readonly graceMs: number }): Promise<void> {
    await this.close();
    const containers = await this.#engine.all();
    const ends = await Promise.allSettled(containers.map((key) => this.stop(key, { graceMs })));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** The one setter: leaving a state lets go of what it held. */
  #become(state: State): void {
    const previous = this.#state;
    this.#state = state;
    switch (previous.kind) {
      case 'ready':
        previous.unfollow();
        break;
      case 'lost':
        if (previous.timer !== null) clearTimeout(previous.timer);
        break;
      case 'closed':
        break;
    }
  }

  /** First the stream, then what runs: nothing can end unnoticed between the two. */
  async #follow(opening: number): Promise<void> {
    const isCurrent = (): boolean => opening === this.#opening;
    const unfollow = await this.#engine.follow({
      end: (end) => {
        if (isCurrent()) this.#onEnd(end);
      },
      over: () => {
        if (isCurrent() && this.#state.kind === 'ready') void this.#followAgain(opening);
      },
    });
    try {
      await this.#compare(isCurrent);
    } catch (error) {
      unfollow();
      throw error;
    }
    if (isCurrent()) this.#become({ kind: 'ready', unfollow });
    else unfollow();
  }

  /** A stream that only broke is opened anew without a word; an engine that is away is told, once. Never rejects. */
  async #followAgain(opening: number): Promise<void> {
    const wasLost = this.#state.kind === 'lost';
    try {
      await this.#follow(opening);
      this.#delay.reset();
      if (wasLost && opening === this.#opening) this.#tell({ kind: 'ready' });
    } catch (error) {
      if (opening !== this.#opening) return;
      const timer = setTimeout(() => void this.#followAgain(opening), this.#delay.nextMs());
      this.#become({ kind: 'lost', timer });
      if (!wasLost) this.#tell({ kind: 'lost', reason: (error as Error).message });
    }
  }

  async #compare(isCurrent: () => boolean): Promise<void> {
    const before = new Map(this.#known);
    const running = new Set((await this.list()).map(({ handle }) => handle));
    if (!isCurrent()) return;
    for (const id of before.keys()) {
      if (!running.has(handleOf(id))) this.#ended(id, 'ended while the Docker engine could not be followed');
    }
  }

  #onEnd({ id, exitCode }: ContainerEnd): void {
    const starting = this.#starting.get(id);
    if (starting !== undefined) starting.hasEnded = true;
    this.#ended(id, reasonOf(exitCode, false));
  }

  /** Told once a container, and by `stop` and `kill` before they resolve: never after a later start of the same node. */
  #ended(id: string, reason: string): void {
    const key = this.#known.get(id);
    if (key === undefined) return;
    this.#known.delete(id);
    this.#tell({ kind: 'exited', key, reason });
  }

  #know(id: string, { clusterId, nodeId }: NodeKey): void {
    this.#known.set(id, { clusterId, nodeId });
  }

  async #untilItAnswers(id: string, launch: NodeLaunch): Promise<ContainerState> {
    const deadlineMs = performance.now() + this.#options.startBoundMs;
    for (;;) {
      const state = await this.#engine.inspect(id, launch);
      if (state?.isRunning !== true || this.#starting.get(id)?.hasEnded === true)
        throw await this.#endedEarly(id, launch);
      const outcome = await probeNode({ host: this.#hostOf(launch, state), port: launch.port }, PROBE_MS);
      if (outcome.kind === 'answered' && this.#starting.get(id)?.hasEnded === false) return state;
      if (performance.now() > deadlineMs) {
        const reason = outcome.kind === 'failed' ? outcome.reason : 'it ends';
        throw startFailed(launch, `no answer within ${this.#options.startBoundMs} ms: ${reason}`);
      }
      await pause(POLL_MS);
    }
  }

  async #endedEarly(id: string, launch: NodeLaunch): Promise<DriverError> {
    const state = await this.#engine.inspect(id, launch);
    if (state === null) return startFailed(launch, 'its container was removed');
    const said = await this.#engine.lastLines(id);
    const reason = reasonOf(state.exitCode, state.isOutOfMemory);
    return startFailed(launch, said === '' ? reason : `${reason}: ${said}`);
  }

  /** The daemon may stand outside the network, where the name of a container says nothing but its address works. */
  #hostOf(launch: NodeLaunch, { ip }: ContainerState): string {
    if (this.#options.network !== null) return ip === '' ? containerName(launch) : ip;
    return launch.host === '0.0.0.0' ? '127.0.0.1' : launch.host;
  }

  /** On a network of the engine the container has a name and an address of its own, which a later one may not get. */
  #runningNode(key: NodeKey, { id, startedAtMs, ip }: Pick<ContainerState, 'id' | 'startedAtMs' | 'ip'>): RunningNode {
    const { clusterId, nodeId } = key;
    const node = { clusterId, nodeId, handle: handleOf(id), startedAtMs };
    return ip === '' ? node : { ...node, place: { hostname: containerName(key), ip } };
  }

  /** Null when there is nothing to do. A container of somebody else that has the name is left alone. */
  async #own(key: NodeKey): Promise<ContainerState | null> {
    const present = await this.#engine.inspect(containerName(key), key);
    return present?.isOurs === true ? present : null;
  }

  async #removeWholly(name: string, key: NodeKey): Promise<void> {
    const deadlineMs = performance.now() + REMOVAL_BOUND_MS;
    while (!(await this.#engine.remove(name)) || (await this.#engine.inspect(name, key)) !== null) {
      if (performance.now() > deadlineMs) {
        throw new DriverError(
          DriverErrorCode.UNAVAILABLE,
          `Cannot remove container ${name}: the engine does not end it`,
        );
      }
      await pause(POLL_MS);
    }
  }
}

function handleOf(id: string): string {
  return `container ${id.slice(0, HANDLE_CHARACTERS)}`;
}

const SIGNAL_BASE = 128;

function reasonOf(exitCode: number, isOutOfMemory: boolean): string {
  if (isOutOfMemory) return 'the kernel ended it because its memory ran out';
  if (exitCode > SIGNAL_BASE) return `ended by signal ${exitCode - SIGNAL_BASE}`;
  return `ended with code ${exitCode}`;
}

function startFailed({ clusterId, nodeId }: NodeKey, reason: string): DriverError {
  return new DriverError(DriverErrorCode.START_FAILED, `Cannot start node ${clusterId}/${nodeId}: ${reason}`);
}
