/**
 * What `plan` reasons from and what it answers: types and the bounds that both halves of it share.
 *
 * The supervisor gathers an `Observed` and carries out the `PlannedAction`s; plan.ts and plan-registered.ts are pure.
 *
 * Times of a record may lie in a future that is none: another daemon wrote them, or this one before its machine's clock was
 * set back. So nobody waits for such a time longer than for what it stands for; see `endOf`.
 */
import type { RunningNode } from './drivers/driver.js';
import type { NodeHealth } from './health.js';
import type { ClusterRecord, NodeRecord } from './model.js';

export interface ObservedNode {
  /** What the driver runs under this id; null with registered nodes. */
  readonly running: RunningNode | null;
  /** Since when this daemon knows that it runs; now, if it does not. */
  readonly runsSinceMs: number;
  /** An action on it is under way: nothing else is done to it meanwhile. */
  readonly busy: boolean;
  readonly health: NodeHealth;
  /** The version that the node has, as far as this daemon knows; null: wait for its next answer. */
  readonly configVersion: number | null;
  /** It was started since its reboot was asked for. */
  readonly restarted: boolean;
  /** A stranger holds its port. */
  readonly portRefused: boolean;
  /** Registered nodes: when it was heard of last, by this daemon or another; at least since when this one looks after it. */
  readonly heardAtMs: number;
  /** Registered nodes: since when this daemon knows that its record calls it silent; null if that does not. */
  readonly suspectedSinceMs: number | null;
}

export interface Observed {
  /** What the driver runs is known, and it can start and stop. */
  readonly driverReady: boolean;
  /** Ports of other endpoints and nodes, and those found taken by strangers. */
  readonly portsTaken: ReadonlySet<number>;
  /** One for each node of the record. */
  readonly nodes: ReadonlyMap<string, ObservedNode>;
  /** Ids of nodes that run and are in no record. */
  readonly strays: readonly string[];
}

export type PlannedAction =
  /** Write the record; what depends on it is planned once it is written. */
  | { readonly kind: 'save'; readonly cluster: ClusterRecord }
  /** Remove the record: the cluster is gone. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'start'; readonly node: NodeRecord }
  | { readonly kind: 'stop'; readonly nodeId: string }
  /** `failure`: noted against the node; null when it was asked for. */
  | { readonly kind: 'kill'; readonly nodeId: string; readonly failure: string | null }
  | { readonly kind: 'push'; readonly nodeIds: readonly string[] }
  /** Nothing more to do before this time, unless something happens. */
  | { readonly kind: 'wait'; readonly untilMs: number };

/** What one node asks for: itself as it should be written (null: forgotten), and what to do or wait for now. */
export interface NodePlan {
  readonly next: NodeRecord | null;
  readonly action: PlannedAction | null;
  readonly waitUntilMs: number | null;
}

/** When a duration is over that began then; at once if it seems to begin later than now, so by another clock. */
export function endOf(beganAtMs: number, durationMs: number, nowMs: number): number {
  return beganAtMs > nowMs ? nowMs : beganAtMs + durationMs;
}

/** A time to come that is the end of such a duration cannot be further away than that: it is by another clock. */
export function isBeyond(atMs: number, durationMs: number, nowMs: number): boolean {
  return atMs > nowMs + durationMs;
}

export function keep(node: NodeRecord): NodePlan {
  return { next: node, action: null, waitUntilMs: null };
}

export function become(next: NodeRecord | null): NodePlan {
  return { next, action: null, waitUntilMs: null };
}

export function act(node: NodeRecord, action: PlannedAction): NodePlan {
  return { next: node, action, waitUntilMs: null };
}

export function waitUntil(node: NodeRecord, untilMs: number): NodePlan {
  return { next: node, action: null, waitUntilMs: untilMs };
}
