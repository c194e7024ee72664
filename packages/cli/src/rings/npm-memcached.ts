/**
 * The npm package memcached and the clients made of it: a ketama ring like ours, whose number of points comes of the same
 * formula in double precision, so that it has fewer at other numbers of nodes (7, 14 and 28) than ours (25).
 */
import { type Hashing, nodeName } from './hashing.js';
import { ketamaPoints, md5, PointRing } from './point-ring.js';

const DIGESTS_PER_NODE = 40;
const DEFAULT_PORT = 11211;

export const NPM_MEMCACHED: Hashing = {
  library: 'memcached',
  describe: 'npm memcached, memcached-elasticache, elasticache-client',
  place: (nodes) => {
    const digests = Math.floor((1 / nodes.length) * DIGESTS_PER_NODE * nodes.length);
    const names = nodes.map((node) => (node.port === DEFAULT_PORT ? node.hostname : nodeName(node)));
    const ring = new PointRing(ketamaPoints(names, digests));
    return (key) => ring.ownerAtOrAfter(md5(key).readUInt32LE(0));
  },
};
