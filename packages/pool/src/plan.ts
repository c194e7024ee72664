/**
 * What to do next for one cluster: a pure function of its record, of what is observed, and of the time. Called by the
 * supervisor after every event; it answers the same for the same, and nothing once the cluster is as desired.
 *
 * Order of a publication: a node is listed once it serves, the record is saved with its new version, then the version is
 * pushed. So every action here follows from what is saved, never from what is about to be. docs/control-plane.md draws the
 * states. One node is subject to at most one action at a time.
 */
import { FORGIVEN_AFTER_MS, forgiven, LONGEST_WAIT_MS } from './backoff.js';
import { REPLACEMENT_ASKED } from './cluster-changes.js';
import { freeNodePort } from './cluster-changes-ports.js';
import { type ClusterRecord, configOf, DriverKind, listedNodes, type NodeRecord } from './model.js';
import { planRegistered } from './plan-registered.js';
import {
  act,
  become,
  endOf,
  isBeyond,
  keep,
  type NodePlan,
  type Observed,
  type ObservedNode,
  type PlannedAction,
  waitUntil,
} from './plan-terms.js';

/** New nodes that come up within this time of each other are listed by one change. */
export const TOGETHER_MS = 5_000;
/** When to look again for the answer of a node that may have missed a version: that it answers as before wakes nobody. */
const ANSWER_MS = 500;
/** Failures after which a reboot of another node no longer waits for this one. */
const HOPELESS_FAILURES = 2;

interface Situation {
  readonly cluster: ClusterRecord;
  readonly observed: Observed;
  readonly nowMs: number;
}

export function plan(cluster: ClusterRecord, observed: Observed, nowMs: number): readonly PlannedAction[] {
  const situation = { cluster, observed, nowMs };
  const plans = cluster.nodes.map((node) => planNode(node, situation));
  const actions = plans.flatMap(({ action }) => (action === null ? [] : [action]));
  for (const nodeId of observed.strays) actions.push({ kind: 'stop', nodeId });
  const waits = plans.flatMap(({ waitUntilMs }) => (waitUntilMs === null ? [] : [waitUntilMs]));
  const publication = publish(withNodes(cluster, plans), situation);
  waits.push(...publication.waits);
  if (cluster.deleting && cluster.nodes.length === 0 && observed.strays.length === 0) actions.push({ kind: 'forget' });
  else if (publication.cluster !== cluster) actions.push({ kind: 'save', cluster: publication.cluster });
  const told = toldNodes(situation);
  if (told.some(([, { configVersion }]) => configVersion === null)) waits.push(nowMs + ANSWER_MS);
  const nodeIds = outdatedNodes(told, cluster.version);
  if (nodeIds.length > 0) actions.push({ kind: 'push', nodeIds });
  if (waits.length > 0) actions.push({ kind: 'wait', untilMs: Math.min(...waits) });
  return actions;
}

function planNode(node: NodeRecord, situation: Situation): NodePlan {
  const { cluster, observed, nowMs } = situation;
  const seen = observed.nodes.get(node.id);
  if (seen === undefined || seen.busy) return keep(node);
  if (cluster.driver === DriverKind.REGISTERED) return planRegistered(node, seen, { drainMs: cluster.drainMs, nowMs });
  const moved = movedNode(node, seen);
  if (moved !== null && node.phase !== 'stopping') return become(moved);
  switch (node.phase) {
    case 'creating':
    case 'available':
      return seen.running === null ? planStart(node, seen, situation) : planServing(node, seen, nowMs);
    case 'rebooting':
      return seen.running === null ? planStart(node, seen, situation) : planReboot(node, seen, situation);
    case 'draining':
      return planDraining(node, seen, situation);
    case 'stopping':
      if (!observed.driverReady) return keep(node);
      return seen.running === null ? become(null) : act(node, { kind: 'stop', nodeId: node.id });
  }
}

