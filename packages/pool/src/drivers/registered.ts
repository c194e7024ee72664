/**
 * The driver of nodes that somebody else starts and stops: it carries nothing out, it remembers who was heard of and when.
 *
 * The pool tells it of each registration and heartbeat; the supervisor asks it like any driver. Starting and stopping
 * succeed at once: a node comes when its own machine starts it, and one that is told to go has been told by the list. What
 * is remembered is lost with the daemon, and the next heartbeats bring it back. The number of nodes is bounded; the one
 * that was silent longest is forgotten first.
 */
import { DriverKind } from '../model.js';
import type { Driver, DriverEvent, NodeKey, NodeLaunch, RunningNode } from './driver.js';

const NODES_MAX = 10_000;

interface HeardNode {
  readonly key: NodeKey;
  readonly instanceId: string;
  /** When this instance was heard of first. */
  readonly sinceMs: number;
  readonly heardAtMs: number;
}

export class RegisteredDriver implements Driver {
  readonly kind = DriverKind.REGISTERED;
  readonly #nowMs: () => number;
  /** In the order in which they were heard of last. */
  readonly #heard = new Map<string, HeardNode>();
  #openedAtMs: number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#openedAtMs = nowMs();
  }

  /** A node registered, or its heartbeat came. */
  hear({ clusterId, nodeId }: NodeKey, instanceId: string): void {
    const key = { clusterId, nodeId };
    const name = nameOf(key);
    const before = this.#heard.get(name);
    const heardAtMs = this.#nowMs();
    const sinceMs = before?.instanceId === instanceId ? before.sinceMs : heardAtMs;
    this.#heard.delete(name);
    this.#heard.set(name, { key, instanceId, sinceMs, heardAtMs });
    if (this.#heard.size > NODES_MAX) this.#forgetOldest();
  }

  /** When the node was heard of last; for one that never was, when this daemon began to listen. */
  heardAtMs(key: NodeKey): number {
    return this.#heard.get(nameOf(key))?.heardAtMs ?? this.#openedAtMs;
  }

  async open(onEvent: (event: DriverEvent) => void): Promise<void> {
    this.#openedAtMs = this.#nowMs();
    onEvent({ kind: 'ready' });
  }

  async list(): Promise<readonly RunningNode[]> {
    return [...this.#heard.values()].map(runningNode);
  }

  async start({ clusterId, nodeId }: NodeLaunch): Promise<RunningNode> {
    const key = { clusterId, nodeId };
    const heard = this.#heard.get(nameOf(key));
    return heard === undefined ? { ...key, handle: 'not heard of', startedAtMs: this.#nowMs() } : runningNode(heard);
  }

  async stop(key: NodeKey): Promise<void> {
    this.#heard.delete(nameOf(key));
  }

  async kill(key: NodeKey): Promise<void> {
    this.#heard.delete(nameOf(key));
  }

  async close(): Promise<void> {
    this.#heard.clear();
  }

  async shutDown(): Promise<void> {
    this.#heard.clear();
  }

  #forgetOldest(): void {
    for (const name of this.#heard.keys()) {
      this.#heard.delete(name);
      return;
    }
  }
}

function nameOf({ clusterId, nodeId }: NodeKey): string {
  return `${clusterId}/${nodeId}`;
}

function runningNode({ key, instanceId, sinceMs }: HeardNode): RunningNode {
  return { ...key, handle: `instance ${instanceId}`, startedAtMs: sinceMs };
}
