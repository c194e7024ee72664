/**
 * The consistent-hash ring: which node of a list owns a key, as libmemcached's "ketama weighted" distributes keys.
 *
 * Called by the client, the router and `shoal ring`. A ring is built once for a list and never changes: a new topology is
 * a new ring. Points are md5 of `hostname:port-i`, without the port when it is 11211, four points a digest; their number
 * follows libmemcached's single-precision arithmetic (docs/decisions/0021-ring.md). The hostname field of the list is
 * hashed and not the ip, so a replacement at another address keeps its place.
 */
import type { ClusterNode } from '@shoal/protocol';
import { md5FirstWord, md5Words } from './md5.js';

/** What the ring needs to know of a node. */
export type RingNode = Pick<ClusterNode, 'hostname' | 'port'>;

/** libmemcached leaves this port out of a label. */
const DEFAULT_PORT = 11211;
const DIGESTS_PER_NODE = 40;
const POINTS_PER_DIGEST = 4;
/** Owners are 16 bits. */
const OWNERS_MAX = 0x1_0000;
/** libmemcached adds it before it rounds down; single precision still turns 40 into 39 at some numbers of nodes. */
const ROUNDING = 1e-10;

export class HashRing<Node extends RingNode = ClusterNode> {
  readonly nodes: readonly Node[];
  /** Points in rising order, and the index of the node that each belongs to. */
  readonly #points: Uint32Array;
  readonly #owners: Uint16Array;

  /** An empty list makes a ring that owns nothing. */
  constructor(nodes: readonly Node[]) {
    this.nodes = nodes;
    const places = placesOf(nodes);
    this.#points = Uint32Array.from(places, (place) => Math.floor(place / OWNERS_MAX));
    this.#owners = Uint16Array.from(places, (place) => place % OWNERS_MAX);
  }

  /** The index in `nodes` of the node that owns this key, -1 without nodes. */
  ownerOf(key: Uint8Array): number {
    if (this.nodes.length <= 1) return this.nodes.length - 1;
    return this.ownerOfHash(keyHash(key));
  }

  /** The same for a hash that `keyHash` made, a uint32. */
  ownerOfHash(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle] < hash) low = middle + 1;
      else high = middle;
    }
    return this.#owners[low === this.#points.length ? 0 : low];
  }
}

/** The first four bytes of the key's md5, little-endian, as a uint32. */
export function keyHash(key: Uint8Array): number {
  return md5FirstWord(key, 0, key.length);
}

/** The same for a key that lies in bytes[start, end). */
export function keyHashOf(bytes: Uint8Array, start: number, end: number): number {
  return md5FirstWord(bytes, start, end);
}

/**
 * Every point with its owner behind it, as one number, in rising order: numbers sort many times faster than objects, and of
 * equal points the one of the earlier node comes first. 48 bits, so exact in a double.
 */
function placesOf(nodes: readonly RingNode[]): Float64Array {
  const digests = digestsPerNode(nodes.length);
  const places = new Float64Array(nodes.length * digests * POINTS_PER_DIGEST);
  const words = new Uint32Array(POINTS_PER_DIGEST);
  let count = 0;
  for (const [owner, node] of nodes.entries()) {
    const name = node.port === DEFAULT_PORT ? node.hostname : `${node.hostname}:${node.port}`;
    for (let index = 0; index < digests; index++) {
      md5Words(Buffer.from(`${name}-${index}`), words);
      for (const value of words) places[count++] = value * OWNERS_MAX + owner;
    }
  }
  return places.sort();
}

/** floorf(1/n · 40 · n + 1e-10) with every step in single precision: 40, but 39 at 25, 47, 50, 55 and 61 nodes. */
function digestsPerNode(nodeCount: number): number {
  const share = Math.fround(1 / nodeCount);
  const product = Math.fround(Math.fround(share * DIGESTS_PER_NODE) * nodeCount);
  return Math.floor(Math.fround(product + ROUNDING));
}
