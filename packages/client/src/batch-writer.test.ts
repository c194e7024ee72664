/** Requests as bytes: every kind of key and value. */
import { describe, expect, test } from '@jest/globals';
import { BatchWriter } from './batch-writer.js';
import { type Key, Op, Request, Verb } from './request.js';

function get(key: Key): Request {
  return new Request(Op.GET, 'get', Verb.MG, key, ' v f', null, null);
}

function set(key: Key, value: Key, suffix = ''): Request {
  return new Request(Op.SET, 'set', Verb.MS, key, suffix, value, null);
}

function written(...requests: Request[]): string {
  const writer = new BatchWriter(5000);
  for (const request of requests) writer.write(request);
  return writer.take().toString('latin1');
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('a batch writer', () => {
  test.each([
    ['plain key', 'mg plain v f\r\n'],
    ['ünï', `mg ${latin1('ünï')} v f\r\n`],
    ['a b', 'mg YSBi v f b\r\n'],
    ['tab\t', 'mg dGFiCQ== v f b\r\n'],
    ['\x7f', 'mg fw== v f b\r\n'],
  ])('writes the key %j', (key, line) => {
    expect(written(get(key === 'plain key' ? 'plain' : key))).toBe(line);
  });

  test('writes keys of bytes as they are', () => {
    expect(written(get(Buffer.from([0xff, 0x80])))).toBe('mg \xff\x80 v f\r\n');
  });

  test('takes keys of 250 bytes, and of 186 when they need base64', () => {
    expect(written(get('k'.repeat(250)))).toHaveLength(250 + 9);
    expect(written(get(' '.repeat(186)))).toHaveLength(248 + 11);
    const refused = ['k'.repeat(251), ' '.repeat(187), 'ü'.repeat(126), '', 5 as unknown as string];
    for (const key of refused) expect(() => written(get(key))).toThrow(expect.objectContaining({ code: 'BAD_KEY' }));
  });

  test.each([
    ['short', 'ms k 5 F2 T9\r\nshort\r\n'],
    ['', 'ms k 0 F2 T9\r\n\r\n'],
    ['ü', 'ms k 2 F2 T9\r\n\xc3\xbc\r\n'],
    ['l'.repeat(1000), `ms k 1000 F2 T9\r\n${'l'.repeat(1000)}\r\n`],
    ['ü'.repeat(1000), `ms k 2000 F2 T9\r\n${'\xc3\xbc'.repeat(1000)}\r\n`],
  ])('writes the value %j', (value, bytes) => {
    expect(written(set('k', value, ' F2 T9'))).toBe(bytes);
  });

  test('writes values of bytes', () => {
    expect(written(set('k', Buffer.from([13, 10, 0, 255])))).toBe('ms k 4\r\n\r\n\x00\xff\r\n');
  });

  test('leaves nothing of a request that it refuses', () => {
    const writer = new BatchWriter(10);
    writer.write(get('a'));
    expect(() => writer.write(set('b', 'x'.repeat(11)))).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }));
    const many = new Request(Op.GET_MANY, 'getMany', Verb.MG, '', ' v f', null, null);
    many.keys = ['c', ''];
    expect(() => writer.write(many)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }));
    writer.write(get('d'));
    expect(writer.take().toString()).toBe('mg a v f\r\nmg d v f\r\n');
  });

  test('grows for what it is given, and keeps apart what the socket still reads', () => {
    const writer = new BatchWriter(10_000_000);
    writer.write(set('k', 'x'.repeat(3_000_000)));
    const taken = writer.take();
    writer.keep();
    writer.write(get('a'));
    expect(taken.subarray(0, 20).toString()).toBe('ms k 3000000\r\nxxxxxx');
    expect(writer.take().toString()).toBe('mg a v f\r\n');
    writer.reuse();
    expect(writer.at).toBe(0);
  });
});
