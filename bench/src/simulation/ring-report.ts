// How even the ring is, and which keys a change of the list moves: read off the project's own ring at two million hashes that
// divide the whole range evenly, so a share is exact to about a thousandth of a node's.
//
// Used by simulate.ts. A key moves in vain when its owner before and its owner after are both in both lists.
import { HashRing } from '@shoal/client';
import type { ClusterNode } from '@shoal/protocol';

const HASHES = 2 ** 21;
const STRIDE = 2 ** 32 / HASHES;

export interface Imbalance {
  readonly nodes: number;
  /** Shares of nodes, by the mean of all. */
  readonly least: number;
  readonly p1: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export interface KeyMoves {
  readonly name: string;
  /** Shares of all keys. */
  readonly moved: number;
  readonly ideal: number;
  readonly movedInVain: number;
}

export interface RingReport {
  readonly imbalance: Imbalance;
  readonly moves: readonly KeyMoves[];
}

export interface RingChange {
  readonly name: string;
  readonly before: readonly ClusterNode[];
  readonly after: readonly ClusterNode[];
}

export function reportRing(nodes: readonly ClusterNode[], changes: readonly RingChange[]): RingReport {
  return { imbalance: imbalanceOf(nodes), moves: changes.map(movesOf) };
}

function imbalanceOf(nodes: readonly ClusterNode[]): Imbalance {
  const ring = new HashRing(nodes);
  const counts = new Float64Array(nodes.length);
  for (let index = 0; index < HASHES; index++) counts[ring.ownerOfHash(index * STRIDE)]++;
  const shares = counts.map((count) => (count * nodes.length) / HASHES).sort();
  const at = (share: number) => shares[Math.min(shares.length - 1, Math.floor(share * shares.length))];
  return { nodes: nodes.length, least: at(0), p1: at(0.01), p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** What has to move: the keys of nodes that left, or as many as nodes that came should get. */
function movesOf({ name, before, after }: RingChange): KeyMoves {
  const [ringBefore, ringAfter] = [new HashRing(before), new HashRing(after)];
  const [namesBefore, namesAfter] = [before, after].map((nodes) => nodes.map(({ hostname }) => hostname));
  const [isBefore, isAfter] = [new Set(namesBefore), new Set(namesAfter)];
  let [moved, inVain] = [0, 0];
  for (let index = 0; index < HASHES; index++) {
    const hash = index * STRIDE;
    const from = namesBefore[ringBefore.ownerOfHash(hash)];
    const to = namesAfter[ringAfter.ownerOfHash(hash)];
    if (from === to) continue;
    moved++;
    if (isAfter.has(from) && isBefore.has(to)) inVain++;
  }
  const left = namesBefore.filter((host) => !isAfter.has(host)).length / before.length;
  const came = namesAfter.filter((host) => !isBefore.has(host)).length / after.length;
  return { name, moved: moved / HASHES, ideal: left + came - left * came, movedInVain: inVain / HASHES };
}
