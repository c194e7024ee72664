/**
 * Binary requests: header, bounds, and the shape that each opcode demands.
 *
 * Called by `decode()` once per frame, on the worker's receive buffer; allocates nothing. Needs header, extras and key,
 * not the value. The order of the checks, and so which error wins, is that of try_read_command_binary and
 * dispatch_bin_command in 1.6.45.
 */

import { Decoded } from '../decoded.js';
import { BINARY_BODY_BYTES_MAX, BINARY_HEADER_BYTES, BINARY_HELD_BYTES_MAX, KEY_BYTES_MAX } from '../limits.js';
import { OPCODE_OPS, OPCODE_QUIET, OPCODE_UNKNOWN, Opcode } from '../opcode.js';
import { refuse } from '../refusal.js';
import { Dialect, Op, type Request } from '../request.js';
import { BinaryStatus } from '../status.js';
import {
  BODY_LENGTH_AT,
  CAS_HIGH_AT,
  CAS_LOW_AT,
  EXTRAS_LENGTH_AT,
  KEY_LENGTH_AT,
  OPAQUE_AT,
  OPCODE_AT,
  REQUEST_MAGIC,
  STATUS_AT,
} from './header.js';

/** Extras of the commands that have any, in bytes. */
const STORE_EXTRAS = 8;
const COUNT_EXTRAS = 20;
const EXPTIME_EXTRAS = 4;
const CONFIG_EXTRAS = 4;

/** One frame of a BINARY connection from input[start..end). */
export function readBinaryRequest(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  if (end - start < BINARY_HEADER_BYTES) return Decoded.NEED_MORE;
  if (input[start] !== REQUEST_MAGIC) return Decoded.CLOSE;
  const keyBytes = view.getUint16(start + KEY_LENGTH_AT);
  const extrasBytes = input[start + EXTRAS_LENGTH_AT];
  const headBytes = BINARY_HEADER_BYTES + extrasBytes + keyBytes;
  if (end - start < headBytes) return end - start < BINARY_HELD_BYTES_MAX ? Decoded.NEED_MORE : Decoded.CLOSE;
  const bodyBytes = view.getInt32(start + BODY_LENGTH_AT);
  const opcode = input[start + OPCODE_AT];
  request.dialect = Dialect.BINARY;
  request.opcode = opcode;
  request.opaque = view.getInt32(start + OPAQUE_AT);
  request.vbucket = view.getUint16(start + STATUS_AT);
  request.casHigh = view.getInt32(start + CAS_HIGH_AT);
  request.casLow = view.getInt32(start + CAS_LOW_AT);
  request.bodyBytes = bodyBytes;
  request.keyStart = start + BINARY_HEADER_BYTES + extrasBytes;
  request.keyEnd = start + headBytes;
  request.next = start + headBytes;
  request.keyIsBinary = false;
  request.status = BinaryStatus.SUCCESS;
  // A body of 2^31 and more is negative here; it is too large, but not smaller than the key.
  if (bodyBytes >= 0 && keyBytes + extrasBytes > bodyBytes)
    return refuseAndClose(request, BinaryStatus.UNKNOWN_COMMAND);
  if (bodyBytes < 0 || bodyBytes > BINARY_BODY_BYTES_MAX || keyBytes > KEY_BYTES_MAX) {
    return refuseAndClose(request, BinaryStatus.INVALID_ARGUMENTS);
  }
  const op = OPCODE_OPS[opcode];
  if (op === OPCODE_UNKNOWN) return refuseUnknown(keyBytes, extrasBytes, request);
  request.op = op;
  request.noreply = OPCODE_QUIET[opcode] !== 0;
  request.valueBytes = bodyBytes - keyBytes - extrasBytes;
  return readExtras(op, view, start + BINARY_HEADER_BYTES, keyBytes, extrasBytes, request);
}

