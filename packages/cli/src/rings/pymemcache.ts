/**
 * Python's pymemcache: rendezvous hashing. Each node has a score for each key, the murmur3 of both their names, and the
 * highest wins.
 */
import { type Hashing, nodeName } from './hashing.js';

export const PYMEMCACHE: Hashing = {
  library: 'pymemcache',
  describe: "pymemcache's HashClient",
  place: (nodes) => {
    const names = nodes.map(nodeName);
    return (key) => highest(names, key);
  },
};

/** Of two equal scores the name that sorts last wins. */
function highest(names: readonly string[], key: string): number {
  let winner = 0;
  let best = -1;
  for (const [index, name] of names.entries()) {
    const score = murmur3(`${name}-${key}`);
    if (score > best || (score === best && name > names[winner])) {
      winner = index;
      best = score;
    }
  }
  return winner;
}

/** MurmurHash3 of 32 bits with seed 0, over the low bytes of the code points, which is what Python's version takes. */
function murmur3(text: string): number {
  const bytes = Uint8Array.from(text, (letter) => (letter.codePointAt(0) ?? 0) & 0xff);
  const whole = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    hash ^= scramble(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    hash = (Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | bytes[at];
  if (whole < bytes.length) hash ^= scramble(rest);
  return finish(hash ^ bytes.length);
}

function scramble(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finish(mixed: number): number {
  let hash = mixed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
