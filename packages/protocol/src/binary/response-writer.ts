/**
 * Binary replies: the header, and the few shapes of body there are. Every function makes its own room, except for a
 * value after the head, whose length only the caller knows.
 *
 * `opcode` and `opaque` are those of the request (request.opcode, request.opaque): they come back as they came, the
 * quiet opcode included.
 */

import type { ByteWriter } from '../byte-writer.js';
import { BINARY_HEADER_BYTES, KEY_BYTES_MAX } from '../limits.js';
import { Opcode } from '../opcode.js';
import { BINARY_TEXTS, BinaryStatus } from '../status.js';
import {
  BODY_LENGTH_AT,
  CAS_HIGH_AT,
  CAS_LOW_AT,
  EXTRAS_LENGTH_AT,
  KEY_LENGTH_AT,
  OPAQUE_AT,
  RESPONSE_MAGIC,
  STATUS_AT,
} from './header.js';

/** Header, 4 bytes of client flags and a key: what stands before a value. */
export const BINARY_HEAD_BYTES_MAX = BINARY_HEADER_BYTES + 4 + KEY_BYTES_MAX;

/** The header; extras, key and value follow, bodyBytes in all. */
export function writeBinaryHeader(
  writer: ByteWriter,
  opcode: number,
  status: number,
  keyBytes: number,
  extrasBytes: number,
  bodyBytes: number,
  opaque: number,
  casLow: number,
  casHigh: number,
): void {
  writer.ensure(BINARY_HEAD_BYTES_MAX);
  const { view, at } = writer;
  view.setUint16(at, (RESPONSE_MAGIC << 8) | opcode);
  view.setUint16(at + KEY_LENGTH_AT, keyBytes);
  view.setUint16(at + EXTRAS_LENGTH_AT, extrasBytes << 8);
  view.setUint16(at + STATUS_AT, status);
  view.setInt32(at + BODY_LENGTH_AT, bodyBytes);
  view.setInt32(at + OPAQUE_AT, opaque);
  view.setInt32(at + CAS_HIGH_AT, casHigh);
  view.setInt32(at + CAS_LOW_AT, casLow);
  writer.at = at + BINARY_HEADER_BYTES;
}

/** Success without a body: set, delete, flush, noop, quit and their like. */
export function writeBinaryEmpty(
  writer: ByteWriter,
  opcode: number,
  opaque: number,
  casLow: number,
  casHigh: number,
): void {
  writeBinaryHeader(writer, opcode, BinaryStatus.SUCCESS, 0, 0, 0, opaque, casLow, casHigh);
}

/**
 * Head of a hit: header and client flags. A key of keyBytes (0: none) and then the value are to follow. touch and the
 * config commands have this shape too.
 */
export function writeBinaryHitHead(
  writer: ByteWriter,
  opcode: number,
  opaque: number,
  clientFlags: number,
  keyBytes: number,
  valueBytes: number,
  casLow: number,
  casHigh: number,
): void {
  writeBinaryHeader(
    writer,
    opcode,
    BinaryStatus.SUCCESS,
    keyBytes,
    4,
    4 + keyBytes + valueBytes,
    opaque,
    casLow,
    casHigh,
  );
  writer.uint32be(clientFlags);
}

/** A miss of getk and gatk: status "not found" and the key as the only body. */
export function writeBinaryKeyMiss(
  writer: ByteWriter,
  opcode: number,
  opaque: number,
  source: Uint8Array,
  view: DataView,
  keyStart: number,
  keyEnd: number,
): void {
  const keyBytes = keyEnd - keyStart;
  writeBinaryHeader(writer, opcode, BinaryStatus.KEY_NOT_FOUND, keyBytes, 0, keyBytes, opaque, 0, 0);
  writer.copyShort(source, view, keyStart, keyEnd);
}

/** What increment and decrement answer: the new value as a big-endian uint64. */
export function writeBinaryNumber(
  writer: ByteWriter,
  opcode: number,
  opaque: number,
  low: number,
  high: number,
  casLow: number,
  casHigh: number,
): void {
  writeBinaryHeader(writer, opcode, BinaryStatus.SUCCESS, 0, 0, 8, opaque, casLow, casHigh);
  writer.uint64be(low, high);
}

/** An error with its text: that of the status, unless another is given. The CAS field is that of the command so far. */
export function writeBinaryError(
  writer: ByteWriter,
  opcode: number,
  status: number,
  opaque: number,
  casLow: number,
  casHigh: number,
  text: Uint8Array = BINARY_TEXTS[status],
): void {
  writeBinaryHeader(writer, opcode, status, 0, 0, text.length, opaque, casLow, casHigh);
  for (let i = 0; i < text.length; i++) writer.byte(text[i]);
}

/** Success with a body of bytes: version. */
export function writeBinaryText(writer: ByteWriter, opcode: number, opaque: number, text: Uint8Array): void {
  writeBinaryHeader(writer, opcode, BinaryStatus.SUCCESS, 0, 0, text.length, opaque, 0, 0);
  writer.ensure(text.length);
  writer.bytesOf(text);
}

/** One statistic; one with an empty name and value ends the list. */
export function writeBinaryStat(writer: ByteWriter, opaque: number, name: string, value: string | number): void {
  const text = `${value}`;
  const bodyBytes = name.length + text.length;
  writeBinaryHeader(writer, Opcode.STAT, BinaryStatus.SUCCESS, name.length, 0, bodyBytes, opaque, 0, 0);
  writer.text(name);
  writer.text(text);
}
