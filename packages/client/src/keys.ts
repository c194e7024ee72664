/**
 * Keys as bytes of a request: what may stand in a line as it is, and what needs base64.
 *
 * A key is 1 to 250 bytes of UTF-8. One with blanks or control bytes cannot stand in a line, so it is sent as base64 with
 * the flag b; then the base64 has to fit 250 bytes, the key itself 186. Called by BatchWriter for keys that are not plain
 * ASCII strings, and by Topology, which hashes a key's own bytes and never its base64.
 */
import { base64Length, KEY_BYTES_MAX } from '@shoal/protocol';
import { BadKeyError } from './errors.js';
import type { Key } from './request.js';

const BLANK = 32;
const DELETE = 127;

export interface SpecialKey {
  readonly bytes: Uint8Array;
  readonly isBase64: boolean;
}

/** Writes a key of plain ASCII and returns where it ends, or -1 if it is anything else. */
export function plainKey(bytes: Uint8Array, start: number, key: string): number {
  const { length } = key;
  if (length === 0 || length > KEY_BYTES_MAX) return -1;
  for (let index = 0; index < length; index++) {
    const code = key.charCodeAt(index);
    if (code <= BLANK || code >= DELETE) return -1;
    bytes[start + index] = code;
  }
  return start + length;
}

/** Throws a BadKeyError. */
export function specialKey(key: Key): SpecialKey {
  const bytes = keyBytes(key);
  const isBase64 = bytes.some((byte) => byte <= BLANK || byte === DELETE);
  if (isBase64 && base64Length(bytes.length) > KEY_BYTES_MAX) {
    throw new BadKeyError(`${bytes.length} bytes with blanks or control bytes among them; 186 are the most`);
  }
  return { bytes, isBase64 };
}

/** The bytes that decide which node owns it. Throws a BadKeyError. */
export function keyBytes(key: Key): Uint8Array {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw new BadKeyError(`it is a ${typeof key}`);
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  if (bytes.length === 0) throw new BadKeyError('it is empty');
  if (bytes.length > KEY_BYTES_MAX) throw new BadKeyError(`${bytes.length} bytes; ${KEY_BYTES_MAX} are the most`);
  return bytes;
}
