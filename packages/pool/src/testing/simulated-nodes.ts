/**
 * The machine of a simulated pool: processes that start, hang, die and take configurations, seen through a fake driver, fake
 * health checks and a fake publisher, all on a simulated clock. It remembers what was done to it, in order.
 */
import {
  type Driver,
  DriverError,
  DriverErrorCode,
  type DriverEvent,
  type NodeKey,
  type NodeLaunch,
  type RunningNode,
} from '../drivers/driver.js';
import type { Health, HealthTarget, NodeHealth } from '../health.js';
import { type ClusterRecord, configOf, type NodeRecord } from '../model.js';
import type { SimulatedClock } from './simulated-clock.js';

const START_MS = 300;
const STOP_MS = 100;
const PROBE_MS = 750;
const FAILURES_MAX = 3;
const PUSH_DEADLINE_MS = 700;

interface Process {
  readonly launch: NodeLaunch;
  readonly handle: string;
  readonly startedAtMs: number;
  hangs: boolean;
  version: number;
}

export class SimulatedNodes implements Driver {
  readonly kind = 'process';
  readonly done: string[] = [];
  /** Ports held by strangers. */
  readonly strangers = new Set<number>();
  /** Nodes that end as soon as they start. */
  readonly cursed = new Set<string>();
  readonly processes = new Map<string, Process>();
  /** Names of nodes with an action on them under way: two at once are a contradiction. */
  readonly contradictions: string[] = [];
  readonly #clock: SimulatedClock;
  readonly #acting = new Set<string>();
  #onEvent: (event: DriverEvent) => void = () => {};
  #count = 0;
  #isLost = false;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  async open(onEvent: (event: DriverEvent) => void): Promise<void> {
    this.#onEvent = onEvent;
  }

  async list(): Promise<readonly RunningNode[]> {
    this.#checkReachable();
    return [...this.processes.values()].map(runningNode);
  }

  start(launch: NodeLaunch): Promise<RunningNode> {
    return this.#act('start', launch, async () => {
      const name = nameOf(launch);
      const known = this.processes.get(name);
      if (known !== undefined) return runningNode(known);
      await this.#clock.pause(START_MS);
      this.#checkReachable();
      if (this.strangers.has(launch.port)) throw new DriverError(DriverErrorCode.PORT_IN_USE, 'the port is in use');
      if (this.cursed.has(name)) throw new DriverError(DriverErrorCode.START_FAILED, 'it ended at once');
      const handle = `pid ${++this.#count}`;
      const process = { launch, handle, startedAtMs: this.#clock.nowMs(), hangs: false, version: 0 };
      this.processes.set(name, process);
      return runningNode(process);
    });
  }

  stop(key: NodeKey): Promise<void> {
    return this.#act('stop', key, async () => {
      await this.#clock.pause(STOP_MS);
      this.processes.delete(nameOf(key));
    });
  }

  kill(key: NodeKey): Promise<void> {
    return this.#act('kill', key, async () => {
      this.processes.delete(nameOf(key));
    });
  }

  /** Events go to whoever opened last; a pool that has closed takes none. */
  async close(): Promise<void> {}

  async shutDown(): Promise<void> {
    this.processes.clear();
  }

  /** kill -9 from outside. */
  die(name: string): void {
    const process = this.processes.get(name);
    if (process === undefined) return;
    this.processes.delete(name);
    this.#onEvent({ kind: 'exited', key: process.launch, reason: 'killed by SIGKILL' });
  }

  hang(name: string): void {
    const process = this.processes.get(name);
    if (process !== undefined) process.hangs = true;
  }

  /** The host dies with all it runs, and is back a second later. */
  loseHost(): void {
    const lost = [...this.processes.values()];
    this.processes.clear();
    this.#isLost = true;
    this.#onEvent({ kind: 'lost', reason: 'the host ended' });
    for (const { launch } of lost) this.#onEvent({ kind: 'exited', key: launch, reason: 'the host ended' });
    this.#clock.later(() => {
      this.#isLost = false;
      this.#onEvent({ kind: 'ready' });
    }, 1000);
  }

  readonly publish = async (node: NodeRecord, cluster: ClusterRecord): Promise<void> => {
    await this.#clock.act(`pushes to ${cluster.id}/${node.id}`);
    const process = this.processes.get(nameOf({ clusterId: cluster.id, nodeId: node.id }));
    const config = configOf(cluster);
    if (process === undefined || process.launch.port !== node.address.port) throw new Error('connection refused');
    if (process.hangs) {
      await this.#clock.pause(PUSH_DEADLINE_MS);
      throw new Error('no answer');
    }
    if (config === null || config.version < process.version)
      throw new Error(`version ${cluster.version} is no step up`);
    process.version = config.version;
    this.done.push(`push ${cluster.id}/${node.id} v${cluster.version}`);
  };

  readonly health = (onChange: () => void): Health => new SimulatedHealth(this, this.#clock, onChange);

  answer({ clusterId, nodeId, port }: HealthTarget): number | null {
    const process = this.processes.get(nameOf({ clusterId, nodeId }));
    return process === undefined || process.hangs || process.launch.port !== port ? null : process.version;
  }

  async #act<T>(what: string, key: NodeKey, work: () => Promise<T>): Promise<T> {
    const name = nameOf(key);
    await this.#clock.act(`${what} ${name}`);
    this.#checkReachable();
    if (this.#acting.has(name)) this.contradictions.push(`${what} ${name}`);
    this.#acting.add(name);
    this.done.push(`${what} ${name}`);
    try {
      return await work();
    } finally {
      this.#acting.delete(name);
    }
  }

  #checkReachable(): void {
    if (this.#isLost) throw new DriverError(DriverErrorCode.UNAVAILABLE, 'no host');
  }
}

