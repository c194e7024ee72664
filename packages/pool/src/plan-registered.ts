/**
 * The plan for one node that registered itself: somebody else starts and stops it, so it is only listed and delisted.
 *
 * Pure; called by plan.ts. A node is dead when it neither answers probes nor is heard of for ten seconds: both, because a
 * probe may fail for reasons of the network between.
 */
import type { NodeRecord } from './model.js';
import { become, keep, type NodePlan, type ObservedNode, waitUntil } from './plan-terms.js';

export const DEAD_AFTER_MS = 10_000;

export function planRegistered(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  switch (node.phase) {
    case 'stopping':
      return become(null);
    case 'draining':
      return planDraining(node, seen, nowMs);
    case 'creating':
    case 'available':
    case 'rebooting':
      return planStaying(node, seen, nowMs);
  }
}

function planStaying(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  if (seen.health.state !== 'failing') return keep(node);
  const deadAtMs = deadAt(node, seen);
  return nowMs >= deadAtMs ? become(null) : waitUntil(node, deadAtMs);
}

function planDraining(node: NodeRecord, seen: ObservedNode, nowMs: number): NodePlan {
  const untilMs = node.drainUntilAtMs ?? nowMs;
  const isDead = seen.health.state === 'failing' && nowMs >= deadAt(node, seen);
  return nowMs >= untilMs || isDead ? become(null) : waitUntil(node, untilMs);
}

function deadAt(node: NodeRecord, { health, heardAtMs }: ObservedNode): number {
  return Math.max(node.createdAtMs, health.lastAnswerAtMs ?? 0, heardAtMs) + DEAD_AFTER_MS;
}
