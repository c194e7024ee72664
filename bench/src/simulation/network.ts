// The simulated network and the nodes in it: who is reachable from where, how long a packet takes, and what each node answers.
//
// Zones are told apart by number; node i stands in zone i modulo their number. The pool stands in zone 0, clients in every
// zone but the last, which is the one that goes away. A packet takes 0.2 ms within a zone and 0.8 ms between two, on
// average, and is never lost between parts that reach each other. Nodes answer without queueing.
import type { ClusterNode } from '@shoal/protocol';
import type { Chance } from './chance.js';

/** `gone`: its machine refuses connections. `unreachable`: packets to it vanish. */
export type NodeState = 'serving' | 'gone' | 'unreachable';

export interface SimulatedNode {
  readonly index: number;
  readonly zone: number;
  readonly address: ClusterNode;
  state: NodeState;
  /** The version of the list that it answers with. */
  version: number;
}

const WITHIN = { fixedMs: 0.15, spreadMs: 0.05 };
const BETWEEN = { fixedMs: 0.6, spreadMs: 0.2 };
const ZONE_LETTERS = 'abcdefghij';
const PORT = 11211;

export class Network {
  readonly nodes: SimulatedNode[] = [];
  readonly zoneCount: number;
  /** By hostname, as clients ask, and by ip, as the pool does. */
  readonly #byHost = new Map<string, SimulatedNode>();

  constructor(zoneCount: number) {
    this.zoneCount = zoneCount;
  }

  add(zone: number, version: number): SimulatedNode {
    const index = this.nodes.length;
    const node: SimulatedNode = { index, zone, address: addressOf(index, zone), state: 'serving', version };
    this.nodes.push(node);
    this.#byHost.set(node.address.hostname, node).set(node.address.ip, node);
    return node;
  }

  at(host: string): SimulatedNode | undefined {
    return this.#byHost.get(host);
  }
}

/** One way, from zone to zone. */
export function packetMs(from: number, to: number, chance: Chance): number {
  const { fixedMs, spreadMs } = from === to ? WITHIN : BETWEEN;
  return fixedMs + chance.waiting(spreadMs);
}

function addressOf(index: number, zone: number): ClusterNode {
  const number = String(index + 1).padStart(4, '0');
  const ip = `10.${zone}.${index >> 8}.${index & 255}`;
  return { hostname: `cache-${number}.zone-${ZONE_LETTERS[zone]}.internal`, ip, port: PORT };
}
