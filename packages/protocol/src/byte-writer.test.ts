import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteWriter } from './byte-writer.js';
import { bytesOf, textOf } from './testing/story.js';

describe('a byte writer', () => {
  test('keeps what it holds when it grows', () => {
    const writer = new ByteWriter(4);
    writer.bytesOf(bytesOf('abcd'));
    writer.ensure(1000);
    writer.byte(101);
    expect(textOf(writer.slice())).toBe('abcde');
    expect(writer.view.getUint8(4)).toBe(101);
  });

  test('stays where it is while there is room', () => {
    const writer = new ByteWriter(16);
    const { bytes } = writer;
    writer.ensure(16);
    expect(writer.bytes).toBe(bytes);
    writer.ensure(17);
    expect(writer.bytes).not.toBe(bytes);
  });

  test('grows from nothing', () => {
    const writer = new ByteWriter(0);
    writer.text('hello');
    expect(textOf(writer.slice())).toBe('hello');
  });

  test('forgets what was written after a mark', () => {
    const writer = new ByteWriter(16);
    writer.text('keep');
    const mark = writer.at;
    writer.text('drop');
    writer.at = mark;
    writer.crlf();
    expect(textOf(writer.slice())).toBe('keep\r\n');
  });

  test('copies ranges of any length and nothing around them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 60 }), fc.nat({ max: 60 }), (source, a, b) => {
        const [start, end] = [Math.min(a, b, source.length), Math.min(Math.max(a, b), source.length)];
        const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
        const writer = new ByteWriter(200);
        writer.bytes.fill(7);
        writer.byte(1);
        writer.copyShort(source, view, start, end);
        writer.copy(source, start, end);
        expect(writer.slice(1)).toEqual(Uint8Array.from([...source.slice(start, end), ...source.slice(start, end)]));
        expect(writer.bytes[writer.at]).toBe(7);
      }),
    );
  });

  test('writes numbers in network order and in decimal', () => {
    const writer = new ByteWriter(64);
    writer.uint16be(0x0102);
    writer.uint32be(0xfffffffe);
    writer.uint64be(3, 4);
    expect([...writer.slice()]).toEqual([1, 2, 255, 255, 255, 254, 0, 0, 0, 4, 0, 0, 0, 3]);
    writer.at = 0;
    writer.decimal(Number.MAX_SAFE_INTEGER);
    writer.decimal64(-1, -1);
    expect(textOf(writer.slice())).toBe('900719925474099118446744073709551615');
  });
});
