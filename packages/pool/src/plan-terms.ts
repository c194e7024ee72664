/**
 * What `plan` reasons from and what it answers: types and the bounds that both halves of it share.
 *
 * The supervisor gathers an `Observed` and carries out the `PlannedAction`s; plan.ts and plan-registered.ts are pure.
 */
import type { RunningNode } from './drivers/driver.js';
import type { NodeHealth } from './health.js';
import type { ClusterRecord, NodeRecord } from './model.js';

export interface ObservedNode {
  /** What the driver runs under this id; null with registered nodes. */
  readonly running: RunningNode | null;
  /** An action on it is under way: nothing else is done to it meanwhile. */
  readonly busy: boolean;
  readonly health: NodeHealth;
  /** The version that the node has, as far as this daemon knows; null: wait for its next answer. */
  readonly configVersion: number | null;
  /** It was started since its reboot was asked for. */
  readonly restarted: boolean;
  /** A stranger holds its port. */
  readonly portRefused: boolean;
  /** Registered nodes: the last heartbeat that this daemon got, or when it began to listen for them. */
  readonly heardAtMs: number;
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
