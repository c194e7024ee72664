/**
 * Ruby's dalli: 160 points a node, the first 32 bits of sha1; the key's crc32 belongs to the last point before it.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Hashing, nodeName } from './hashing.js';
import { PointRing } from './point-ring.js';

const POINTS_PER_NODE = 160;

export const DALLI: Hashing = {
  library: 'dalli',
  describe: 'ruby dalli, dalli-elasticache',
  place: (nodes) => {
    if (nodes.length === 1) return () => 0;
    const points = nodes.flatMap((node, owner) =>
      Array.from({ length: POINTS_PER_NODE }, (_, index) => ({
        value: sha1Start(`${nodeName(node)}:${index}`),
        owner,
      })),
    );
    const ring = new PointRing(points);
    return (key) => ring.ownerAtOrBefore(crc32(key));
  },
};

function sha1Start(text: string): number {
  return createHash('sha1').update(text).digest().readUInt32BE(0);
}
