/**
 * MD5 (RFC 1321) of a range of bytes, without a call out of JavaScript and without allocating: node:crypto makes two
 * objects a digest, which costs more than the digest (docs/decisions/0021-ring.md has the numbers).
 *
 * Called for every key by the client and the router through hash-ring.ts, and for the labels of a ring. Not for security,
 * which MD5 has none of left. One digest at a time: the state is the module's own, and no function here yields.
 */

const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
/** The last block ends with the length in bits, in its last two words. */
const LENGTH_WORD = 14;
const PADDING = 0x80;

/** RFC 1321, 3.4: the whole part of 2³² · |sin i|, i from 1. */
const SINES = Int32Array.from({ length: 64 }, (_, step) => Math.floor(2 ** 32 * Math.abs(Math.sin(step + 1))));

const block = new Int32Array(BLOCK_WORDS);
/** The four words A, B, C and D, which after the last block are the digest, little-endian. */
const state = new Int32Array(4);

/** The digest's four little-endian words as uint32, into `words`. */
export function md5Words(bytes: Uint8Array, words: Uint32Array): void {
  digest(bytes, 0, bytes.length);
  words.set(state);
}

/** The first little-endian word of the digest of bytes[start, end), as a uint32. */
export function md5FirstWord(bytes: Uint8Array, start: number, end: number): number {
  digest(bytes, start, end);
  return state[0] >>> 0;
}

function digest(bytes: Uint8Array, start: number, end: number): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  let at = start;
  for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
    loadWords(bytes, at, BLOCK_WORDS);
    mixBlock();
  }
  const rest = end - at;
  loadRest(bytes, at, rest);
  if (rest >> 2 >= LENGTH_WORD) {
    mixBlock();
    block.fill(0);
  }
  const length = end - start;
  block[LENGTH_WORD] = length << 3;
  block[LENGTH_WORD + 1] = length >>> 29;
  mixBlock();
}

function loadWords(bytes: Uint8Array, start: number, words: number): void {
  for (let word = 0, at = start; word < words; word++, at += 4) {
    block[word] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
}

/** The bytes after the last whole block, the bit that ends them, and zeros. */
function loadRest(bytes: Uint8Array, start: number, rest: number): void {
  const whole = rest >> 2;
  loadWords(bytes, start, whole);
  let last = PADDING;
  for (let at = start + rest - 1; at >= start + whole * 4; at--) last = (last << 8) | bytes[at];
  block[whole] = last;
  for (let word = whole + 1; word < BLOCK_WORDS; word++) block[word] = 0;
}

/** The four rounds of RFC 1321, 3.4, four steps a turn so that no word has to move. */
function mixBlock(): void {
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  for (let step = 0; step < 16; step += 4) {
    a = turn(a + (d ^ (b & (c ^ d))) + block[step] + SINES[step], 7, b);
    d = turn(d + (c ^ (a & (b ^ c))) + block[step + 1] + SINES[step + 1], 12, a);
    c = turn(c + (b ^ (d & (a ^ b))) + block[step + 2] + SINES[step + 2], 17, d);
    b = turn(b + (a ^ (c & (d ^ a))) + block[step + 3] + SINES[step + 3], 22, c);
  }
  for (let step = 16; step < 32; step += 4) {
    a = turn(a + (c ^ (d & (b ^ c))) + block[(5 * step + 1) & 15] + SINES[step], 5, b);
    d = turn(d + (b ^ (c & (a ^ b))) + block[(5 * step + 6) & 15] + SINES[step + 1], 9, a);
    c = turn(c + (a ^ (b & (d ^ a))) + block[(5 * step + 11) & 15] + SINES[step + 2], 14, d);
    b = turn(b + (d ^ (a & (c ^ d))) + block[(5 * step) & 15] + SINES[step + 3], 20, c);
  }
  for (let step = 32; step < 48; step += 4) {
    a = turn(a + (b ^ c ^ d) + block[(3 * step + 5) & 15] + SINES[step], 4, b);
    d = turn(d + (a ^ b ^ c) + block[(3 * step + 8) & 15] + SINES[step + 1], 11, a);
    c = turn(c + (d ^ a ^ b) + block[(3 * step + 11) & 15] + SINES[step + 2], 16, d);
    b = turn(b + (c ^ d ^ a) + block[(3 * step + 14) & 15] + SINES[step + 3], 23, c);
  }
  for (let step = 48; step < 64; step += 4) {
    a = turn(a + (c ^ (b | ~d)) + block[(7 * step) & 15] + SINES[step], 6, b);
    d = turn(d + (b ^ (a | ~c)) + block[(7 * step + 7) & 15] + SINES[step + 1], 10, a);
    c = turn(c + (a ^ (d | ~b)) + block[(7 * step + 14) & 15] + SINES[step + 2], 15, d);
    b = turn(b + (d ^ (c | ~a)) + block[(7 * step + 21) & 15] + SINES[step + 3], 21, c);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

function turn(sum: number, bits: number, addend: number): number {
  const word = sum | 0;
  return (((word << bits) | (word >>> (32 - bits))) + addend) | 0;
}