/** Null unless its driver has given it another place than the record says: nothing else is true of it until that is saved. */
function movedNode(node: NodeRecord, { running }: ObservedNode): NodeRecord | null {
  const { hostname, ip } = running?.place ?? node.address;
  if (hostname === node.address.hostname && ip === node.address.ip) return null;
  return { ...node, address: { ...node.address, hostname, ip } };
}

function planStart(node: NodeRecord, seen: ObservedNode, { cluster, observed, nowMs }: Situation): NodePlan {
  if (!observed.driverReady) return keep(node);
  if (seen.portRefused && node.phase === 'creating') {
    const own = cluster.nodes.map(({ address }) => address.port);
    const port = freeNodePort(cluster, new Set([...observed.portsTaken, ...own]));
    if (port !== null) return become({ ...node, address: { ...node.address, port } });
  }
  const { retryAtMs } = node.failures;
  const isWaiting = retryAtMs !== null && retryAtMs > nowMs && !isBeyond(retryAtMs, LONGEST_WAIT_MS, nowMs);
  return isWaiting ? waitUntil(node, retryAtMs) : act(node, { kind: 'start', node });
}

function planServing(node: NodeRecord, { runsSinceMs, health }: ObservedNode, nowMs: number): NodePlan {
  if (health.state === 'failing') {
    return act(node, { kind: 'kill', nodeId: node.id, failure: health.reason ?? 'it does not answer' });
  }
  if (node.failures.count === 0 || health.state !== 'healthy') return keep(node);
  const failedAtMs = node.failures.lastAtMs ?? runsSinceMs;
  const forgivenAtMs = Math.max(runsSinceMs + FORGIVEN_AFTER_MS, endOf(failedAtMs, FORGIVEN_AFTER_MS, nowMs));
  if (nowMs < forgivenAtMs) return waitUntil(node, forgivenAtMs);
  return become({ ...node, failures: forgiven(node.failures) });
}

function planReboot(node: NodeRecord, seen: ObservedNode, situation: Situation): NodePlan {
  if (seen.restarted) {
    if (seen.health.state === 'healthy') return become({ ...node, phase: 'available' });
    return planServing(node, seen, situation.nowMs);
  }
  if (node.failures.lastReason === REPLACEMENT_ASKED) {
    return act(node, { kind: 'kill', nodeId: node.id, failure: null });
  }
  return isTurnOf(node, situation) ? act(node, { kind: 'stop', nodeId: node.id }) : keep(node);
}

/** Reboots go one after the other: the next begins when all other nodes serve, or are past waiting for. */
function isTurnOf(node: NodeRecord, { cluster, observed }: Situation): boolean {
  return listedNodes(cluster).every((other) => {
    if (other.id === node.id) return true;
    const seen = observed.nodes.get(other.id);
    if (seen === undefined) return false;
    const waits = other.phase === 'rebooting' && !seen.restarted && !seen.busy;
    if (waits && seen.running !== null) return other.id > node.id || other.failures.lastReason === REPLACEMENT_ASKED;
    if (other.failures.count >= HOPELESS_FAILURES) return true;
    return seen.running !== null && !seen.busy && seen.health.state === 'healthy';
  });
}

/** A node that ends while it drains is not started again: nobody is sent to it any more. */
function planDraining(node: NodeRecord, seen: ObservedNode, { cluster, observed, nowMs }: Situation): NodePlan {
  const untilMs = node.drainUntilAtMs ?? nowMs;
  if (isBeyond(untilMs, cluster.drainMs, nowMs)) return become({ ...node, drainUntilAtMs: nowMs + cluster.drainMs });
  const isGone = observed.driverReady && seen.running === null;
  return nowMs >= untilMs || isGone ? become({ ...node, phase: 'stopping' }) : waitUntil(node, untilMs);
}

