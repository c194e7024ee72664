/**
 * Whether nodes answer, found out by asking each of them again and again: the implementation of `Health`.
 *
 * The supervisor makes one a cluster. Each node is asked every `intervalMs`, the nodes spread over the interval, so that
 * forty of them are not asked at once. A node is `failing` after three failures in a row, and one answer makes it `healthy`.
 * Silence while this process itself was held up says nothing about the node and does not count.
 */
import type { NodeKey } from './drivers/driver.js';
import type { Health, HealthTarget, NodeHealth } from './health.js';
import { type PoolClock, SYSTEM_CLOCK } from './pool-clock.js';
import { type ProbeOutcome, type ProbeTarget, probeNode } from './probe.js';
import { StallWatch } from './stall-watch.js';

export interface HealthMonitorOptions {
  /** The state of a node changed, or the version that it answers with. */
  readonly onChange: (key: NodeKey, health: NodeHealth) => void;
  readonly intervalMs?: number;
  readonly deadlineMs?: number;
  readonly probe?: (target: ProbeTarget, deadlineMs: number) => Promise<ProbeOutcome>;
  /** What waits here waits by it, and answers are dated by it: the clock of who compares them. */
  readonly clock?: PoolClock;
}

const DEFAULTS = { intervalMs: 750, deadlineMs: 750, probe: probeNode, clock: SYSTEM_CLOCK };
const FAILURES_MAX = 3;
const PROBES_AT_ONCE_MAX = 32;
/** Multiples of this, without their whole part, are spread evenly however many there are. */
const GOLDEN_RATIO = 0.618_033_988_75;
const UNKNOWN: NodeHealth = { state: 'unknown', failures: 0, reason: null, configVersion: null, lastAnswerAtMs: null };

interface Watched {
  readonly target: HealthTarget;
  health: NodeHealth;
  /** Calls the next probe off; null while none is due. */
  cancel: (() => void) | null;
  dueAtMs: number;
  /** Raised when what a probe under way will find has become of no interest. */
  generation: number;
  isBeingProbed: boolean;
}

export class HealthMonitor implements Health {
  readonly #options: Required<HealthMonitorOptions>;
  readonly #stalls: StallWatch;
  readonly #nodes = new Map<string, Watched>();
  readonly #waiting = new Set<Watched>();
  #probes = 0;
  #added = 0;

  constructor(options: HealthMonitorOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#stalls = new StallWatch(this.#options.clock);
  }

  watch(targets: readonly HealthTarget[]): void {
    const wanted = new Map(targets.map((target) => [nameOf(target), target]));
    for (const [name, node] of this.#nodes) {
      const target = wanted.get(name);
      if (target !== undefined && isSameAddress(target, node.target)) wanted.delete(name);
      else this.#forget(name, node);
    }
    for (const [name, target] of wanted) this.#add(name, target);
    if (this.#nodes.size > 0) this.#stalls.start();
    else this.#stalls.stop();
  }

  of(key: NodeKey): NodeHealth {
    return this.#nodes.get(nameOf(key))?.health ?? UNKNOWN;
  }

  /** Its first answer is wanted soon: it is asked at once. */
  reset(key: NodeKey): void {
    const node = this.#nodes.get(nameOf(key));
    if (node === undefined) return;
    node.generation++;
    node.health = UNKNOWN;
    this.#schedule(node, this.#nowMs());
  }

  close(): void {
    this.watch([]);
  }

  #add(name: string, target: HealthTarget): void {
    const phase = (this.#added++ * GOLDEN_RATIO) % 1;
    const node = { target, health: UNKNOWN, cancel: null, dueAtMs: 0, generation: 0, isBeingProbed: false };
    this.#nodes.set(name, node);
    this.#schedule(node, this.#nowMs() + phase * this.#options.intervalMs);
  }

  #forget(name: string, node: Watched): void {
    this.#nodes.delete(name);
    this.#waiting.delete(node);
    node.generation++;
    node.cancel?.();
  }

  #schedule(node: Watched, dueAtMs: number): void {
    node.cancel?.();
    this.#waiting.delete(node);
    node.dueAtMs = dueAtMs;
    node.cancel = this.#options.clock.later(() => this.#begin(node), Math.max(0, dueAtMs - this.#nowMs()));
  }

  #begin(node: Watched): void {
    node.cancel = null;
    // One under way was begun before a reset; its end leads on.
    if (node.isBeingProbed) return;
    if (this.#probes >= PROBES_AT_ONCE_MAX) this.#waiting.add(node);
    else void this.#probe(node);
  }

  async #probe(node: Watched): Promise<void> {
    const { generation, target } = node;
    const { deadlineMs, probe } = this.#options;
    const askedAtMs = this.#nowMs();
    this.#probes++;
    node.isBeingProbed = true;
    const outcome = await probe(target, deadlineMs);
    node.isBeingProbed = false;
    this.#probes--;
    const isOfInterest = node.generation === generation;
    if (isOfInterest) this.#judge(node, outcome, askedAtMs);
    this.#lead(node, isOfInterest ? this.#options.intervalMs : 0);
    this.#beginNextWaiting();
  }

  /** On to the next probe, unless a reset has arranged for that, or the node is not watched any more. */
  #lead(node: Watched, intervalMs: number): void {
    const isWatched = this.#nodes.get(nameOf(node.target)) === node;
    if (!isWatched || node.cancel !== null) return;
    this.#schedule(node, Math.max(this.#nowMs(), node.dueAtMs + intervalMs));
  }

  #beginNextWaiting(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#begin(next);
  }

  #judge(node: Watched, outcome: ProbeOutcome, askedAtMs: number): void {
    const before = node.health;
    if (outcome.kind === 'answered') {
      node.health = answered(before, outcome.configVersion, askedAtMs);
    } else {
      if (outcome.isSilence && this.#stalls.hasStalledSince(askedAtMs)) return;
      node.health = failed(before, outcome.reason);
    }
    const { state, configVersion } = node.health;
    if (state === before.state && configVersion === before.configVersion) return;
    const { clusterId, nodeId } = node.target;
    this.#options.onChange({ clusterId, nodeId }, node.health);
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}

/** `lastAnswerAtMs` is when it was asked: what it answers is as of then or later. */
function answered(before: NodeHealth, configVersion: number | null, askedAtMs: number): NodeHealth {
  const healthy = { ...before, state: 'healthy', failures: 0, reason: null } as const;
  return configVersion === null ? healthy : { ...healthy, configVersion, lastAnswerAtMs: askedAtMs };
}

function failed(before: NodeHealth, reason: string): NodeHealth {
  const failures = before.failures + 1;
  return { ...before, state: failures >= FAILURES_MAX ? 'failing' : before.state, failures, reason };
}

function nameOf({ clusterId, nodeId }: NodeKey): string {
  return `${clusterId}/${nodeId}`;
}

function isSameAddress(a: HealthTarget, b: HealthTarget): boolean {
  return a.host === b.host && a.port === b.port;
}
