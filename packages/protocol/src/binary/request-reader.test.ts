import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { BINARY_BODY_BYTES_MAX, BINARY_HEADER_BYTES, BINARY_HELD_BYTES_MAX } from '../limits.js';
import { Opcode } from '../opcode.js';
import { Dialect } from '../request.js';
import { type Hearing, hear } from '../testing/receiver.js';
import { misheardAmongOthers, misheardInTwoParts, type Row } from '../testing/rows.js';
import { bytesOf } from '../testing/story.js';

/** What a frame says about itself where that differs from what it holds. */
interface Frame {
  readonly key?: string;
  readonly extras?: readonly number[];
  readonly value?: string;
  readonly magic?: number;
  readonly keyBytes?: number;
  readonly extrasBytes?: number;
  readonly bodyBytes?: number;
}

const OPAQUE = 0x01020304;
const FOUR = [0, 0, 0, 9];
const EIGHT = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 60];
const TWENTY = [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 30];

function frame(opcode: number, { key = '', extras = [], value = '', ...said }: Frame = {}): Uint8Array {
  const body = [...extras, ...bytesOf(key), ...bytesOf(value)];
  const bytes = new Uint8Array(BINARY_HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = said.magic ?? 0x80;
  bytes[1] = opcode;
  view.setUint16(2, said.keyBytes ?? key.length);
  bytes[4] = said.extrasBytes ?? extras.length;
  view.setUint32(8, said.bodyBytes ?? body.length);
  view.setUint32(12, OPAQUE);
  view.setUint32(20, 7);
  bytes.set(body, BINARY_HEADER_BYTES);
  return bytes;
}

function join(...frames: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((bytes) => [...bytes]));
}

function hearBinary(sent: Uint8Array, hearing: Hearing = {}): string[] {
  return hear(sent, { ...hearing, dialect: Dialect.BINARY });
}

const TAIL = `opaque ${OPAQUE} cas 7`;
const INVALID = ['Invalid arguments', '(close)'];

