import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { countExtras, singleExtra, storeExtras, writeBinaryRequest } from './binary/request-writer.js';
import { ByteWriter } from './byte-writer.js';
import { writeMetaRequest, writeMetaSetRequest } from './meta/request-writer.js';
import { Opcode } from './opcode.js';
import { Dialect } from './request.js';
import { hear } from './testing/receiver.js';
import { decimal, textOf } from './testing/story.js';
import {
  writeCountRequest,
  writeDeleteRequest,
  writeGetAndTouchRequest,
  writeGetRequest,
  writeLine,
  writeStoreRequest,
  writeTouchRequest,
} from './text/request-writer.js';

const int32 = fc.integer();
const uint32 = fc.nat({ max: 0xffff_ffff });
const anyKey = fc.uint8Array({ minLength: 1, maxLength: 186 });
const value = fc.uint8Array({ maxLength: 100 });
/** A key that a text line can hold; control characters other than line ends may stand in it. */
const key = fc
  .uint8Array({ minLength: 1, maxLength: 250 })
  .map((bytes) => bytes.map((byte) => (byte === 32 || byte === 10 || byte === 13 ? byte + 50 : byte)));

function heardOf(write: (writer: ByteWriter) => void, dialect: number = Dialect.TEXT): string[] {
  const writer = new ByteWriter(1);
  write(writer);
  return hear(writer.slice(), { dialect });
}

function quoted(bytes: Uint8Array, end = '\r\n'): string {
  return JSON.stringify(textOf(bytes) + end);
}

describe('a text request comes back from the decoder as it was written:', () => {
  test('get, gets, gat, gats', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 20 }), int32, (keys, exptime) => {
        const words = keys.map(textOf).join(' ');
        expect(heardOf((writer) => writeGetRequest(writer, 'gets', keys))).toEqual([`GETS ${words}`]);
        expect(heardOf((writer) => writeGetRequest(writer, 'get', keys))).toEqual([`GET ${words}`]);
        expect(heardOf((writer) => writeGetAndTouchRequest(writer, 'gat', exptime, keys.slice(0, 1)))).toEqual([
          `GAT ${exptime} ${textOf(keys[0])}`,
        ]);
      }),
    );
  });

  test('set, add, replace, append, prepend, cas', () => {
    const name = fc.constantFrom('set', 'add', 'replace', 'append', 'prepend', 'cas');
    const options = fc.record({
      clientFlags: uint32,
      exptime: int32,
      casLow: int32,
      casHigh: int32,
      noreply: fc.boolean(),
    });
    fc.assert(
      fc.property(name, key, value, options, (verb, k, block, sent) => {
        const words = [verb.toUpperCase(), textOf(k), sent.clientFlags, sent.exptime, quoted(block)];
        if (verb === 'cas') words.push(decimal(sent.casLow, sent.casHigh));
        if (sent.noreply) words.push('quiet');
        expect(heardOf((writer) => writeStoreRequest(writer, verb, k, block, sent))).toEqual([words.join(' ')]);
      }),
    );
  });

  test('delete, incr, decr, touch and other lines', () => {
    fc.assert(
      fc.property(key, int32, int32, int32, fc.boolean(), (k, low, high, exptime, noreply) => {
        const quiet = noreply ? ' quiet' : '';
        const word = textOf(k);
        expect(heardOf((writer) => writeDeleteRequest(writer, k, noreply))).toEqual([`DELETE ${word}${quiet}`]);
        expect(heardOf((writer) => writeTouchRequest(writer, k, exptime, noreply))).toEqual([
          `TOUCH ${word} ${exptime}${quiet}`,
        ]);
        expect(heardOf((writer) => writeCountRequest(writer, 'decr', k, low, high, noreply))).toEqual([
          `DECR ${word} ${decimal(low, high)}${quiet}`,
        ]);
      }),
    );
    expect(heardOf((writer) => writeLine(writer, 'stats settings'))).toEqual(['STATS settings']);
  });
});

