import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteWriter } from '../byte-writer.js';
import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX } from '../limits.js';
import { Opcode } from '../opcode.js';
import { BinaryReply } from '../reply.js';
import { BINARY_NO_MEMORY_ITEM, BINARY_VERSION, BinaryStatus } from '../status.js';
import { bytesOf, textOf } from '../testing/story.js';
import { readBinaryReply } from './response-reader.js';
import {
  BINARY_HEAD_BYTES_MAX,
  writeBinaryEmpty,
  writeBinaryError,
  writeBinaryHitHead,
  writeBinaryKeyMiss,
  writeBinaryNumber,
  writeBinaryStat,
  writeBinaryText,
} from './response-writer.js';

const int32 = fc.integer();

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.slice();
}

function read(sent: Uint8Array, end = sent.length): { decoded: Decoded; reply: BinaryReply } {
  const reply = new BinaryReply();
  return { decoded: readBinaryReply(sent, viewOf(sent), 0, end, reply), reply };
}

function valueTextOf(sent: Uint8Array, reply: BinaryReply): string {
  return textOf(sent.subarray(reply.valueStart, reply.valueStart + reply.valueBytes));
}

describe('a binary reply', () => {
  test('of a hit comes back from the reader as it was written', () => {
    const keys = fc.uint8Array({ maxLength: 250 });
    fc.assert(
      fc.property(
        keys,
        fc.uint8Array({ maxLength: 300 }),
        int32,
        int32,
        int32,
        int32,
        (key, value, flags, opaque, low, high) => {
          const sent = written((writer) => {
            writeBinaryHitHead(writer, Opcode.GETK, opaque, flags, key.length, value.length, low, high);
            writer.copyShort(key, viewOf(key), 0, key.length);
            writer.ensure(value.length);
            writer.bytesOf(value);
          });
          for (let end = 0; end < sent.length; end++) expect(read(sent, end).decoded).toBe(Decoded.NEED_MORE);
          const { decoded, reply } = read(sent);
          expect(decoded).toBe(Decoded.READY);
          expect(reply).toMatchObject({
            opcode: Opcode.GETK,
            status: 0,
            opaque,
            clientFlags: flags,
            casLow: low,
            casHigh: high,
          });
          expect(sent.subarray(reply.keyStart, reply.keyEnd)).toEqual(key);
          expect(sent.subarray(reply.valueStart, reply.next)).toEqual(value);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('with a key of full length needs the room that its bound says', () => {
    const writer = new ByteWriter(BINARY_HEAD_BYTES_MAX);
    const key = new Uint8Array(KEY_BYTES_MAX).fill(107);
    writeBinaryHitHead(writer, Opcode.GETK, 0, 0, KEY_BYTES_MAX, 0, 0, 0);
    writer.copyShort(key, viewOf(key), 0, KEY_BYTES_MAX);
    expect(read(writer.slice()).decoded).toBe(Decoded.READY);
    expect(writer.bytes).toHaveLength(BINARY_HEAD_BYTES_MAX);
  });

  test('has the bytes that memcached sends', () => {
    const sent = written((writer) => {
      writeBinaryError(writer, Opcode.GET, BinaryStatus.KEY_NOT_FOUND, 7, 0, 0);
      writeBinaryEmpty(writer, Opcode.SET, 0x01020304, 9, 0);
      writeBinaryNumber(writer, Opcode.INCREMENT, 1, 5, 1, 0, 2);
    });
    expect(textOf(sent.subarray(0, 33))).toBe(`\x81\0\0\0\0\0\0\x01\0\0\0\x09\0\0\0\x07\0\0\0\0\0\0\0\0Not found`);
    expect(textOf(sent.subarray(33, 57))).toBe('\x81\x01\0\0\0\0\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0\0\0\0\x09');
    expect(textOf(sent.subarray(57))).toBe(
      '\x81\x05\0\0\0\0\0\0\0\0\0\x08\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\x05',
    );
  });

  test('names what went wrong, in other words where those of the status do not do', () => {
    const sent = written((writer) =>
      writeBinaryError(writer, Opcode.SET, BinaryStatus.NO_MEMORY, 0, 0, 0, BINARY_NO_MEMORY_ITEM),
    );
    const { reply } = read(sent);
    expect([reply.status, valueTextOf(sent, reply)]).toEqual([0x82, 'Out of memory allocating item']);
  });

  test('of a miss that returns the key, of version and of stat', () => {
    const key = bytesOf('abcdefghi');
    const miss = written((writer) => writeBinaryKeyMiss(writer, Opcode.GETKQ, 3, key, viewOf(key), 1, 8));
    expect(textOf(miss.subarray(24))).toBe('bcdefgh');
    expect(read(miss).reply).toMatchObject({ status: 1, keyStart: 24, keyEnd: 31, valueBytes: 0 });
    const version = written((writer) => writeBinaryText(writer, Opcode.VERSION, 0, BINARY_VERSION));
    expect(valueTextOf(version, read(version).reply)).toBe('1.6.45');
    const stat = written((writer) => writeBinaryStat(writer, 5, 'pid', 12));
    expect(textOf(stat.subarray(24))).toBe('pid12');
    expect(read(stat).reply).toMatchObject({ opcode: Opcode.STAT, opaque: 5, keyEnd: 27, valueBytes: 2 });
  });

  test('is broken with another magic, or a key longer than the body', () => {
    const good = written((writer) => writeBinaryEmpty(writer, Opcode.NOOP, 0, 0, 0));
    expect(read(Uint8Array.from(good).fill(0x80, 0, 1)).decoded).toBe(Decoded.CLOSE);
    expect(read(Uint8Array.from(good).fill(1, 3, 4)).decoded).toBe(Decoded.CLOSE);
  });
});
