/**
 * Where requests go under one topology: the ring, the nodes on it, and the payload that each listener's clients are told.
 *
 * Made anew by `apply`, never changed. Nodes whose address stays are taken over with their connections.
 */
import { HashRing, keyHashOf } from '@shoal/client';
import { type ClusterNode, CONFIG_KEY, encodeClusterConfig } from '@shoal/protocol';
import { identityOf, Node, type NodeSettings } from './node.js';
import type { RoutedTopology } from './options.js';

export class Routes {
  readonly topology: RoutedTopology | null;
  readonly nodes: readonly Node[];
  readonly version: number;
  readonly #ring: HashRing<ClusterNode>;
  readonly #payload: Buffer | null;
  readonly #payloads = new Map<number, Buffer>();
  readonly #byIdentity = new Map<string, Node>();

  constructor(topology: RoutedTopology | null, before: Routes | null, settings: NodeSettings) {
    this.topology = topology;
    this.version = topology?.config.version ?? 0;
    const addresses = topology?.config.nodes ?? [];
    this.#payload = topology === null ? null : Buffer.from(encodeClusterConfig(topology.config));
    for (const [port, config] of topology?.listenerConfigs ?? []) {
      this.#payloads.set(port, Buffer.from(encodeClusterConfig(config)));
    }
    this.#ring = new HashRing(addresses);
    this.nodes = addresses.map((address) => {
      const identity = identityOf(address);
      const node = before?.nodeOf(identity) ?? new Node(address, settings);
      this.#byIdentity.set(identity, node);
      return node;
    });
  }

  /** The node that owns the key bytes[start..end), null without nodes. */
  ownerOf(bytes: Uint8Array, start: number, end: number): Node | null {
    const { nodes } = this;
    if (nodes.length === 1) return nodes[0];
    return nodes.length === 0 ? null : nodes[this.#ring.ownerOfHash(keyHashOf(bytes, start, end))];
  }

  /** What clients that came in through this port are told; null while there is no list. */
  payloadFor(listenerPort: number): Buffer | null {
    return this.#payloads.get(listenerPort) ?? this.#payload;
  }

  /** The list of this listener alone. */
  listenerPayload(port: number): Buffer | null {
    return this.#payloads.get(port) ?? null;
  }

  configNames(): string[] {
    if (this.#payload === null) return [];
    return [CONFIG_KEY, ...[...this.#payloads.keys()].map((port) => `${CONFIG_KEY}:${port}`)];
  }

  nodeOf(identity: string): Node | undefined {
    return this.#byIdentity.get(identity);
  }

  /** The nodes that `next` does not have. */
  nodesMissingIn(next: Routes): Node[] {
    return [...this.#byIdentity].flatMap(([identity, node]) => (next.nodeOf(identity) === undefined ? [node] : []));
  }

  destroy(): void {
    for (const node of this.nodes) node.destroy();
  }
}
