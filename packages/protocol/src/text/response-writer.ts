/**
 * Text replies, written by the commands into the worker's output.
 *
 * Every function makes its own room in the writer, except for the data block after a VALUE line, whose length only the
 * caller knows. One-line replies are in status.ts.
 */

import { type ByteWriter, copyShort } from '../byte-writer.js';
import { KEY_BYTES_MAX } from '../limits.js';
import { writeDecimal } from '../number.js';
import { STATUS_LINE_BYTES, STATUS_LINE_WORDS, STATUS_LINES } from '../status.js';

/** 'VALUE ' + key + ' ' + flags + ' ' + length + ' ' + CAS + CR LF. */
export const VALUE_LINE_BYTES_MAX = 6 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 1 + 20 + 2;
/** 'CONFIG ' is one letter longer, but has no CAS. */
const CONFIG_LINE_BYTES_MAX = VALUE_LINE_BYTES_MAX;
const NUMBER_LINE_BYTES_MAX = 22;
/** END, STORED and their like are written as two words. */
const SHORT_LINE_BYTES_MAX = 8;

const VALU = 0x554c_4156;
const E_BLANK = 0x2045;
const VALUE_NAME_BYTES = 6;
const BLANK = 32;
const CR_LF = 0x0a0d;

/** The line of a `Status`, CR LF included. */
export function writeStatus(writer: ByteWriter, status: number): void {
  const length = STATUS_LINE_BYTES[status];
  if (length > SHORT_LINE_BYTES_MAX) {
    writer.ensure(length);
    writer.bytesOf(STATUS_LINES[status]);
    return;
  }
  writer.ensure(SHORT_LINE_BYTES_MAX);
  const { view, at } = writer;
  view.setInt32(at, STATUS_LINE_WORDS[status << 1], true);
  view.setInt32(at + 4, STATUS_LINE_WORDS[(status << 1) + 1], true);
  writer.at = at + length;
}

/** `VALUE <key> <flags> <bytes>` and its line end. The data block and writer.crlf() follow. */
export function writeValueLine(
  writer: ByteWriter,
  source: Uint8Array,
  view: DataView,
  keyStart: number,
  keyEnd: number,
  clientFlags: number,
  valueBytes: number,
): void {
  writer.ensure(VALUE_LINE_BYTES_MAX);
  const { bytes, view: out, at } = writer;
  writer.at = putValueLine(bytes, out, at, source, view, keyStart, keyEnd, clientFlags, valueBytes);
}

/** The same to bytes[at..), where there is room for VALUE_LINE_BYTES_MAX; answers the offset behind it. */
export function putValueLine(
  bytes: Uint8Array,
  out: DataView,
  at: number,
  source: Uint8Array,
  view: DataView,
  keyStart: number,
  keyEnd: number,
  clientFlags: number,
  valueBytes: number,
): number {
  const end = putValueWords(bytes, out, at, source, view, keyStart, keyEnd, clientFlags, valueBytes);
  out.setUint16(end, CR_LF, true);
  return end + 2;
}

/** The same with the CAS value, for gets and gats. */
export function writeValueLineWithCas(
  writer: ByteWriter,
  source: Uint8Array,
  view: DataView,
  keyStart: number,
  keyEnd: number,
  clientFlags: number,
  valueBytes: number,
  casLow: number,
  casHigh: number,
): void {
  writer.ensure(VALUE_LINE_BYTES_MAX);
  const { bytes, view: out, at } = writer;
  writer.at = putValueWords(bytes, out, at, source, view, keyStart, keyEnd, clientFlags, valueBytes);
  writer.byte(BLANK);
  writer.decimal64(casLow, casHigh);
  writer.crlf();
}

function putValueWords(
  bytes: Uint8Array,
  out: DataView,
  start: number,
  source: Uint8Array,
  view: DataView,
  keyStart: number,
  keyEnd: number,
  clientFlags: number,
  valueBytes: number,
): number {
  out.setInt32(start, VALU, true);
  out.setUint16(start + 4, E_BLANK, true);
  let at = copyShort(bytes, out, start + VALUE_NAME_BYTES, source, view, keyStart, keyEnd);
  bytes[at++] = BLANK;
  at = writeDecimal(bytes, at, clientFlags >>> 0);
  bytes[at++] = BLANK;
  return writeDecimal(bytes, at, valueBytes);
}

/** What incr and decr answer: the new value alone. */
export function writeNumberLine(writer: ByteWriter, low: number, high: number): void {
  writer.ensure(NUMBER_LINE_BYTES_MAX);
  writer.decimal64(low, high);
  writer.crlf();
}

/** `STAT <name> <value>` and its line end. */
export function writeStat(writer: ByteWriter, name: string, value: string | number): void {
  writer.text(`STAT ${name} ${value}\r\n`);
}

/** `CONFIG <key> <flags> <bytes>`, the payload and END: the whole answer to config get, written at once. */
export function writeConfig(writer: ByteWriter, key: Uint8Array, clientFlags: number, payload: Uint8Array): void {
  writer.ensure(CONFIG_LINE_BYTES_MAX + payload.length);
  writer.text('CONFIG ');
  writer.bytesOf(key);
  writer.byte(BLANK);
  writer.decimal(clientFlags >>> 0);
  writer.byte(BLANK);
  writer.decimal(payload.length);
  writer.crlf();
  writer.bytesOf(payload);
  writer.text('\r\nEND\r\n');
}