/** The record with what each node became; one that vanished from the list, or moved, changes the list. */
function withNodes(cluster: ClusterRecord, plans: readonly NodePlan[]): ClusterRecord {
  const nodes = plans.flatMap(({ next }) => (next === null ? [] : [next]));
  if (nodes.length === cluster.nodes.length && nodes.every((node, i) => node === cluster.nodes[i])) return cluster;
  const next = { ...cluster, nodes };
  const isOther = isOtherList(listedNodes(next), listedNodes(cluster));
  return { ...next, version: cluster.version + Number(isOther) };
}

/** Nothing becomes listed here: a list has lost nodes, or some have another address. */
function isOtherList(next: readonly NodeRecord[], before: readonly NodeRecord[]): boolean {
  if (next.length < before.length) return true;
  return next.some(({ address }, i) => address !== before[i].address);
}

interface Publication {
  readonly cluster: ClusterRecord;
  readonly waits: readonly number[];
}

/** Lists the new nodes that serve; together with those that are about to. */
function publish(cluster: ClusterRecord, situation: Situation): Publication {
  if (cluster.deleting) return { cluster, waits: [] };
  const { observed, nowMs } = situation;
  const creating = cluster.nodes.filter(({ phase }) => phase === 'creating');
  const ready = new Set(creating.filter(({ id }) => isServing(observed.nodes.get(id), cluster)));
  const coming = creating.filter((node) => !ready.has(node) && isComing(node, nowMs));
  if (ready.size > 0 && coming.length > 0) {
    const untilMs = Math.min(...coming.map(({ createdAtMs }) => endOf(createdAtMs, TOGETHER_MS, nowMs)));
    return { cluster: corrected(cluster, observed), waits: [untilMs] };
  }
  if (ready.size === 0) return { cluster: corrected(completed(cluster), observed), waits: [] };
  const nodes = cluster.nodes.map((node): NodeRecord => (ready.has(node) ? { ...node, phase: 'available' } : node));
  const listed = completed({ ...cluster, nodes, version: cluster.version + 1 });
  return { cluster: corrected(listed, observed), waits: [] };
}

function isServing(seen: ObservedNode | undefined, { driver }: ClusterRecord): boolean {
  if (seen === undefined || seen.busy || seen.health.state !== 'healthy') return false;
  return seen.running !== null || driver === DriverKind.REGISTERED;
}

function isComing({ failures, createdAtMs }: NodeRecord, nowMs: number): boolean {
  return failures.count === 0 && nowMs < endOf(createdAtMs, TOGETHER_MS, nowMs);
}

function completed(cluster: ClusterRecord): ClusterRecord {
  if (cluster.completed || cluster.nodes.length === 0) return cluster;
  return cluster.nodes.some(({ phase }) => phase === 'creating') ? cluster : { ...cluster, completed: true };
}

/** A node that knows a later version than the registry shows that the registry lost some: clients would ignore ours. */
function corrected(cluster: ClusterRecord, { nodes }: Observed): ClusterRecord {
  if (listedNodes(cluster).length === 0) return cluster;
  const seen = Math.max(0, ...[...nodes.values()].map(({ configVersion }) => configVersion ?? 0));
  return seen > cluster.version ? { ...cluster, version: seen + 1 } : cluster;
}

type ToldNode = readonly [id: string, seen: ObservedNode];

/** Nodes that are known to have another version than the one that is saved. */
function outdatedNodes(told: readonly ToldNode[], version: number): readonly string[] {
  return told.flatMap(([id, { configVersion }]) => (configVersion !== null && configVersion < version ? [id] : []));
}

/** Nodes that are to have the list and can be told now; those that leave are told as well. */
function toldNodes({ cluster, observed }: Situation): readonly ToldNode[] {
  if (cluster.deleting || configOf(cluster) === null) return [];
  const told = cluster.nodes.filter(({ phase }) => phase !== 'creating' && phase !== 'stopping');
  return told.flatMap(({ id }) => {
    const seen = observed.nodes.get(id);
    if (seen === undefined || seen.busy) return [];
    if (cluster.driver !== DriverKind.REGISTERED && seen.running === null) return [];
    return [[id, seen] as const];
  });
}
