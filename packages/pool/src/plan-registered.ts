/**
 * The plan for one node that registered itself: somebody else starts and stops it, so it is only listed and delisted.
 *
 * Pure; called by plan.ts. A node is dead when it neither answers probes nor is heard of for ten seconds: both, because a
 * probe may fail for reasons of the network between. Another daemon may be the one that hears it, so a silent node is first
 * suspected, in its record, where every daemon reads it; whoever hears of the node then takes the suspicion back.
 */
import { forgiven } from './backoff.js';
import type { NodeRecord } from './model.js';
import { become, isBeyond, keep, type NodePlan, type ObservedNode, waitUntil } from './plan-terms.js';

export const DEAD_AFTER_MS = 10_000;
export const SUSPECT_AFTER_MS = 5_000;
/** A node is heard of several times within this; see HEARTBEAT_MS. */
const OBJECTION_MS = 5_000;
/** Nodes that went together, with a rack or a zone, leave the list together: silences end on whole multiples of this. */
const DELISTED_TOGETHER_MS = 1_000;

interface RegisteredTimes {
  readonly drainMs: number;
  readonly nowMs: number;
}

export function planRegistered(node: NodeRecord, seen: ObservedNode, times: RegisteredTimes): NodePlan {
  switch (node.phase) {
    case 'stopping':
      return become(null);
    case 'draining':
      return planDraining(node, seen, times);
    case 'creating':
    case 'available':
    case 'rebooting':
      return planStaying(node, seen, times.nowMs);
  }
}

function planStaying(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  const isSuspected = node.failures.count > 0;
  switch (seen.health.state) {
    case 'unknown':
      return keep(node);
    case 'healthy':
      return isSuspected ? become({ ...node, failures: forgiven(node.failures) }) : keep(node);
    case 'failing':
      return isSuspected ? planSuspected(node, seen, nowMs) : planFailing(node, seen, nowMs);
  }
}

function planFailing(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  const suspectAtMs = silentSince(seen) + SUSPECT_AFTER_MS;
  if (nowMs < suspectAtMs) return waitUntil(node, suspectAtMs);
  return become({
    ...node,
    failures: { count: 1, lastAtMs: nowMs, lastReason: seen.health.reason, retryAtMs: null },
  });
}

function planSuspected(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  const silenceEndsMs = Math.max(silentSince(seen) + DEAD_AFTER_MS, (seen.suspectedSinceMs ?? nowMs) + OBJECTION_MS);
  const deadAtMs = Math.ceil(silenceEndsMs / DELISTED_TOGETHER_MS) * DELISTED_TOGETHER_MS;
  return nowMs >= deadAtMs ? become(null) : waitUntil(node, deadAtMs);
}

function planDraining(node: NodeRecord, seen: ObservedNode, { drainMs, nowMs }: RegisteredTimes): NodePlan {
  const untilMs = node.drainUntilAtMs ?? nowMs;
  if (isBeyond(untilMs, drainMs, nowMs)) return become({ ...node, drainUntilAtMs: nowMs + drainMs });
  const isDead = seen.health.state === 'failing' && nowMs >= silentSince(seen) + DEAD_AFTER_MS;
  return nowMs >= untilMs || isDead ? become(null) : waitUntil(node, untilMs);
}

function silentSince({ health, heardAtMs }: ObservedNode): number {
  return Math.max(health.lastAnswerAtMs ?? 0, heardAtMs);
}
