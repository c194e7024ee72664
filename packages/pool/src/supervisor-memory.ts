/**
 * What a supervisor remembers of one node between two turns and nowhere else: lost with the daemon, and found out again.
 *
 * Made and read by supervisor.ts alone. Failures are noted here first, so that a node is restarted, and backs off, also while
 * the registry cannot be reached; they are part of the record with its next save.
 */
import { failedAgain } from './backoff.js';
import type { NodeHealth } from './health.js';
import type { NodeFailures, NodeRecord } from './model.js';

export class NodeMemory {
  /** An action on the node is under way. */
  isBusy = false;
  /** A push to it is under way. */
  isBeingTold = false;
  /** It was started since its reboot was asked for. */
  restarted = false;
  /** Since when this daemon looks after it. */
  readonly sinceMs: number;
  readonly instanceId: string | null;
  /** The last version of which the log says that the node missed it: said once. */
  missedVersion: number | null = null;
  #handle: string | null = null;
  #runsSinceMs: number;
  #suspectedSinceMs: number | null = null;
  /** When somebody, maybe another daemon, took back that it is silent. */
  #vindicatedAtMs = 0;
  /** The version that it was told last; null after a push that failed, and before the first: then its next answer counts. */
  #toldVersion: number | null = null;
  #toldAtMs = 0;
  #failures: { readonly since: NodeFailures; readonly now: NodeFailures } | null = null;

  constructor({ instanceId }: Pick<NodeRecord, 'instanceId'>, nowMs: number) {
    this.instanceId = instanceId;
    this.sinceMs = nowMs;
    this.#runsSinceMs = nowMs;
  }

  get suspectedSinceMs(): number | null {
    return this.#suspectedSinceMs;
  }

  /** The least that is known of when a registered node was heard of. */
  get heardAtMs(): number {
    return Math.max(this.sinceMs, this.#vindicatedAtMs);
  }

  /** Whether its record calls it silent. */
  noteSuspicion(isSuspected: boolean, nowMs: number): void {
    if (isSuspected) this.#suspectedSinceMs ??= nowMs;
    else if (this.#suspectedSinceMs !== null) {
      this.#suspectedSinceMs = null;
      this.#vindicatedAtMs = nowMs;
    }
  }

  /** Since when the process runs that runs now, by the daemon's own clock. */
  runsSinceMs(handle: string | null, nowMs: number): number {
    if (handle === null || handle !== this.#handle) this.#runsSinceMs = nowMs;
    this.#handle = handle;
    return this.#runsSinceMs;
  }

  /** A new process knows no version. */
  noteTold(version: number | null, nowMs: number): void {
    this.#toldVersion = version;
    this.#toldAtMs = nowMs;
  }

  /** The version that the node has; null while nobody knows. What it answered after it was told counts more. */
  configVersion({ configVersion, lastAnswerAtMs }: NodeHealth): number | null {
    if (this.isBeingTold) return null;
    return lastAnswerAtMs !== null && lastAnswerAtMs > this.#toldAtMs ? configVersion : this.#toldVersion;
  }

  noteFailure(node: NodeRecord, reason: string, nowMs: number): void {
    this.#failures = { since: node.failures, now: failedAgain(this.failuresOf(node), reason, nowMs) };
  }

  /** The failures of the record, or those noted since. Whoever wrote others into the record meanwhile is right. */
  failuresOf({ failures }: NodeRecord): NodeFailures {
    return this.#failures !== null && isSame(this.#failures.since, failures) ? this.#failures.now : failures;
  }
}

function isSame(a: NodeFailures, b: NodeFailures): boolean {
  return (
    a.count === b.count && a.lastAtMs === b.lastAtMs && a.lastReason === b.lastReason && a.retryAtMs === b.retryAtMs
  );
}