describe('a meta request comes back from the decoder as it was written:', () => {
  test('mg, md and ma with a plain key', () => {
    const flags = fc.uniqueArray(fc.constantFrom('v', 't', 'k', 's', 'T30', 'N5', 'Oabc', 'C18446744073709551615'));
    fc.assert(
      fc.property(key, flags, (k, words) => {
        const story = [textOf(k), ...words].join(' ');
        expect(heardOf((writer) => writeMetaRequest(writer, 'mg', k, words))).toEqual([`META_GET ${story}`]);
        expect(heardOf((writer) => writeMetaRequest(writer, 'md', k, words))).toEqual([`META_DELETE ${story}`]);
      }),
    );
  });

  test('ms and mg with a key of any bytes, as base64', () => {
    fc.assert(
      fc.property(anyKey, value, (k, block) => {
        expect(heardOf((writer) => writeMetaSetRequest(writer, k, block, ['F7'], true))).toEqual([
          `META_SET b:${textOf(k)} ${quoted(block)} mode0 b F7`,
        ]);
        expect(heardOf((writer) => writeMetaRequest(writer, 'mg', k, ['v'], true))).toEqual([
          `META_GET b:${textOf(k)} b v`,
        ]);
      }),
    );
  });
});

test('a base64 key of any length fits the room that is made for it', () => {
  for (let length = 1; length <= 186; length++) {
    const k = new Uint8Array(length).fill(107);
    expect(heardOf((writer) => writeMetaRequest(writer, 'mg', k, [], true))).toEqual([`META_GET b:${textOf(k)} b`]);
  }
});

test('a value of any length fits the room that is made for it', () => {
  for (let length = 0; length <= 300; length++) {
    const block = new Uint8Array(length).fill(120);
    const k = Uint8Array.of(97);
    expect(heardOf((writer) => writeStoreRequest(writer, 'set', k, block))).toEqual([`SET a 0 0 ${quoted(block)}`]);
    expect(heardOf((writer) => writeMetaSetRequest(writer, k, block))).toEqual([`META_SET a ${quoted(block)} mode0`]);
  }
});

test('client flags may be given as the int32 that replies hold', () => {
  const sent = Uint8Array.of(97);
  expect(heardOf((writer) => writeStoreRequest(writer, 'set', sent, sent, { clientFlags: -1 }))).toEqual([
    'SET a 4294967295 0 "a\\r\\n"',
  ]);
});

describe('a binary request comes back from the decoder as it was written:', () => {
  test('set, increment, touch and noop in one stream', () => {
    const numbers = fc.record({ a: int32, b: int32, c: int32, d: int32, exptime: fc.nat(), opaque: int32 });
    fc.assert(
      fc.property(anyKey, value, uint32, numbers, (k, block, flags, { a, b, c, d, exptime, opaque }) => {
        const tail = `opaque ${opaque} cas ${decimal(a, b)}`;
        const sent = { key: k, opaque, casLow: a, casHigh: b };
        const heard = heardOf((writer) => {
          writeBinaryRequest(writer, Opcode.SET, { ...sent, value: block, extras: storeExtras(flags, exptime) });
          const extras = countExtras({ low: a, high: b }, { low: c, high: d }, exptime);
          writeBinaryRequest(writer, Opcode.INCREMENTQ, { ...sent, extras });
          writeBinaryRequest(writer, Opcode.TOUCH, { ...sent, extras: singleExtra(exptime) });
          writeBinaryRequest(writer, Opcode.NOOP);
        }, Dialect.BINARY);
        expect(heard).toEqual([
          `SET 0x1 ${textOf(k)} ${flags} ${exptime} ${quoted(block, '')} ${tail}`,
          `INCR 0x15 ${textOf(k)} ${decimal(a, b)} ${decimal(c, d)} ${exptime} ${tail} quiet`,
          `TOUCH 0x1c ${textOf(k)} ${exptime} ${tail}`,
          'NOOP 0xa  opaque 0 cas 0',
        ]);
      }),
    );
  });
});