/** Probes every node at one pace; three misses are a failure. */
class SimulatedHealth implements Health {
  readonly #nodes: SimulatedNodes;
  readonly #clock: SimulatedClock;
  readonly #onChange: () => void;
  #targets = new Map<string, HealthTarget>();
  readonly #known = new Map<string, NodeHealth>();
  #isClosed = false;

  constructor(nodes: SimulatedNodes, clock: SimulatedClock, onChange: () => void) {
    this.#nodes = nodes;
    this.#clock = clock;
    this.#onChange = onChange;
    clock.later(() => this.#probe(), PROBE_MS);
  }

  watch(targets: readonly HealthTarget[]): void {
    this.#targets = new Map(targets.map((target) => [nameOf(target), target]));
    for (const name of this.#known.keys()) if (!this.#targets.has(name)) this.#known.delete(name);
  }

  of(key: NodeKey): NodeHealth {
    return (
      this.#known.get(nameOf(key)) ?? {
        state: 'unknown',
        failures: 0,
        reason: null,
        configVersion: null,
        lastAnswerAtMs: null,
      }
    );
  }

  reset(key: NodeKey): void {
    this.#known.delete(nameOf(key));
  }

  close(): void {
    this.#isClosed = true;
  }

  #probe(): void {
    if (this.#isClosed) return;
    this.#clock.later(() => this.#probe(), PROBE_MS);
    for (const [name, target] of this.#targets) this.#judge(name, target);
  }

  /** Only what changed is told, as by the real one. */
  #judge(name: string, target: HealthTarget): void {
    const before = this.of(target);
    const after = this.#after(target, before);
    this.#known.set(name, after);
    if (after.state !== before.state || after.configVersion !== before.configVersion) this.#onChange();
  }

  #after(target: HealthTarget, before: NodeHealth): NodeHealth {
    const configVersion = this.#nodes.answer(target);
    if (configVersion !== null) {
      return { state: 'healthy', failures: 0, reason: null, configVersion, lastAnswerAtMs: this.#clock.nowMs() };
    }
    const failures = before.failures + 1;
    const state = failures >= FAILURES_MAX ? 'failing' : before.state;
    return { ...before, failures, state, reason: 'no answer' };
  }
}

function nameOf({ clusterId, nodeId }: NodeKey): string {
  return `${clusterId}/${nodeId}`;
}

function runningNode({ launch, handle, startedAtMs }: Process): RunningNode {
  return { clusterId: launch.clusterId, nodeId: launch.nodeId, handle, startedAtMs };
}
