// The pool's half of a simulation: the project's own supervisor, plan and health monitor look after a cluster of registered nodes
// on a simulated network, clock and registry, while the changes of the story happen to it.
//
// What it did comes out as a script (course-of-events.ts). The bound on nodes a cluster (NODES_MAX) is that of requests
// and registrations, which are not part of this: records are made here. Nodes are heard of every two seconds, as real ones.
import {
  type ClusterRecord,
  configOf,
  DriverKind,
  HealthMonitor,
  listedNodes,
  NO_FAILURES,
  type NodeRecord,
  nodeId,
  type ProbeOutcome,
  type ProbeTarget,
  Supervisor,
  silentLog,
  withoutNodes,
} from '@shoal/pool/supervision';
import { Chance } from './chance.js';
import {
  type ChangeReport,
  type CourseOfEvents,
  type Happening,
  type PublishedList,
  weighed,
} from './course-of-events.js';
import { Network, packetMs, type SimulatedNode } from './network.js';
import type { SimulationOptions } from './options.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedRegistry } from './simulated-registry.js';
import { ChangeName, REMOVED_COUNT, REPLACED_WITHIN_MS, STORY, STORY_END_MS, type StoryChange } from './story.js';

/** Any time that is not near zero, so that durations and times cannot be taken for each other. */
const EPOCH_MS = 1_000_000_000_000;
const HEARTBEAT_MS = 2000;
const PUSH_DEADLINE_MS = 700;
const PROBE_DEADLINE_MS = 750;
const DRAIN_MS = 75_000;
const POOL_ZONE = 0;
const CLUSTER_ID = 'simulated';

export async function runControlPlane(options: SimulationOptions): Promise<CourseOfEvents> {
  return new ControlPlane(options).run();
}

class ControlPlane {
  readonly #chance: Chance;
  readonly #clock = new SimulatedClock(EPOCH_MS);
  readonly #network: Network;
  readonly #registry: SimulatedRegistry;
  readonly #supervisor: Supervisor;
  readonly #happenings: Happening[] = [];
  readonly #lists = new Map<number, PublishedList>();
  /** When each version was shown. */
  readonly #shownAtMs = new Map<number, number>();
  readonly #phases: number[] = [];
  /** When a node that cannot be reached was reached last. */
  readonly #lostAtMs = new Map<SimulatedNode, number>();
  #pushes = 0;
  #failedPushes = 0;
  #probes = 0;

  constructor({ nodes, zones, seed }: SimulationOptions) {
    this.#chance = Chance.of(seed, 'control plane');
    this.#network = new Network(zones);
    for (let index = 0; index < nodes; index++) this.#network.add(index % zones, 1);
    this.#registry = new SimulatedRegistry(firstRecord(this.#network.nodes), this.#clock);
    this.#supervisor = new Supervisor({
      clusterId: CLUSTER_ID,
      daemonId: 'simulated-daemon',
      registry: this.#registry,
      driverOf: () => null,
      endpoint: { show: (cluster) => this.#show(cluster), close: async () => {} },
      health: (onChange) =>
        new HealthMonitor({ onChange: () => onChange(), probe: (target) => this.#probe(target), clock: this.#clock }),
      publish: (node, cluster) => this.#publish(node, cluster),
      portsTaken: () => new Set(),
      heardAtMs: (key) => this.#heardAtMs(this.#nodeOf(key.nodeId)),
      clock: this.#clock,
      log: silentLog(),
      ownerGoneMs: DRAIN_MS,
    });
  }

  async run(): Promise<CourseOfEvents> {
    this.#supervisor.deliver(this.#registry.stored);
    const changes: ChangeReport[] = [];
    for (const [index, change] of STORY.entries()) {
      await this.#clock.runUntil(EPOCH_MS + change.atMs);
      const before = { version: this.#version, pushes: this.#pushes, failedPushes: this.#failedPushes };
      this.#begin(change);
      await this.#clock.runUntil(EPOCH_MS + (STORY[index + 1]?.atMs ?? STORY_END_MS) - 1);
      changes.push(this.#report(change, before));
    }
    const closing = this.#supervisor.close();
    await this.#clock.runUntil(EPOCH_MS + STORY_END_MS + PUSH_DEADLINE_MS);
    await closing;
    const nodes = this.#network.nodes.map(({ zone, address }) => ({ zone, hostname: address.hostname }));
    return { happenings: this.#happenings, lists: this.#lists, changes, nodes, probes: this.#probes };
  }

  #begin({ name }: StoryChange): void {
    const { nodes, zoneCount } = this.#network;
    switch (name) {
      case ChangeName.ADDED:
        this.#join(0);
        return;
      case ChangeName.REMOVED:
        this.#leave(nodes.slice(-REMOVED_COUNT));
        return;
      case ChangeName.DIED:
        this.#lose([nodes[nodes.length >> 1]], false);
        return;
      case ChangeName.ZONE_LOST:
        this.#lose(this.#servingIn(zoneCount - 1), true);
        return;
      case ChangeName.ZONE_REPLACED:
        this.#replace(nodes.filter(({ state }) => state === 'unreachable').length);
        return;
    }
  }

  #servingIn(wanted: number): SimulatedNode[] {
    return this.#network.nodes.filter(({ zone, state }) => zone === wanted && state === 'serving');
  }

  /** It serves already when it registers: its first probe finds it healthy. */
  #join(zone: number): void {
    const node = this.#network.add(zone, 0);
    this.#write((cluster) => ({
      ...cluster,
      nodes: [...cluster.nodes, recordOf(node, 'creating', this.#clock.nowMs())],
    }));
  }

