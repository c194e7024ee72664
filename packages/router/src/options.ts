/**
 * What a router is told: where it listens, and what it routes by.
 *
 * The pool's endpoint makes one a cluster, `shoal proxy` makes one for itself. Types and defaults.
 */
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** A list, and the lists that clients of other listeners see: by port of the listener, same version and order. */
export interface RoutedTopology {
  readonly config: ClusterConfig;
  readonly listenerConfigs?: ReadonlyMap<number, ClusterConfig>;
}

export interface RouterOptions {
  readonly listen: readonly ListenAddress[];
  /** Null: no node is known yet; data commands are answered with an error that says so. */
  readonly topology: RoutedTopology | null;
  /** Reads of a key whose owner cannot be reached: SERVER_ERROR with the reason, or a miss. */
  readonly deadReads: 'error' | 'miss';
  /** A larger value is refused here, as nodes would; below it the limit of the key's owner counts, once it is known. */
  readonly itemSizeMaxBytes: number;
  /** Most client connections at one time. */
  readonly maxConnections: number;
  /** What answers and data blocks may take in memory, of all clients together. */
  readonly heldBytesMax: number;
  /** A node that does not answer for this long has failed: its requests are answered with an error. */
  readonly nodeTimeoutMs: number;
  /** A node could not be reached, or answered wrongly or not at all: the list may have changed. At most once a second. */
  readonly onNodeFailure?: (node: ClusterNode) => void;
}

export const ROUTER_DEFAULTS = {
  deadReads: 'error',
  itemSizeMaxBytes: 134_217_728,
  maxConnections: 10_000,
  heldBytesMax: 268_435_456,
  nodeTimeoutMs: 2000,
} as const satisfies Partial<RouterOptions>;

export interface Router {
  /** Where it listens, in the order asked, with the ports it got. */
  readonly addresses: readonly ListenAddress[];
  readonly topology: RoutedTopology | null;
  /** Requests that are under way end where they began; the next ones go by the new list. An older version is taken, too: the caller decides. */
  apply(topology: RoutedTopology | null): void;
  /** Accepts nothing more, answers what is in flight within a bound, then lets go. Any number of calls. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}