const GOOD: readonly (readonly [name: string, sent: Uint8Array, heard: string])[] = [
  ['get', frame(Opcode.GET, { key: 'a' }), `GET 0x0 a ${TAIL}`],
  ['getq', frame(Opcode.GETQ, { key: 'a' }), `GET 0x9 a ${TAIL} quiet`],
  ['getk', frame(Opcode.GETK, { key: 'a' }), `GETK 0xc a ${TAIL}`],
  ['getkq', frame(Opcode.GETKQ, { key: 'a' }), `GETK 0xd a ${TAIL} quiet`],
  ['set', frame(Opcode.SET, { key: 'a', extras: EIGHT, value: 'xy' }), `SET 0x1 a 4294967295 60 "xy" ${TAIL}`],
  ['setq', frame(Opcode.SETQ, { key: 'a', extras: EIGHT }), `SET 0x11 a 4294967295 60 "" ${TAIL} quiet`],
  ['add', frame(Opcode.ADD, { key: 'a', extras: EIGHT, value: 'x' }), `ADD 0x2 a 4294967295 60 "x" ${TAIL}`],
  ['addq', frame(Opcode.ADDQ, { key: 'a', extras: EIGHT }), `ADD 0x12 a 4294967295 60 "" ${TAIL} quiet`],
  ['replace', frame(Opcode.REPLACE, { key: 'a', extras: EIGHT }), `REPLACE 0x3 a 4294967295 60 "" ${TAIL}`],
  ['replaceq', frame(Opcode.REPLACEQ, { key: 'a', extras: EIGHT }), `REPLACE 0x13 a 4294967295 60 "" ${TAIL} quiet`],
  ['delete', frame(Opcode.DELETE, { key: 'a' }), `DELETE 0x4 a ${TAIL}`],
  ['deleteq', frame(Opcode.DELETEQ, { key: 'a' }), `DELETE 0x14 a ${TAIL} quiet`],
  ['increment', frame(Opcode.INCREMENT, { key: 'a', extras: TWENTY }), `INCR 0x5 a 5 4294967296 30 ${TAIL}`],
  ['incrementq', frame(Opcode.INCREMENTQ, { key: 'a', extras: TWENTY }), `INCR 0x15 a 5 4294967296 30 ${TAIL} quiet`],
  [
    'decrement that creates nothing',
    frame(Opcode.DECREMENT, { key: 'a', extras: [...TWENTY.slice(0, 16), 255, 255, 255, 255] }),
    `DECR 0x6 a 5 4294967296 never ${TAIL}`,
  ],
  ['decrementq', frame(Opcode.DECREMENTQ, { key: 'a', extras: TWENTY }), `DECR 0x16 a 5 4294967296 30 ${TAIL} quiet`],
  ['append', frame(Opcode.APPEND, { key: 'a', value: 'x' }), `APPEND 0xe a "x" ${TAIL}`],
  ['appendq', frame(Opcode.APPENDQ, { key: 'a', value: 'x' }), `APPEND 0x19 a "x" ${TAIL} quiet`],
  ['prepend', frame(Opcode.PREPEND, { key: 'a' }), `PREPEND 0xf a "" ${TAIL}`],
  ['prependq', frame(Opcode.PREPENDQ, { key: 'a', value: 'x' }), `PREPEND 0x1a a "x" ${TAIL} quiet`],
  ['quit', frame(Opcode.QUIT), `QUIT 0x7  ${TAIL}`],
  ['quitq', frame(Opcode.QUITQ), `QUIT 0x17  ${TAIL} quiet`],
  ['flush', frame(Opcode.FLUSH), `FLUSH_ALL 0x8  0 ${TAIL}`],
  ['flush with a delay', frame(Opcode.FLUSH, { extras: FOUR }), `FLUSH_ALL 0x8  9 ${TAIL}`],
  ['flushq', frame(Opcode.FLUSHQ), `FLUSH_ALL 0x18  0 ${TAIL} quiet`],
  ['noop', frame(Opcode.NOOP), `NOOP 0xa  ${TAIL}`],
  ['version', frame(Opcode.VERSION), `VERSION 0xb  ${TAIL}`],
  ['stat', frame(Opcode.STAT), `STATS 0x10  ${TAIL}`],
  ['stat of something', frame(Opcode.STAT, { key: 'settings' }), `STATS 0x10 settings ${TAIL}`],
  ['verbosity', frame(Opcode.VERBOSITY, { extras: FOUR }), `VERBOSITY 0x1b  9 ${TAIL}`],
  ['touch', frame(Opcode.TOUCH, { key: 'a', extras: FOUR }), `TOUCH 0x1c a 9 ${TAIL}`],
  ['gat', frame(Opcode.GAT, { key: 'a', extras: FOUR }), `GAT 0x1d a 9 ${TAIL}`],
  ['gatq', frame(Opcode.GATQ, { key: 'a', extras: FOUR }), `GAT 0x1e a 9 ${TAIL} quiet`],
  ['gatk', frame(Opcode.GATK, { key: 'a', extras: FOUR }), `GATK 0x23 a 9 ${TAIL}`],
  ['gatkq', frame(Opcode.GATKQ, { key: 'a', extras: FOUR }), `GATK 0x24 a 9 ${TAIL} quiet`],
  ['config get', frame(Opcode.CONFIG_GET, { key: 'cluster' }), `CONFIG_GET 0x60 cluster ${TAIL}`],
  ['config get without a key', frame(Opcode.CONFIG_GET), `CONFIG_GET 0x60  ${TAIL}`],
  ['config getq', frame(Opcode.CONFIG_GETQ, { key: 'c' }), `CONFIG_GET 0x61 c ${TAIL} quiet`],
  ['config getk', frame(Opcode.CONFIG_GETK, { key: 'c' }), `CONFIG_GETK 0x62 c ${TAIL}`],
  ['config getkq', frame(Opcode.CONFIG_GETKQ, { key: 'c' }), `CONFIG_GETK 0x63 c ${TAIL} quiet`],
  [
    'config set',
    frame(Opcode.CONFIG_SET, { key: 'c', extras: FOUR, value: '1\n' }),
    `CONFIG_SET 0x64 c 9 "1\\n" ${TAIL}`,
  ],
  ['config setq', frame(Opcode.CONFIG_SETQ, { key: 'c', extras: FOUR }), `CONFIG_SET 0x65 c 9 "" ${TAIL} quiet`],
  ['config delete', frame(Opcode.CONFIG_DELETE, { key: 'c' }), `CONFIG_DELETE 0x66 c ${TAIL}`],
  ['config deleteq', frame(Opcode.CONFIG_DELETEQ, { key: 'c' }), `CONFIG_DELETE 0x67 c ${TAIL} quiet`],
  ['config list', frame(Opcode.CONFIG_LIST), `CONFIG_LIST 0x68  ${TAIL}`],
];

