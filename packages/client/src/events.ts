/**
 * What a client tells while it works: the events of Client, by name.
 *
 * Emitted by Client, never `error`: what fails, fails the operation that noticed. Listeners are called in turn and what
 * they throw goes where Node.js sends it, as with every EventEmitter.
 */
import type { ClusterNode } from '@shoal/protocol';

export interface TopologyChange {
  /** 0 for a static list, and while the endpoint is used as the only node. */
  readonly version: number;
  readonly nodes: readonly ClusterNode[];
  /** As `host:port`. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface NodeDown {
  /** `host:port`. */
  readonly node: string;
  readonly reason: Error;
  /** Until it is tried again. */
  readonly retryInMs: number;
}

export interface NodeUp {
  readonly node: string;
}

export interface ClientEvents {
  topology: [TopologyChange];
  'node-down': [NodeDown];
  'node-up': [NodeUp];
}
