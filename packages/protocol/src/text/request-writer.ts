/**
 * Text requests, as a client writes them. Every function makes its own room. Keys are taken as they are: who writes
 * one longer than KEY_BYTES_MAX, or with a blank in it, gets the server's answer to that.
 */

import type { ByteWriter } from '../byte-writer.js';

/** What a storage request may carry besides key and value. */
export interface StoreOptions {
  /** uint32. */
  readonly clientFlags?: number;
  /** Seconds, or a Unix time above 30 days; negative expires at once. */
  readonly exptime?: number;
  /** For cas: the value to compare with, in halves. */
  readonly casLow?: number;
  readonly casHigh?: number;
  readonly noreply?: boolean;
}

const WORDS_BYTES_MAX = 128;

/** get or gets of any number of keys. */
export function writeGetRequest(writer: ByteWriter, name: 'get' | 'gets', keys: readonly Uint8Array[]): void {
  writer.text(name);
  writeKeys(writer, keys);
}

/** gat or gats. */
export function writeGetAndTouchRequest(
  writer: ByteWriter,
  name: 'gat' | 'gats',
  exptime: number,
  keys: readonly Uint8Array[],
): void {
  writer.text(`${name} ${exptime}`);
  writeKeys(writer, keys);
}

/** set, add, replace, append, prepend and cas, with the data block. */
export function writeStoreRequest(
  writer: ByteWriter,
  name: 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas',
  key: Uint8Array,
  value: Uint8Array,
  options: StoreOptions = {},
): void {
  writeName(writer, name, key);
  writer.ensure(WORDS_BYTES_MAX);
  writer.text(` ${(options.clientFlags ?? 0) >>> 0} ${options.exptime ?? 0} ${value.length}`);
  if (name === 'cas') {
    writer.text(' ');
    writer.decimal64(options.casLow ?? 0, options.casHigh ?? 0);
  }
  writeLineEnd(writer, options.noreply);
  writer.ensure(value.length + 2);
  writer.bytesOf(value);
  writer.crlf();
}

export function writeDeleteRequest(writer: ByteWriter, key: Uint8Array, noreply = false): void {
  writeName(writer, 'delete', key);
  writeLineEnd(writer, noreply);
}

/** incr or decr by an unsigned 64-bit number in halves. */
export function writeCountRequest(
  writer: ByteWriter,
  name: 'incr' | 'decr',
  key: Uint8Array,
  deltaLow: number,
  deltaHigh: number,
  noreply = false,
): void {
  writeName(writer, name, key);
  writer.ensure(WORDS_BYTES_MAX);
  writer.text(' ');
  writer.decimal64(deltaLow, deltaHigh);
  writeLineEnd(writer, noreply);
}

export function writeTouchRequest(writer: ByteWriter, key: Uint8Array, exptime: number, noreply = false): void {
  writeName(writer, 'touch', key);
  writer.text(` ${exptime}`);
  writeLineEnd(writer, noreply);
}

/** Any other line: version, stats settings, config get cluster. */
export function writeLine(writer: ByteWriter, line: string): void {
  writer.text(`${line}\r\n`);
}

function writeName(writer: ByteWriter, name: string, key: Uint8Array): void {
  writer.text(`${name} `);
  writer.ensure(key.length);
  writer.bytesOf(key);
}

function writeKeys(writer: ByteWriter, keys: readonly Uint8Array[]): void {
  for (const key of keys) writeName(writer, '', key);
  writeLineEnd(writer);
}

function writeLineEnd(writer: ByteWriter, noreply = false): void {
  writer.text(noreply ? ' noreply\r\n' : '\r\n');
}
