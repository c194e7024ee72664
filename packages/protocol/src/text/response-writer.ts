/**
 * Text replies, written by the commands into the worker's output.
 *
 * Every function makes its own room in the writer. VALUE lines are in value-lines.ts, one-line replies in status.ts.
 */

import type { ByteWriter } from '../byte-writer.js';
import { KEY_BYTES_MAX } from '../limits.js';
import { STATUS_LINE_BYTES, STATUS_LINE_WORDS, STATUS_LINES } from '../status.js';

/** 'CONFIG ' + key + ' ' + flags + ' ' + length + CR LF. */
const CONFIG_LINE_BYTES_MAX = 7 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 2;
const NUMBER_LINE_BYTES_MAX = 22;
/** END, STORED and their like are written as two words. */
const SHORT_LINE_BYTES_MAX = 8;

const BLANK = 32;

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
