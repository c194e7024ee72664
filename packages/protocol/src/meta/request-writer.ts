/**
 * Meta requests, as a client writes them.
 */

import { base64Length, encodeBase64 } from '../base64.js';
import type { ByteWriter } from '../byte-writer.js';

/**
 * mg, md, ma or me: the flags are words such as `v`, `T30` or `Oabc`. A key with bytes that a line cannot hold is sent
 * as base64 with the flag b when `isBinary` says so.
 */
export function writeMetaRequest(
  writer: ByteWriter,
  name: 'mg' | 'md' | 'ma' | 'me',
  key: Uint8Array,
  flags: readonly string[] = [],
  isBinary = false,
): void {
  writer.text(`${name} `);
  writeKey(writer, key, isBinary);
  writeFlags(writer, flags, isBinary);
}

/** ms with its data block. */
export function writeMetaSetRequest(
  writer: ByteWriter,
  key: Uint8Array,
  value: Uint8Array,
  flags: readonly string[] = [],
  isBinary = false,
): void {
  writer.text('ms ');
  writeKey(writer, key, isBinary);
  writer.text(` ${value.length}`);
  writeFlags(writer, flags, isBinary);
  writer.ensure(value.length + 2);
  writer.bytesOf(value);
  writer.crlf();
}

function writeKey(writer: ByteWriter, key: Uint8Array, isBinary: boolean): void {
  writer.ensure(isBinary ? base64Length(key.length) : key.length);
  if (isBinary) writer.at = encodeBase64(key, 0, key.length, writer.bytes, writer.at);
  else writer.bytesOf(key);
}

function writeFlags(writer: ByteWriter, flags: readonly string[], isBinary: boolean): void {
  if (isBinary) writer.text(' b');
  for (const flag of flags) writer.text(` ${flag}`);
  writer.text('\r\n');
}