const BAD: readonly (readonly [name: string, sent: Uint8Array, heard: readonly string[]])[] = [
  ['a key longer than the body', frame(Opcode.GET, { key: 'abc', bodyBytes: 2 }), ['Unknown command', '(close)']],
  [
    'extras and a key longer than the body',
    frame(Opcode.SET, { key: 'a', extras: EIGHT, bodyBytes: 8 }),
    ['Unknown command', '(close)'],
  ],
  ['a body above 1 GiB', frame(Opcode.SET, { key: 'a', extras: EIGHT, bodyBytes: BINARY_BODY_BYTES_MAX + 1 }), INVALID],
  ['a body of 4 GiB', frame(Opcode.SET, { key: 'a', extras: EIGHT, bodyBytes: 0xffffffff }), INVALID],
  ['a key above 250 bytes', frame(Opcode.GET, { key: 'k'.repeat(251) }), INVALID],
  ['a key above 250 bytes of a command that does not exist', frame(0x50, { key: 'k'.repeat(251) }), INVALID],
  ['get without a key', frame(Opcode.GET), INVALID],
  ['get with extras', frame(Opcode.GET, { key: 'a', extras: FOUR }), INVALID],
  ['get with a value', frame(Opcode.GETK, { key: 'a', value: 'x' }), INVALID],
  ['delete with a value', frame(Opcode.DELETEQ, { key: 'a', value: 'x' }), INVALID],
  ['set without extras', frame(Opcode.SET, { key: 'a', value: 'x' }), INVALID],
  ['set without a key', frame(Opcode.ADDQ, { extras: EIGHT, value: 'x' }), INVALID],
  ['append with extras', frame(Opcode.APPEND, { key: 'a', extras: FOUR }), INVALID],
  ['prepend without a key', frame(Opcode.PREPEND, { value: 'x' }), INVALID],
  ['increment with short extras', frame(Opcode.INCREMENT, { key: 'a', extras: EIGHT }), INVALID],
  ['increment with a value', frame(Opcode.INCREMENT, { key: 'a', extras: TWENTY, value: 'x' }), INVALID],
  ['touch without extras', frame(Opcode.TOUCH, { key: 'a' }), INVALID],
  ['gat without a key', frame(Opcode.GATKQ, { extras: FOUR }), INVALID],
  ['noop with a key', frame(Opcode.NOOP, { key: 'a' }), INVALID],
  ['version with a value', frame(Opcode.VERSION, { value: 'a' }), INVALID],
  ['quit with extras', frame(Opcode.QUITQ, { extras: FOUR }), INVALID],
  ['flush with a key', frame(Opcode.FLUSH, { key: 'a' }), INVALID],
  ['flush with odd extras', frame(Opcode.FLUSH, { extras: EIGHT }), INVALID],
  ['stat with extras', frame(Opcode.STAT, { extras: FOUR }), INVALID],
  ['verbosity without extras', frame(Opcode.VERBOSITY), INVALID],
  ['config get with extras', frame(Opcode.CONFIG_GET, { key: 'c', extras: FOUR }), INVALID],
  ['config set with the extras of set', frame(Opcode.CONFIG_SET, { key: 'c', extras: EIGHT }), INVALID],
  ['config delete without a key', frame(Opcode.CONFIG_DELETE), INVALID],
  ['config list with a key', frame(Opcode.CONFIG_LIST, { key: 'c' }), INVALID],
  ['SASL authentication', frame(Opcode.SASL_AUTH, { key: 'PLAIN', value: 'abc' }), ['Unknown command']],
  ['SASL mechanisms', frame(Opcode.SASL_LIST_MECHS), ['Unknown command']],
  ['SASL mechanisms with a key', frame(Opcode.SASL_LIST_MECHS, { key: 'a' }), INVALID],
  ['a SASL step without a mechanism', frame(Opcode.SASL_STEP, { value: 'a' }), INVALID],
  ['a command that does not exist', frame(0x50, { key: 'a', extras: FOUR, value: 'xyz' }), ['Unknown command']],
  ['the magic of a response', frame(Opcode.NOOP, { magic: 0x81 }), ['(close)']],
  ['text', bytesOf('get abcdefghijklmnopqrstuvwxyz\r\n'), ['(close)']],
];