/** Checks the lengths against what the operation demands and reads its extras. */
function readExtras(
  op: number,
  view: DataView,
  at: number,
  keyBytes: number,
  extrasBytes: number,
  request: Request,
): Decoded {
  const hasValue = request.valueBytes > 0;
  switch (op) {
    case Op.GET:
    case Op.GETK:
    case Op.DELETE:
    case Op.CONFIG_DELETE:
      return keyBytes > 0 && extrasBytes === 0 && !hasValue ? Decoded.READY : refuseFrame(request);
    case Op.SET:
    case Op.ADD:
    case Op.REPLACE:
      if (keyBytes === 0 || extrasBytes !== STORE_EXTRAS) return refuseFrame(request);
      request.clientFlags = view.getInt32(at);
      request.exptime = view.getInt32(at + 4);
      request.swallowBytes = request.valueBytes;
      return Decoded.READY;
    case Op.APPEND:
    case Op.PREPEND:
      if (keyBytes === 0 || extrasBytes !== 0) return refuseFrame(request);
      request.swallowBytes = request.valueBytes;
      return Decoded.READY;
    case Op.INCR:
    case Op.DECR:
      if (keyBytes === 0 || extrasBytes !== COUNT_EXTRAS || hasValue) return refuseFrame(request);
      return readCountExtras(view, at, request);
    case Op.TOUCH:
    case Op.GAT:
    case Op.GATK:
      // 1.6.45 does not look for a value behind the key: the next header is looked for there.
      if (keyBytes === 0 || extrasBytes !== EXPTIME_EXTRAS) return refuseFrame(request);
      request.exptime = view.getInt32(at);
      return Decoded.READY;
    default:
      return readRareExtras(op, view, at, keyBytes, extrasBytes, request);
  }
}

function readCountExtras(view: DataView, at: number, request: Request): Decoded {
  request.deltaHigh = view.getInt32(at);
  request.deltaLow = view.getInt32(at + 4);
  request.initialHigh = view.getInt32(at + 8);
  request.initialLow = view.getInt32(at + 12);
  request.exptime = view.getInt32(at + 16);
  request.vivifies = request.exptime !== -1;
  return Decoded.READY;
}

function readRareExtras(
  op: number,
  view: DataView,
  at: number,
  keyBytes: number,
  extrasBytes: number,
  request: Request,
): Decoded {
  const hasValue = request.valueBytes > 0;
  switch (op) {
    case Op.STATS:
      // As with touch, a value is not looked for.
      return extrasBytes === 0 ? Decoded.READY : refuseFrame(request);
    case Op.FLUSH_ALL:
      if (keyBytes > 0 || hasValue || (extrasBytes !== 0 && extrasBytes !== EXPTIME_EXTRAS))
        return refuseFrame(request);
      request.exptime = extrasBytes === 0 ? 0 : view.getInt32(at);
      return Decoded.READY;
    case Op.VERBOSITY:
      if (keyBytes > 0 || hasValue || extrasBytes !== EXPTIME_EXTRAS) return refuseFrame(request);
      request.deltaLow = view.getInt32(at);
      return Decoded.READY;
    case Op.CONFIG_GET:
    case Op.CONFIG_GETK:
      return extrasBytes === 0 && !hasValue ? Decoded.READY : refuseFrame(request);
    case Op.CONFIG_SET:
      if (keyBytes === 0 || extrasBytes !== CONFIG_EXTRAS) return refuseFrame(request);
      request.clientFlags = view.getInt32(at);
      request.swallowBytes = request.valueBytes;
      return Decoded.READY;
    default:
      // VERSION, NOOP, QUIT, CONFIG_LIST: a header and nothing else.
      return request.bodyBytes === 0 ? Decoded.READY : refuseFrame(request);
  }
}

/** Lengths that do not fit the opcode: "Invalid arguments", and the connection ends (handle_binary_protocol_error). */
function refuseFrame(request: Request): Decoded {
  return refuseAndClose(request, BinaryStatus.INVALID_ARGUMENTS);
}

function refuseAndClose(request: Request, status: number): Decoded {
  refuse(request, status);
  request.noreply = false;
  request.closes = true;
  return Decoded.ERROR;
}

/**
 * An opcode that does not exist: its value is thrown away and the connection goes on. (1.6.45 throws away extras and
 * key a second time and so loses the frame behind; that is not kept.) SASL is answered likewise while it is not offered.
 */
function refuseUnknown(keyBytes: number, extrasBytes: number, request: Request): Decoded {
  const { opcode } = request;
  const isList = opcode === Opcode.SASL_LIST_MECHS;
  if (isList && request.bodyBytes > 0) return refuseFrame(request);
  const isAuthentication = opcode === Opcode.SASL_AUTH || opcode === Opcode.SASL_STEP;
  if (isAuthentication && (extrasBytes > 0 || keyBytes === 0)) return refuseFrame(request);
  refuse(request, BinaryStatus.UNKNOWN_COMMAND);
  request.noreply = false;
  request.swallowBytes = request.bodyBytes - keyBytes - extrasBytes;
  return Decoded.ERROR;
}
