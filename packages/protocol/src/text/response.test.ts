import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteWriter } from '../byte-writer.js';
import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX } from '../limits.js';
import { ReplyKind, TextReply } from '../reply.js';
import { makeSpelling } from '../spelling.js';
import { Status } from '../status.js';
import { bytesOf, decimal, textOf } from '../testing/story.js';
import { readTextReply } from './response-reader.js';
import { writeConfig, writeNumberLine, writeStat, writeStatus } from './response-writer.js';
import { makeValueLines, VALUE_LINE_BYTES_MAX } from './value-lines.js';

const uint32 = fc.nat({ max: 0xffff_ffff });
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const key = fc
  .uint8Array({ minLength: 1, maxLength: 250 })
  .map((bytes) => bytes.map((byte) => (byte <= 32 ? byte + 33 : byte)));

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads replies until the bytes end; the last word says why it stopped. */
function readAll(bytes: Uint8Array): { kinds: string[]; last: TextReply } {
  const names = Object.keys(ReplyKind);
  const kinds: string[] = [];
  const last = new TextReply();
  for (let at = 0; at < bytes.length; at = last.next) {
    const decoded = readTextReply(bytes, viewOf(bytes), at, bytes.length, last);
    if (decoded !== Decoded.READY) return { kinds: [...kinds, decoded === Decoded.CLOSE ? 'broken' : 'more'], last };
    kinds.push(names[last.kind]);
  }
  return { kinds, last };
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.slice();
}

interface Line {
  readonly key: Uint8Array;
  readonly flags: number;
  readonly valueBytes: number;
  readonly cas?: readonly [low: number, high: number];
}

const lineInput = new Uint8Array(KEY_BYTES_MAX + 3);
const lineOutput = new Uint8Array(VALUE_LINE_BYTES_MAX + 5);
const lineMemory = {
  input: lineInput,
  inputView: viewOf(lineInput),
  output: lineOutput,
  outputView: viewOf(lineOutput),
};
const lines = makeValueLines(lineMemory, makeSpelling(lineMemory));

/** Its bytes, from and to places that are not aligned. */
function valueLine({ key, flags, valueBytes, cas }: Line): Uint8Array {
  lineInput.set(key, 3);
  const end = 3 + key.length;
  return cas === undefined
    ? lineOutput.slice(5, lines.put(5, 3, end, flags, valueBytes))
    : lineOutput.slice(5, lines.putWithCas(5, 3, end, flags, valueBytes, cas[0], cas[1]));
}

describe('a VALUE line', () => {
  test('comes back from the reader as it was written', () => {
    fc.assert(
      fc.property(
        key,
        uint32,
        fc.uint8Array({ maxLength: 300 }),
        int32,
        int32,
        fc.boolean(),
        (k, flags, value, low, high, hasCas) => {
          const sent = written((writer) => {
            const line = { key: k, flags: flags | 0, valueBytes: value.length };
            writer.ensure(VALUE_LINE_BYTES_MAX + value.length + 2);
            writer.bytesOf(valueLine(hasCas ? { ...line, cas: [low, high] } : line));
            writer.bytesOf(value);
            writer.crlf();
          });
          const reply = new TextReply();
          expect(readTextReply(sent, viewOf(sent), 0, sent.length, reply)).toBe(Decoded.READY);
          expect(reply.kind).toBe(ReplyKind.VALUE);
          expect(sent.subarray(reply.keyStart, reply.keyEnd)).toEqual(k);
          expect(sent.subarray(reply.valueStart, reply.valueStart + reply.valueBytes)).toEqual(value);
          expect(reply.clientFlags >>> 0).toBe(flags);
          expect(reply.hasCas).toBe(hasCas);
          if (hasCas) expect([reply.low, reply.high]).toEqual([low, high]);
          expect(reply.next).toBe(sent.length);
        },
      ),
    );
  });

  test('of the longest words fills its bound exactly', () => {
    const longest = new Uint8Array(KEY_BYTES_MAX).fill(107);
    const line = valueLine({ key: longest, flags: -1, valueBytes: 0x7fff_ffff, cas: [-1, -1] });
    expect(line).toHaveLength(VALUE_LINE_BYTES_MAX);
  });

  test('is spelled as memcached spells it', () => {
    const source = bytesOf('get foo\r\n');
    const key = source.subarray(4, 7);
    const spelled = (flags: number, valueBytes: number) => textOf(valueLine({ key, flags, valueBytes }));
    expect(spelled(-1, 5)).toBe('VALUE foo 4294967295 5\r\n');
    expect([0, 9, 10, 99, 100, 999, 1000, 1_048_576].map((number) => spelled(number, number))).toEqual(
      [0, 9, 10, 99, 100, 999, 1000, 1_048_576].map((number) => `VALUE foo ${number} ${number}\r\n`),
    );
    const withCas = valueLine({ key, flags: 0, valueBytes: 0, cas: [-1, -1] });
    expect(textOf(withCas)).toBe('VALUE foo 0 0 18446744073709551615\r\n');
  });

  test('needs its whole block, and says where it ends', () => {
    const sent = bytesOf('VALUE a 0 5\r\nabc');
    const reply = new TextReply();
    expect(readTextReply(sent, viewOf(sent), 0, sent.length, reply)).toBe(Decoded.NEED_MORE);
    expect(reply.next).toBe(13 + 5 + 2);
  });
});

