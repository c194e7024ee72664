/**
 * Binary responses, as a client reads them: one frame a call. Returns READY, NEED_MORE, or CLOSE for bytes that are no
 * response. Allocates nothing.
 */

import { Decoded } from '../decoded.js';
import { BINARY_HEADER_BYTES } from '../limits.js';
import type { BinaryReply } from '../reply.js';
import {
  BODY_LENGTH_AT,
  CAS_HIGH_AT,
  CAS_LOW_AT,
  EXTRAS_LENGTH_AT,
  KEY_LENGTH_AT,
  OPAQUE_AT,
  OPCODE_AT,
  RESPONSE_MAGIC,
  STATUS_AT,
} from './header.js';

const CLIENT_FLAGS_BYTES = 4;

/** The response that begins at `start`. */
export function readBinaryReply(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  reply: BinaryReply,
): Decoded {
  reply.next = 0;
  if (end - start < BINARY_HEADER_BYTES) return Decoded.NEED_MORE;
  const keyBytes = view.getUint16(start + KEY_LENGTH_AT);
  const extrasBytes = input[start + EXTRAS_LENGTH_AT];
  const valueBytes = view.getUint32(start + BODY_LENGTH_AT) - keyBytes - extrasBytes;
  if (input[start] !== RESPONSE_MAGIC || valueBytes < 0) return Decoded.CLOSE;
  reply.opcode = input[start + OPCODE_AT];
  reply.status = view.getUint16(start + STATUS_AT);
  reply.opaque = view.getInt32(start + OPAQUE_AT);
  reply.casHigh = view.getInt32(start + CAS_HIGH_AT);
  reply.casLow = view.getInt32(start + CAS_LOW_AT);
  reply.extrasStart = start + BINARY_HEADER_BYTES;
  reply.keyStart = reply.extrasStart + extrasBytes;
  reply.keyEnd = reply.keyStart + keyBytes;
  reply.valueStart = reply.keyEnd;
  reply.valueBytes = valueBytes;
  reply.next = reply.valueStart + valueBytes;
  if (reply.next > end) return Decoded.NEED_MORE;
  reply.clientFlags = extrasBytes >= CLIENT_FLAGS_BYTES ? view.getInt32(reply.extrasStart) : 0;
  return Decoded.READY;
}
