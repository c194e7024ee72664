/**
 * How one client library decides which node owns a key: the interface that `shoal ring` asks and the files beside this one
 * fulfil. Each is held to the library itself by packages/e2e/src/peers/ring-libraries.test.ts; a library that no test can
 * run is not here.
 */
import type { ClusterNode } from '@shoal/protocol';

/** Names the owner of a key as an index in the list that the placement was made for. */
export type Placement = (key: string) => number;

export interface Hashing {
  /** What `--library` takes. */
  readonly library: string;
  /** Which programs place keys this way. */
  readonly describe: string;
  /** Null: what this library hashes is not known of these nodes. The list has one node at least. */
  readonly place: (nodes: readonly ClusterNode[]) => Placement | null;
}

/** As libraries write a node; the brackets of IPv6 are ours, and no library here is meant for it. */
export function nodeName({ hostname, port }: ClusterNode): string {
  return `${hostname}:${port}`;
}