describe('the other text replies', () => {
  test('are told apart', () => {
    const words = 'END,STORED,NOT_STORED,EXISTS,NOT_FOUND,DELETED,TOUCHED,OK,RESET,ERROR'.split(',');
    expect(readAll(bytesOf(`${words.join('\r\n')}\r\n`)).kinds).toEqual(words);
    const lines = 'CLIENT_ERROR bad data chunk\r\nSERVER_ERROR out of memory\r\nERROR Too many open connections\r\n';
    expect(readAll(bytesOf(lines)).kinds).toEqual(['CLIENT_ERROR', 'SERVER_ERROR', 'ERROR']);
    expect(readAll(bytesOf('HD k O1\r\nEN\r\nNF\r\nNS\r\nEX\r\nMN\r\nME a exp=-1\r\n')).kinds).toEqual([
      'META_HIT',
      'META_MISS',
      'META_NOT_FOUND',
      'META_NOT_STORED',
      'META_EXISTS',
      'META_NOOP',
      'META_DEBUG',
    ]);
    expect(readAll(bytesOf('key=a exp=-1 \nBUSY now\r\nSERVER_ERROR: shutdown\r\n')).kinds).toEqual([
      'OTHER',
      'OTHER',
      'OTHER',
    ]);
  });

  test('carry what they say', () => {
    const { last } = readAll(bytesOf('STAT curr_items 12 and more\r\n'));
    const line = bytesOf('STAT curr_items 12 and more\r\n');
    expect(textOf(line.subarray(last.keyStart, last.keyEnd))).toBe('curr_items');
    expect(textOf(line.subarray(last.valueStart, last.valueStart + last.valueBytes))).toBe('12 and more');
    const version = bytesOf('VERSION 1.6.45\r\n');
    const told = readAll(version).last;
    expect(textOf(version.subarray(told.valueStart, told.valueStart + told.valueBytes))).toBe('1.6.45');
  });

  test('of incr come back as they were written', () => {
    fc.assert(
      fc.property(int32, int32, (low, high) => {
        const sent = written((writer) => writeNumberLine(writer, low, high));
        expect(textOf(sent)).toBe(`${decimal(low, high)}\r\n`);
        const { kinds, last } = readAll(sent);
        expect([kinds, last.low, last.high]).toEqual([['NUMBER'], low, high]);
      }),
    );
  });

  test.each([
    'VALUE\r\n',
    'VALUE a\r\n',
    'VALUE a x 1\r\n',
    'VALUE a 0 x\r\n',
    'VALUE a 0 1 x\r\n',
    'VA\r\n',
    'VALUE a 0 1\r\nabc',
    '12x\r\n',
    'VALUE a 0 4294967295\r\n',
  ])('do not include %j', (text) => {
    expect(readAll(bytesOf(text)).kinds).toEqual(['broken']);
  });

  test('are awaited to their line end', () => {
    expect(readAll(bytesOf('\n')).kinds).toEqual(['OTHER']);
    expect(readAll(bytesOf('STORE')).kinds).toEqual(['more']);
  });

  test('never make the reader throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('VALUE', 'CONFIG', 'VA', ' ', 'a', '1', '99999999999', '\r', '\n', '\r\n', 'STAT')),
        (words) => {
          readAll(bytesOf(words.join('')));
        },
      ),
    );
  });
});

describe('the writers of text replies', () => {
  test('write statuses, statistics and configurations', () => {
    expect(textOf(written((writer) => writeStatus(writer, Status.STORED)))).toBe('STORED\r\n');
    expect(textOf(written((writer) => writeStatus(writer, Status.NONE)))).toBe('');
    expect(textOf(written((writer) => writeStat(writer, 'threads', 4)))).toBe('STAT threads 4\r\n');
    const config = written((writer) => writeConfig(writer, bytesOf('cluster'), 0, bytesOf('1\na|1.2.3.4|1\n')));
    expect(textOf(config)).toBe('CONFIG cluster 0 14\r\n1\na|1.2.3.4|1\n\r\nEND\r\n');
    expect(readAll(config).kinds).toEqual(['CONFIG', 'END']);
  });
});
