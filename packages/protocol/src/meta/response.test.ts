import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteWriter } from '../byte-writer.js';
import { Decoded } from '../decoded.js';
import { decode } from '../decoder.js';
import { INPUT_SCRATCH_BYTES } from '../limits.js';
import { ReplyKind, TextReply } from '../reply.js';
import { Dialect, Request } from '../request.js';
import { Status } from '../status.js';
import { bytesOf, decimal, textOf } from '../testing/story.js';
import { readTextReply } from '../text/response-reader.js';
import { readReplyFlag, readReplyFlagNumber } from './response-reader.js';
import {
  META_LINE_BYTES_MAX,
  writeFlagCas,
  writeFlagKey,
  writeFlagLetter,
  writeFlagNumber,
  writeFlagOpaque,
  writeFlagTtl,
  writeMetaCode,
  writeMetaValueCode,
  writeOpaqueAndKey,
} from './response-writer.js';

const letterOf = (letter: string) => letter.charCodeAt(0);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The reply without an item to a request: its code, opaque and key. */
function missOf(sent: string, status: number, request = new Request()): string {
  const input = new Uint8Array(sent.length + INPUT_SCRATCH_BYTES);
  input.set(bytesOf(sent));
  expect(decode(Dialect.TEXT, input, viewOf(input), 0, sent.length, request)).toBe(Decoded.READY);
  const writer = new ByteWriter(1);
  writeMetaCode(writer, status);
  writeOpaqueAndKey(writer, input, viewOf(input), request);
  writer.crlf();
  return textOf(writer.slice());
}

describe('a meta reply without an item', () => {
  test.each([
    ['mg nokey v k Oabc\r\n', Status.META_MISS, 'EN knokey Oabc\r\n'],
    ['md a O1 k\r\n', Status.META_NOT_FOUND, 'NF O1 ka\r\n'],
    ['md a k O1\r\n', Status.META_HIT, 'HD ka O1\r\n'],
    ['mg YWI= b k\r\n', Status.META_MISS, 'EN kYWI= b\r\n'],
    ['mg YW*I= k b O\r\n', Status.META_MISS, 'EN kYWI= b O\r\n'],
    ['ma nokey t\r\n', Status.META_NOT_FOUND, 'NF\r\n'],
  ])('to %j with status %d is %j', (sent, status, reply) => {
    expect(missOf(sent, status)).toBe(reply);
  });
});

test('a reply returns nothing that only the request before asked for', () => {
  const request = new Request();
  expect(missOf('mg a k O1\r\n', Status.META_MISS, request)).toBe('EN ka O1\r\n');
  expect(missOf('mg b\r\n', Status.META_MISS, request)).toBe('EN\r\n');
});

describe('a meta reply with everything', () => {
  test('comes back from the reader as it was written, within its bound', () => {
    const numbers = fc.record({
      low: fc.integer(),
      high: fc.integer(),
      n: fc.nat(),
      ttl: fc.nat(),
      never: fc.boolean(),
    });
    const keys = fc.uint8Array({ minLength: 1, maxLength: 186 });
    fc.assert(
      fc.property(keys, fc.uint8Array({ maxLength: 100 }), numbers, (key, value, { low, high, n, ttl, never }) => {
        const opaque = bytesOf(`O${'x'.repeat(31)}`);
        const writer = new ByteWriter(1);
        writeMetaValueCode(writer, value.length);
        writeFlagNumber(writer, letterOf('s'), value.length);
        writeFlagCas(writer, low, high);
        writeFlagNumber(writer, letterOf('f'), n);
        writeFlagTtl(writer, never, ttl);
        writeFlagOpaque(writer, opaque, viewOf(opaque), 0, opaque.length);
        writeFlagKey(writer, key, viewOf(key), 0, key.length, true);
        for (const letter of 'WXZ') writeFlagLetter(writer, letterOf(letter));
        writer.crlf();
        expect(writer.at).toBeLessThanOrEqual(META_LINE_BYTES_MAX);
        writer.ensure(value.length + 2);
        writer.bytesOf(value);
        writer.crlf();
        const sent = writer.slice();
        const [view, reply] = [viewOf(sent), new TextReply()];
        expect(readTextReply(sent, view, 0, sent.length, reply)).toBe(Decoded.READY);
        expect(reply.kind).toBe(ReplyKind.META_VALUE);
        expect(sent.subarray(reply.valueStart, reply.valueStart + reply.valueBytes)).toEqual(value);
        expect(readReplyFlagNumber(sent, view, letterOf('c'), reply)).toBe(true);
        expect(decimal(reply.low, reply.high)).toBe(decimal(low, high));
        expect(readReplyFlagNumber(sent, view, letterOf('t'), reply)).toBe(!never);
        if (!never) expect(reply.low).toBe(ttl | 0);
        expect(readReplyFlag(sent, view, letterOf('k'), reply)).toBe(true);
        expect(Buffer.from(textOf(sent.subarray(reply.flagStart, reply.flagEnd)), 'base64')).toEqual(Buffer.from(key));
        expect(readReplyFlag(sent, view, letterOf('b'), reply)).toBe(true);
        expect(readReplyFlag(sent, view, letterOf('O'), reply)).toBe(true);
        expect(reply.flagEnd - reply.flagStart).toBe(31);
        expect(readReplyFlag(sent, view, letterOf('h'), reply)).toBe(false);
        expect(readReplyFlagNumber(sent, view, letterOf('h'), reply)).toBe(false);
      }),
    );
  });

  test('shows an overdue TTL as the uint32 that memcached shows', () => {
    const writer = new ByteWriter(64);
    writeFlagTtl(writer, false, -113);
    writeFlagTtl(writer, true, 5);
    expect(textOf(writer.slice())).toBe(' t4294967183 t-1');
  });
});
