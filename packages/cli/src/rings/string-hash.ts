/**
 * Java's String.hashCode, which memjs and spymemcached both take the remainder of, each in its own way.
 *
 * Over UTF-16 units, as both languages count them.
 */
import { isIP } from 'node:net';
import type { ClusterNode } from '@shoal/protocol';
import type { Hashing } from './hashing.js';
import { ketamaPoints, md5, PointRing } from './point-ring.js';

const SPYMEMCACHED_DIGESTS = 40;

export const MEMJS: Hashing = {
  library: 'memjs',
  describe: 'npm memjs by itself',
  place: (nodes) => (key) => Math.abs(hashCode(key)) % nodes.length,
};

export const SPYMEMCACHED: Hashing = {
  library: 'spymemcached',
  describe: "spymemcached and ElastiCache's client for Java unless told otherwise",
  place: (nodes) => (key) => (hashCode(key) >>> 0) % nodes.length,
};

export const SPYMEMCACHED_KETAMA: Hashing = {
  library: 'spymemcached-ketama',
  describe: 'spymemcached with its ketama locator',
  place: (nodes) => {
    const names = nodes.map(socketAddress);
    if (names.includes(null)) return null;
    const ring = new PointRing(ketamaPoints(names as string[], SPYMEMCACHED_DIGESTS));
    return (key) => ring.ownerAtOrAfter(md5(key).readUInt32LE(0));
  },
};

function hashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (31 * hash + text.charCodeAt(at)) | 0;
  return hash;
}

/** Java prints the name that was asked for and the address that it resolved to. Null: the list does not tell the second. */
function socketAddress({ hostname, ip, port }: ClusterNode): string | null {
  if (isIP(hostname) !== 0) return `${hostname}:${port}`;
  return ip === '' ? null : `${hostname}/${ip}:${port}`;
}