const ROWS: readonly Row[] = [...GOOD, ...BAD].map(([, sent, heard]) => [sent, [heard].flat()]);

const NOOP_STORY = `NOOP 0xa  ${TAIL}`;

describe('a binary request', () => {
  test.each(GOOD)('%s is read', (_, sent, heard) => {
    expect(hearBinary(join(sent, frame(Opcode.NOOP)))).toEqual([heard, NOOP_STORY]);
  });

  test.each(BAD)('%s is refused', (_, sent, heard) => {
    const next = heard.includes('(close)') ? [] : [NOOP_STORY];
    expect(hearBinary(join(sent, frame(Opcode.NOOP)))).toEqual([...heard, ...next]);
  });

  test('is heard the same when it arrives in two parts, cut anywhere', () => {
    expect(misheardInTwoParts(ROWS, { dialect: Dialect.BINARY })).toEqual([]);
  });

  test('is heard the same whatever lies around it in the buffer', () => {
    expect(misheardAmongOthers(ROWS, { dialect: Dialect.BINARY })).toEqual([]);
  });

  test('leaves a value it does not look for to be taken for the next header, as 1.6.45 does', () => {
    const sent = frame(Opcode.TOUCH, { key: 'a', extras: FOUR, value: 'x'.repeat(24) });
    expect(hearBinary(sent)).toEqual([`TOUCH 0x1c a 9 ${TAIL}`, '(close)']);
  });

  test('whose head does not fit the read buffer of memcached is closed', () => {
    const sent = frame(Opcode.GET, { keyBytes: 65_535, bodyBytes: 65_535, key: 'k'.repeat(20_000) });
    expect(hearBinary(sent.subarray(0, BINARY_HELD_BYTES_MAX - 1))).toEqual(['(more)']);
    expect(hearBinary(sent.subarray(0, BINARY_HELD_BYTES_MAX))).toEqual(['(close)']);
  });

  test('of arbitrary bytes behind a good magic is decoded without an exception and without looking around', () => {
    const bytes = fc.uint8Array({ minLength: 23, maxLength: 300 });
    const small = fc.record({ opcode: fc.nat({ max: 255 }), key: fc.nat({ max: 300 }), extras: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(bytes, small, fc.nat({ max: 300 }), (tail, { opcode, key, extras }, cutAt) => {
        const sent = Uint8Array.from([0x80, ...tail]);
        sent.set([opcode, key >> 8, key & 255, extras], 1);
        sent.set([0, 0], 8);
        const heard = hearBinary(sent, { poison: 0x80 });
        expect(hearBinary(sent, { poison: 0 })).toEqual(heard);
        expect(hearBinary(sent, { poison: 255, cutAt: Math.min(cutAt, sent.length) })).toEqual(heard);
      }),
      { numRuns: 3000 },
    );
  });
});
