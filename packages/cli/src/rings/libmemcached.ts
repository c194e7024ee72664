/**
 * libmemcached as its users meet it: weighted ketama, which is Shoal's own ring too, and what it does unless told
 * otherwise, the remainder of a hash by the number of nodes.
 */
import { HashRing } from '@shoal/client';
import type { Hashing } from './hashing.js';

export const SHOAL: Hashing = {
  library: 'shoal',
  describe: "Shoal's client and endpoint; libmemcached, pylibmc and php-memcached with weighted ketama",
  place: (nodes) => {
    const ring = new HashRing(nodes);
    return (key) => ring.ownerOf(Buffer.from(key));
  },
};

export const LIBMEMCACHED: Hashing = {
  library: 'libmemcached',
  describe: 'libmemcached, pylibmc and php-memcached unless told otherwise',
  place: (nodes) => (key) => oneAtATime(Buffer.from(key)) % nodes.length,
};

/** Bob Jenkins's one-at-a-time hash. C takes the bytes as signed here, so those above 127 subtract. */
function oneAtATime(bytes: Buffer): number {
  let hash = 0;
  for (const byte of new Int8Array(bytes)) {
    hash = (hash + byte) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  hash = (hash + (hash << 15)) | 0;
  return hash >>> 0;
}
