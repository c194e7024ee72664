/**
 * Binary requests, as a client writes them. Every function makes its own room.
 */

import type { ByteWriter } from '../byte-writer.js';
import { BINARY_HEADER_BYTES } from '../limits.js';
import {
  BODY_LENGTH_AT,
  CAS_HIGH_AT,
  CAS_LOW_AT,
  EXTRAS_LENGTH_AT,
  KEY_LENGTH_AT,
  OPAQUE_AT,
  REQUEST_MAGIC,
  STATUS_AT,
} from './header.js';

/** What a binary request may carry. Everything left out is empty or 0. */
export interface BinaryRequestOptions {
  readonly key?: Uint8Array;
  readonly extras?: Uint8Array;
  readonly value?: Uint8Array;
  /** int32 or uint32; comes back. */
  readonly opaque?: number;
  readonly casLow?: number;
  readonly casHigh?: number;
  readonly vbucket?: number;
}

const EMPTY = new Uint8Array(0);

/** Any frame. */
export function writeBinaryRequest(writer: ByteWriter, opcode: number, options: BinaryRequestOptions = {}): void {
  const { key = EMPTY, extras = EMPTY, value = EMPTY } = options;
  const bodyBytes = extras.length + key.length + value.length;
  writer.ensure(BINARY_HEADER_BYTES + bodyBytes);
  const { view, at } = writer;
  view.setUint16(at, (REQUEST_MAGIC << 8) | opcode);
  view.setUint16(at + KEY_LENGTH_AT, key.length);
  view.setUint16(at + EXTRAS_LENGTH_AT, extras.length << 8);
  view.setUint16(at + STATUS_AT, options.vbucket ?? 0);
  view.setUint32(at + BODY_LENGTH_AT, bodyBytes);
  view.setInt32(at + OPAQUE_AT, options.opaque ?? 0);
  view.setInt32(at + CAS_HIGH_AT, options.casHigh ?? 0);
  view.setInt32(at + CAS_LOW_AT, options.casLow ?? 0);
  writer.at = at + BINARY_HEADER_BYTES;
  writer.bytesOf(extras);
  writer.bytesOf(key);
  writer.bytesOf(value);
}

/** Extras of set, add and replace. */
export function storeExtras(clientFlags: number, exptime: number): Uint8Array {
  return int32s(clientFlags, exptime);
}

/** Extras of increment and decrement; an exptime of 0xffffffff means: do not create. */
export function countExtras(
  delta: { readonly low: number; readonly high: number },
  initial: { readonly low: number; readonly high: number },
  exptime: number,
): Uint8Array {
  return int32s(delta.high, delta.low, initial.high, initial.low, exptime);
}

/** Extras of touch, gat and flush (the exptime), of verbosity (the level) and of config set (the client flags). */
export function singleExtra(value: number): Uint8Array {
  return int32s(value);
}

function int32s(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i++) view.setInt32(i * 4, values[i]);
  return new Uint8Array(view.buffer);
}