  #leave(leaving: readonly SimulatedNode[]): void {
    const ids = new Set(leaving.map(({ index }) => nodeId(index + 1)));
    this.#write((cluster) => withoutNodes(cluster, ids, this.#clock.nowMs()));
    this.#clock.later(() => {
      for (const node of leaving) node.state = 'gone';
      this.#note({ kind: 'ended', atMs: this.#storyMs, nodes: leaving.map(({ index }) => index) });
    }, DRAIN_MS);
  }

  #lose(lost: readonly SimulatedNode[], isSilent: boolean): void {
    for (const node of lost) {
      this.#lostAtMs.set(node, this.#clock.nowMs());
      node.state = isSilent ? 'unreachable' : 'gone';
    }
    this.#note({ kind: 'lost', atMs: this.#storyMs, nodes: lost.map(({ index }) => index), isSilent });
  }

  #replace(count: number): void {
    const zones = this.#network.zoneCount - 1;
    for (let each = 0; each < count; each++) {
      this.#clock.later(() => this.#join(each % zones), this.#chance.next() * REPLACED_WITHIN_MS);
    }
  }

  #write(next: (cluster: ClusterRecord) => ClusterRecord): void {
    this.#supervisor.deliver(this.#registry.change(next));
  }

  #show(cluster: ClusterRecord | null): void {
    const config = cluster === null ? null : configOf(cluster);
    if (config === null || this.#lists.has(config.version)) return;
    this.#lists.set(config.version, weighed(config));
    this.#shownAtMs.set(config.version, this.#storyMs);
    this.#note({ kind: 'shown', atMs: this.#storyMs, version: config.version });
  }

  async #probe({ host }: ProbeTarget): Promise<ProbeOutcome> {
    this.#probes++;
    const node = this.#nodeAt(host);
    if (node.state === 'unreachable') {
      await this.#clock.pause(PROBE_DEADLINE_MS);
      return { kind: 'failed', reason: 'no answer', isSilence: true };
    }
    await this.#packet(node);
    const { state, version } = node;
    await this.#packet(node);
    if (state === 'serving') return { kind: 'answered', configVersion: version };
    return { kind: 'failed', reason: 'the connection is refused', isSilence: false };
  }

  async #publish({ id }: NodeRecord, { version }: ClusterRecord): Promise<void> {
    const node = this.#nodeOf(id);
    this.#pushes++;
    if (node.state === 'unreachable') await this.#clock.pause(PUSH_DEADLINE_MS);
    else await this.#packet(node);
    if (node.state !== 'serving') {
      this.#failedPushes++;
      throw new Error('no answer');
    }
    if (version > node.version) {
      node.version = version;
      this.#note({ kind: 'told', atMs: this.#storyMs, node: node.index, version });
    }
    await this.#packet(node);
  }

  #heardAtMs(node: SimulatedNode): number {
    this.#phases[node.index] ??= this.#chance.next() * HEARTBEAT_MS;
    const untilMs = this.#lostAtMs.get(node) ?? this.#clock.nowMs();
    const phaseMs = this.#phases[node.index];
    return Math.floor((untilMs - phaseMs) / HEARTBEAT_MS) * HEARTBEAT_MS + phaseMs;
  }

  #report(change: StoryChange, before: { version: number; pushes: number; failedPushes: number }): ChangeReport {
    const { name, atMs } = change;
    const [firstVersion, lastVersion] = [before.version + 1, this.#version];
    const since = (version: number) => (this.#shownAtMs.get(version) ?? Number.NaN) - atMs;
    const told = this.#happenings.filter((each) => each.kind === 'told' && each.version === lastVersion);
    return {
      ...{ name, atMs, firstVersion, lastVersion },
      firstAfterMs: since(firstVersion),
      lastAfterMs: since(lastVersion),
      toldAfterMs: Math.max(...told.map((each) => each.atMs)) - atMs,
      pushes: this.#pushes - before.pushes,
      failedPushes: this.#failedPushes - before.failedPushes,
      nodesListed: listedNodes(this.#registry.stored.cluster).length,
    };
  }

  get #version(): number {
    return this.#registry.stored.cluster.version;
  }

  get #storyMs(): number {
    return this.#clock.nowMs() - EPOCH_MS;
  }

  #packet(node: SimulatedNode): Promise<void> {
    return this.#clock.pause(packetMs(POOL_ZONE, node.zone, this.#chance));
  }

  #nodeOf(id: string): SimulatedNode {
    return this.#network.nodes[Number(id) - 1];
  }

  #nodeAt(ip: string): SimulatedNode {
    const node = this.#network.at(ip);
    if (node === undefined) throw new Error(`Cannot find a simulated node at ${ip}`);
    return node;
  }

  #note(happening: Happening): void {
    this.#happenings.push(happening);
  }
}

function recordOf({ index, address }: SimulatedNode, phase: NodeRecord['phase'], nowMs: number): NodeRecord {
  return {
    id: nodeId(index + 1),
    phase,
    address,
    listenerAddresses: {},
    createdAtMs: nowMs,
    drainUntilAtMs: null,
    failures: NO_FAILURES,
    instanceId: `instance-${index + 1}`,
  };
}

function firstRecord(nodes: readonly SimulatedNode[]): ClusterRecord {
  return {
    id: CLUSTER_ID,
    driver: DriverKind.REGISTERED,
    ownerId: null,
    createdAtMs: EPOCH_MS,
    deleting: false,
    completed: true,
    endpoint: { host: '10.0.0.1', port: 11211 },
    nodeSettings: { host: '10.0.0.1', memoryMegabytes: 1024, threads: 1, ports: [] },
    drainMs: DRAIN_MS,
    deadReads: 'miss',
    secret: 'simulated',
    version: 1,
    nodes: nodes.map((node) => recordOf(node, 'available', EPOCH_MS)),
  };
}
