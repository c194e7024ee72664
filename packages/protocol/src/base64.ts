/**
 * Base64 as memcached reads and writes the keys of meta commands (base64.c): standard alphabet, padded.
 *
 * Reading is lenient in memcached's own way: bytes outside of the alphabet are skipped, what remains must be a multiple
 * of four, and everything after the first padded group is ignored.
 */

const ALPHABET = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (letter) =>
  letter.charCodeAt(0),
);
const PADDING = 61;
/** In SEXTETS: not a letter of the alphabet. */
const FOREIGN = 255;

const SEXTETS: Uint8Array = new Uint8Array(256).fill(FOREIGN);
for (let i = 0; i < 64; i++) SEXTETS[ALPHABET[i]] = i;
SEXTETS[PADDING] = 0;

/** Bytes that encodeBase64 writes for so many. */
export function base64Length(byteCount: number): number {
  return (((byteCount + 2) / 3) | 0) * 4;
}

/**
 * Decodes input[start..end) to `at` in `out` (which may be the same array, behind or before the source) and returns how
 * many bytes came out, 0 if it is not base64.
 */
export function decodeBase64(input: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  if (!hasWholeGroups(input, start, end)) return 0;
  let group = 0;
  let letters = 0;
  let padding = 0;
  let to = at;
  for (let i = start; i < end && padding === 0; i++) {
    const sextet = SEXTETS[input[i]];
    if (sextet === FOREIGN) continue;
    group = (group << 6) | sextet;
    letters++;
    if ((letters & 3) !== 0) continue;
    padding = paddingOfGroup(input, i);
    if (padding > 2) return 0;
    out[to++] = group >> 16;
    if (padding < 2) out[to++] = group >> 8;
    if (padding < 1) out[to++] = group;
    group = 0;
  }
  return to - at;
}

function hasWholeGroups(input: Uint8Array, start: number, end: number): boolean {
  let letters = 0;
  for (let i = start; i < end; i++) if (SEXTETS[input[i]] !== FOREIGN) letters++;
  return letters > 0 && (letters & 3) === 0;
}

/** Padding signs among the four letters that end at `last`. */
function paddingOfGroup(input: Uint8Array, last: number): number {
  let count = 0;
  for (let i = last, letters = 0; letters < 4; i--) {
    if (SEXTETS[input[i]] === FOREIGN) continue;
    letters++;
    if (input[i] === PADDING) count++;
  }
  return count;
}

/** Encodes input[start..end) to `at` in `out`; returns the offset after it. `out` must have base64Length() bytes there. */
export function encodeBase64(input: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let to = at;
  let i = start;
  for (; i + 3 <= end; i += 3, to += 4) {
    const group = (input[i] << 16) | (input[i + 1] << 8) | input[i + 2];
    out[to] = ALPHABET[group >> 18];
    out[to + 1] = ALPHABET[(group >> 12) & 63];
    out[to + 2] = ALPHABET[(group >> 6) & 63];
    out[to + 3] = ALPHABET[group & 63];
  }
  const rest = end - i;
  if (rest <= 0) return to;
  const group = (input[i] << 16) | (rest === 2 ? input[i + 1] << 8 : 0);
  out[to] = ALPHABET[group >> 18];
  out[to + 1] = ALPHABET[(group >> 12) & 63];
  out[to + 2] = rest === 2 ? ALPHABET[(group >> 6) & 63] : PADDING;
  out[to + 3] = PADDING;
  return to + 4;
}
