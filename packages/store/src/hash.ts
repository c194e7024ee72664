/**
 * Hash functions of keys, over bytes of a buffer, to a signed 32-bit number.
 *
 * murmur3 (the 32-bit x86 variant, public domain algorithm by Austin Appleby) is memcached's default,
 * jenkins (lookup3's hashlittle, public domain by Bob Jenkins) its older one. A seed chosen at start
 * keeps keys that were made to collide from doing so. No allocation; bytes outside [start, end) are never read.
 */

import { HashAlgorithm, type StoreOptions } from './options.js';

export type Hash = (bytes: Uint8Array, view: DataView, start: number, end: number, seed: number) => number;

/** The function that a server was started with. */
export function hashOf({ hashAlgorithm }: Pick<StoreOptions, 'hashAlgorithm'>): Hash {
  return hashAlgorithm === HashAlgorithm.JENKINS ? jenkins : murmur3;
}

export function murmur3(bytes: Uint8Array, view: DataView, start: number, end: number, seed: number): number {
  let hash = seed | 0;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    const word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    hash ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (at < end) {
    let tail = 0;
    for (let i = end - 1; i >= at; i--) tail = (tail << 8) | bytes[i];
    tail = Math.imul(tail, 0xcc9e2d51);
    hash ^= Math.imul((tail << 15) | (tail >>> 17), 0x1b873593);
  }
  hash ^= end - start;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Up to four bytes from `at`, little endian, as if zeros followed `end`. */
function wordBefore(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = Math.min(at + 4, end) - 1; i >= at; i--) word = (word << 8) | bytes[i];
  return word;
}

export function jenkins(bytes: Uint8Array, view: DataView, start: number, end: number, seed: number): number {
  let a = (0xdeadbeef + (end - start) + seed) | 0;
  let b = a;
  let c = a;
  let at = start;
  for (; end - at > 12; at += 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (at === end) return c;
  a = (a + wordBefore(bytes, at, end)) | 0;
  b = (b + wordBefore(bytes, at + 4, end)) | 0;
  c = (c + wordBefore(bytes, at + 8, end)) | 0;
  return jenkinsFinal(a, b, c);
}

function jenkinsFinal(aIn: number, bIn: number, cIn: number): number {
  let [a, b, c] = [aIn, bIn, cIn];
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) | 0;
}
