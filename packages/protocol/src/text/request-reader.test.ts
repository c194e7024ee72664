import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Decoded } from '../decoded.js';
import { decode } from '../decoder.js';
import { GET_LINE_HELD_BYTES_MAX, INPUT_SCRATCH_BYTES } from '../limits.js';
import { Dialect, Request } from '../request.js';
import { hear } from '../testing/receiver.js';
import { misheardAmongOthers, misheardBehindAnother, misheardInTwoParts } from '../testing/rows.js';
import { bytesOf } from '../testing/story.js';

const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
const KEY_250 = 'k'.repeat(250);
const KEY_251 = 'k'.repeat(251);

/** What is sent, and what is heard. Where replies.md has the same bytes, its answer is the one here. */
type Row = readonly [sent: string, heard: readonly string[]];

const RETRIEVAL: readonly Row[] = [
  ['get\r\n', [BAD_FORMAT]],
  ['get \r\n', [BAD_FORMAT]],
  ['get a\r\n', ['GET a']],
  ['get a\n', ['GET a']],
  ['get a \r\n', ['GET a']],
  ['get  a   b\r\n', ['GET a b']],
  ['get a b\n', ['GET a b']],
  ['get a b c\r\nget d\r\n', ['GET a b c', 'GET d']],
  ['get a\r\r\n', ['GET a\r']],
  ['get a\rb\tc\r\n', ['GET a\rb\tc']],
  ['get \xff\x00\r\n', ['GET \xff\x00']],
  ['get noreply\r\n', ['GET noreply']],
  ['gets\r\n', [BAD_FORMAT]],
  ['gets a b\r\n', ['GETS a b']],
  [`get ${KEY_250}\r\n`, [`GET ${KEY_250}`]],
  [`get ${KEY_251}\r\n`, [`${BAD_FORMAT}\r\n`]],
  [`get a ${KEY_251}\r\n`, ['GET a (too long)']],
  [`get ${KEY_251} noreply\r\n`, ['']],
  ['gat\r\n', [BAD_FORMAT]],
  ['gat 1\r\n', [BAD_FORMAT]],
  ['gat 1 a\r\n', ['GAT 1 a']],
  ['gat x a\r\n', ['CLIENT_ERROR invalid exptime argument']],
  ['gat - a\r\n', ['GAT 0 a']],
  ['gat -2147483648 a b\r\n', ['GAT -2147483648 a b']],
  ['gat -2147483649 a\r\n', ['CLIENT_ERROR invalid exptime argument']],
  ['gat 2147483648 a\r\n', ['CLIENT_ERROR invalid exptime argument']],
  [`gat x ${KEY_251}\r\n`, ['CLIENT_ERROR invalid exptime argument']],
  [`gat 0 ${KEY_251}\r\n`, [`${BAD_FORMAT}\r\n`]],
  ['gats 0 a\r\n', ['GATS 0 a']],
];

const STORAGE: readonly Row[] = [
  ['set a 0 0\r\n', [BAD_FORMAT]],
  ['set a 0 0 x\r\n', [BAD_FORMAT]],
  ['set a x 0 1\r\n', ['(more)']],
  ['set a 0 x 1\r\n', ['(more)']],
  ['set a x 0 1\r\nq\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set a 0 x 1\r\nq\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set a 0 0 -1\r\n', [BAD_FORMAT]],
  ['set a 0 0 2147483645\r\n', ['(more)']],
  ['set a 0 0 2147483646\r\n', [BAD_FORMAT]],
  ['set a 0 0 4294967295\r\n', [BAD_FORMAT]],
  ['set a 0 0 -\r\n\r\n', ['SET a 0 0 "\\r\\n"']],
  ['set a 0 0 00000000001\r\na\r\n', ['SET a 0 0 "a\\r\\n"']],
  ['set a 0 0 000000000001\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set a 4294967295 0 1\r\na\r\n', ['SET a 4294967295 0 "a\\r\\n"']],
  ['set a 4294967296 0 1\r\na\r\n', ['SET a 0 0 "a\\r\\n"']],
  ['set a 18446744073709551615 0 1\r\na\r\n', ['SET a 4294967295 0 "a\\r\\n"']],
  ['set a 18446744073709551616 0 1\r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set a -18446744073709551615 0 1\r\na\r\n', ['SET a 1 0 "a\\r\\n"']],
  ['set a +5 0 1\r\na\r\n', ['SET a 5 0 "a\\r\\n"']],
  ['set a 5\tx 0 1\r\na\r\n', ['SET a 5 0 "a\\r\\n"']],
  ['set a -1 0 1\r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set a 0 4294967297 1\r\na\r\n', ['SET a 0 1 "a\\r\\n"']],
  ['set a 0 -1 1\r\na\r\nget a\r\n', ['SET a 0 -1 "a\\r\\n"', 'GET a']],
  ['set a 0 0 1 extra\r\na\r\n', ['SET a 0 0 "a\\r\\n"']],
  ['set a 0 0 1 noreply\r\na\r\n', ['SET a 0 0 "a\\r\\n" quiet']],
  ['set a 0 0 1 noreply\na\r\n', ['SET a 0 0 "a\\r\\n" quiet']],
  ['set a 0 0 1 noreply extra\r\na\r\n', ['SET a 0 0 "a\\r\\n"']],
  ['set a 0 0 1 extra noreply\r\na\r\n', ['SET a 0 0 "a\\r\\n" quiet']],
  ['set a 0 0 1 noreplx\r\na\r\n', ['SET a 0 0 "a\\r\\n"']],
  ['set a x 0 1 noreply\r\na\r\nversion\r\n', ['(silence)', 'VERSION']],
  ['set a 0 0 x noreply\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['set  a  1  2  3 \nabc\r\n', ['SET a 1 2 "abc\\r\\n"']],
  [`set ${KEY_250} 0 0 1\r\na\r\n`, [`SET ${KEY_250} 0 0 "a\\r\\n"`]],
  [`set ${KEY_251} 0 0 1\r\na\r\nversion\r\n`, [BAD_FORMAT, 'VERSION']],
  ['cas a 0 0 1\r\n', ['(more)']],
  ['cas a 0 0 1 \r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['cas a 0 0 1 x\r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['cas a 0 0 1 -5\r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['cas a 0 0 1 18446744073709551616\r\na\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['cas a 0 0 1 noreply\r\na\r\nversion\r\n', ['(silence)', 'VERSION']],
  ['cas a 0 0 1 18446744073709551615\r\na\r\n', ['CAS a 0 0 "a\\r\\n" 18446744073709551615']],
  ['cas a 0 0 1 1 noreply\r\na\r\n', ['CAS a 0 0 "a\\r\\n" 1 quiet']],
  ['add a 0 0 1\r\na\r\n', ['ADD a 0 0 "a\\r\\n"']],
  ['append a 1 2 1\r\na\r\n', ['APPEND a 1 2 "a\\r\\n"']],
  ['prepend a 1 2 1\r\na\r\n', ['PREPEND a 1 2 "a\\r\\n"']],
  ['replace a 1 2 1\r\na\r\n', ['REPLACE a 1 2 "a\\r\\n"']],
  ['replace a 1 2 0 noreply\r\n\r\n', ['REPLACE a 1 2 "\\r\\n" quiet']],
];

const KEYED: readonly Row[] = [
  ['incr\r\n', [BAD_FORMAT]],
  ['incr a\r\n', [BAD_FORMAT]],
  ['incr a 1\r\n', ['INCR a 1']],
  ['decr a 18446744073709551615 noreply\r\n', ['DECR a 18446744073709551615 quiet']],
  ['incr a b\r\n', ['CLIENT_ERROR invalid numeric delta argument']],
  ['incr a -1\r\n', ['CLIENT_ERROR invalid numeric delta argument']],
  ['incr a +1\r\n', ['CLIENT_ERROR invalid numeric delta argument']],
  ['incr a 18446744073709551616\r\n', ['CLIENT_ERROR invalid numeric delta argument']],
  ['incr a 0000000000000000000001\r\n', ['INCR a 1']],
  ['incr a 00000000000000000000001\r\n', ['CLIENT_ERROR invalid numeric delta argument']],
  ['incr a noreply\r\nversion\r\n', ['(silence)', 'VERSION']],
  [`incr ${KEY_251} 1\r\n`, [BAD_FORMAT]],
  ['touch\r\n', [BAD_FORMAT]],
  ['touch a\r\n', [BAD_FORMAT]],
  ['touch a 1\r\n', ['TOUCH a 1']],
  ['touch a -1 noreply\r\n', ['TOUCH a -1 quiet']],
  ['touch a x\r\n', ['CLIENT_ERROR invalid exptime argument']],
  ['delete\r\n', [BAD_FORMAT]],
  ['delete a\r\n', ['DELETE a']],
  ['delete a 0\r\n', ['DELETE a']],
  ['delete a 10\r\n', ['DELETE a']],
  ['delete a noreply\r\n', ['DELETE a quiet']],
  ['delete a 0 noreply\r\n', ['DELETE a quiet']],
  ['delete a 10 noreply\r\n', ['DELETE a quiet']],
  ['delete a b c d\r\n', ['DELETE a']],
  ['delete a b c d e\r\n', ['ERROR']],
  ['delete a b c d noreply\r\n', ['ERROR']],
  ['delete noreply\r\n', ['DELETE noreply quiet']],
  [`delete ${KEY_251}\r\n`, [BAD_FORMAT]],
];

const RARE: readonly Row[] = [
  ['\r\n', [BAD_FORMAT]],
  ['\n', [BAD_FORMAT]],
  [' \n', [BAD_FORMAT]],
  ['x\r\n', [BAD_FORMAT]],
  ['xx\n', [BAD_FORMAT]],
  ['ab\r\n', ['ERROR']],
  ['    \r\n', ['ERROR']],
  ['bogus\r\n', ['ERROR']],
  ['bogus a b\r\n', ['ERROR']],
  ['bogus noreply\r\n', ['(silence)']],
  ['GET a\r\n', ['ERROR']],
  ['getx a\r\n', ['ERROR']],
  ['get\ta\r\n', ['ERROR']],
  [' get a\r\n', ['ERROR']],
  ['deletes a\r\n', ['ERROR']],
  ['GET / HTTP/1.1\r\n', ['(close)']],
  ['a b c HTTP/1.1\r\nversion\r\n', ['(close)']],
  ['HTTP/1.1\r\n', ['ERROR']],
  ['a HTTP\r\n', ['ERROR']],
  ['a HTTP/1.1 noreply\r\n', ['(silence)']],
  ['get HTTP/1.1\r\n', ['GET HTTP/1.1']],
  ['version\r\n', ['VERSION']],
  ['version foo\r\n', ['VERSION']],
  ['version noreply\r\n', ['VERSION']],
  ['quit\r\n', ['QUIT']],
  ['quit noreply\r\n', ['QUIT']],
  ['flush_all\r\n', ['FLUSH_ALL 0']],
  [' flush_all\r\n', ['FLUSH_ALL 0']],
  ['flush_all 0\r\n', ['FLUSH_ALL 0']],
  ['flush_all -1\r\n', ['FLUSH_ALL -1']],
  ['flush_all 10 noreply\r\n', ['FLUSH_ALL 10 quiet']],
  ['flush_all x\r\n', ['FLUSH_ALL CLIENT_ERROR invalid exptime argument']],
  ['flush_all 0 0\r\n', ['FLUSH_ALL 0']],
  ['flush_all noreply\r\n', ['FLUSH_ALL 0 quiet']],
  ['flush_all noreply 0\r\n', ['FLUSH_ALL CLIENT_ERROR invalid exptime argument']],
  ['verbosity\r\n', [BAD_FORMAT]],
  ['verbosity 1\r\n', ['VERBOSITY 1']],
  ['verbosity x\r\n', [BAD_FORMAT]],
  ['verbosity 1 2\r\n', ['VERBOSITY 1']],
  ['verbosity noreply\r\n', ['(silence)']],
  ['verbosity 1 noreply\r\n', ['VERBOSITY 1 quiet']],
  ['stats\r\n', ['STATS']],
  ['stats detail on\r\n', ['STATS detail on']],
  ['stats cachedump 1 0\r\n', ['STATS cachedump 1 0']],
  ['watch fetchers mutations\r\n', ['WATCH fetchers mutations']],
  ['watch noreply\r\n', ['WATCH noreply']],
  ['shutdown graceful\r\n', ['SHUTDOWN graceful']],
  ['shutdown noreply\r\n', ['SHUTDOWN noreply quiet']],
  ['slabs reassign 1 2\r\n', ['SLABS reassign 1 2']],
  ['cache_memlimit 65\r\n', ['CACHE_MEMLIMIT 65']],
  ['lru tune 10 25 0.1 2.0\r\n', ['LRU tune 10 25 0.1 2.0']],
  ['lru_crawler metadump all\r\n', ['LRU_CRAWLER metadump all']],
  ['refresh_certs\r\n', ['REFRESH_CERTS']],
  ['debugtime 1\r\n', ['DEBUGTIME 1']],
  ['extstore\r\n', ['ERROR']],
  ['misbehave\r\n', ['ERROR']],
  ['mz a\r\n', ['ERROR']],
];

const CONFIG: readonly Row[] = [
  ['config get cluster\r\n', ['CONFIG_GET cluster']],
  ['config get cluster \r\n', ['CONFIG_GET cluster']],
  ['config get cluster\n', ['CONFIG_GET cluster']],
  ['config delete cluster\r\n', ['CONFIG_DELETE cluster']],
  ['config set cluster 7 5\r\n1\na|b\r\n', ['CONFIG_SET cluster 7 "1\\na|b\\r\\n"']],
  ['config set cluster 0 0\r\n\r\n', ['CONFIG_SET cluster 0 "\\r\\n"']],
  ['config set cluster 7 1 noreply\r\nx\r\n', ['CONFIG_SET cluster 7 "x\\r\\n" quiet']],
  ['config set cluster 7 1 s3cret\r\nx\r\n', ['CONFIG_SET cluster 7 "x\\r\\n" secret s3cret']],
  ['config set cluster 7 1  s3cret more \r\nx\r\n', ['CONFIG_SET cluster 7 "x\\r\\n" secret s3cret']],
  ['config set cluster 7 1 s3cret noreply\r\nx\r\n', ['CONFIG_SET cluster 7 "x\\r\\n" secret s3cret quiet']],
  ['config delete cluster s3cret\n', ['CONFIG_DELETE cluster secret s3cret']],
  ['config delete cluster s3cret noreply\r\n', ['CONFIG_DELETE cluster secret s3cret quiet']],
  ['config delete cluster noreply\r\n', ['CONFIG_DELETE cluster quiet']],
  ['config set cluster x 1\r\nx\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['config set cluster 0 -1\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['config set cluster 0 x noreply\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['config set cluster\r\n', [BAD_FORMAT]],
  ['config get\r\n', [BAD_FORMAT]],
  ['config\r\n', ['ERROR']],
  ['config list\r\n', ['ERROR']],
  ['config incr cluster 1\r\n', ['ERROR']],
  [`config get ${KEY_251}\r\n`, [BAD_FORMAT]],
];

const ROWS: readonly Row[] = [...RETRIEVAL, ...STORAGE, ...KEYED, ...RARE, ...CONFIG];

describe.each([
  ['a retrieval', RETRIEVAL],
  ['a storage command', STORAGE],
  ['a command with a key', KEYED],
  ['a rare line', RARE],
  ['a discovery command', CONFIG],
])('%s', (_, rows) => {
  test.each(rows)('%j is heard as %j', (sent, heard) => {
    expect(hear(sent)).toEqual(heard);
  });
});

describe('any text line', () => {
  test('is heard the same when it arrives in two parts, cut anywhere', () => {
    expect(misheardInTwoParts(ROWS)).toEqual([]);
  });

  test('is heard the same whatever lies around it in the buffer', () => {
    expect(misheardAmongOthers(ROWS)).toEqual([]);
  });

  test('is heard the same behind any other: nothing of that one is left in the record', () => {
    expect(misheardBehindAnother(ROWS)).toEqual([]);
  });

  test('of words nobody expects is decoded without an exception and without looking around', () => {
    const word = fc.oneof(
      fc.constantFrom('get', 'set', 'cas', 'incr', 'delete', 'gat', 'touch', 'mg', 'ms', 'ma', 'md', 'me', 'noreply'),
      fc.constantFrom('0', '1', '-1', '4294967296', '\r', '\n', '\r\n', 'b', 'v', 'q', 'Oabc', 'T30', 'YWI=', 'config'),
      fc.string({ unit: 'binary-ascii', maxLength: 6 }),
    );
    const lines = fc.array(word, { maxLength: 12 }).map((words) => `${words.join(' ')}\r\n`);
    fc.assert(
      fc.property(lines, fc.nat({ max: 80 }), (sent, cutAt) => {
        const heard = hear(sent, { poison: 32 });
        expect(hear(sent, { poison: 10 })).toEqual(heard);
        expect(hear(sent, { poison: 48, cutAt: Math.min(cutAt, sent.length) })).toEqual(heard);
      }),
      { numRuns: 1500 },
    );
  });

  test('of arbitrary bytes is decoded without an exception and without looking around', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (sent) => {
        expect(hear(sent, { poison: 10 })).toEqual(hear(sent, { poison: 255 }));
      }),
      { numRuns: 1500 },
    );
  });
});

describe('a line without end', () => {
  test('is awaited up to 2,048 bytes and then closed, as by try_read_command_ascii', () => {
    expect(hear('a'.repeat(2048))).toEqual(['(more)']);
    expect(hear('a'.repeat(2049))).toEqual(['(close)']);
    expect(hear(`set ${'a'.repeat(2045)}`)).toEqual(['(close)']);
    expect(hear(`gat 0 ${'a'.repeat(2043)}`)).toEqual(['(close)']);
    expect(hear(`mg ${'a'.repeat(2046)}`)).toEqual(['(close)']);
  });

  test('is awaited longer when it begins with get or gets, behind at most 100 blanks', () => {
    expect(hear(`get ${'a'.repeat(2045)}`)).toEqual(['(more)']);
    expect(hear(`gets ${'a '.repeat(1500)}`)).toEqual(['(more)']);
    expect(hear(`${' '.repeat(100)}get ${'a'.repeat(2045)}`)).toEqual(['(more)']);
    expect(hear(`${' '.repeat(101)}get ${'a'.repeat(2045)}`)).toEqual(['(close)']);
    expect(hear(`get${' '.repeat(2048)}`)).toEqual(['(more)']);
    expect(hear(`getx${' '.repeat(2048)}`)).toEqual(['(close)']);
  });

  test('may be longer than that if it arrives with its end', () => {
    expect(hear(`incr a 1${' '.repeat(3000)}\r\n`)).toEqual(['INCR a 1']);
    expect(hear(`get${' '.repeat(2048)}\r\n`)).toEqual([BAD_FORMAT]);
    expect(hear(`${' '.repeat(50)}get ${'a'.repeat(3000)}\r\n`)).toEqual(['ERROR']);
  });
});

describe('a get longer than a connection may hold', () => {
  const keys = Array.from({ length: 9000 }, (_, i) => `key${i}`);
  const line = `get ${keys.join(' ')}\r\n`;

  test('is decoded piece by piece into the same keys', () => {
    expect(line.length).toBeGreaterThan(2 * GET_LINE_HELD_BYTES_MAX);
    for (const cutAt of [32_769, 32_770, 33_000, 40_005, 65_536, line.length - 2, line.length - 1]) {
      expect(hear(`${line}version\r\n`, { cutAt })).toEqual([`GET ${keys.join(' ')}`, 'VERSION']);
    }
  });

  test('is decoded whole up to the bound', () => {
    const short = `get ${'k'.repeat(200)}${' a'.repeat(16_000)}`;
    expect(hear(`${short}\r\n`, { cutAt: short.length })).toEqual([`GET ${short.slice(4)}`]);
    expect(hear(short)).toEqual(['(more)']);
  });

  test('begins one byte behind the bound', () => {
    const sent = bytesOf(`get${' abcdefg'.repeat(5000)}`);
    const input = new Uint8Array(sent.length + INPUT_SCRATCH_BYTES);
    input.set(sent);
    const decodeTo = (end: number) => decode(Dialect.TEXT, input, new DataView(input.buffer), 0, end, new Request());
    expect(decodeTo(GET_LINE_HELD_BYTES_MAX)).toBe(Decoded.NEED_MORE);
    expect(decodeTo(GET_LINE_HELD_BYTES_MAX + 1)).toBe(Decoded.PARTIAL_KEYS);
  });

  test('may be cut anywhere in a key of full length and its line end', () => {
    const sent = `get${' abcdefg'.repeat(5000)} ${KEY_250}\r\nversion\r\n`;
    for (let cutAt = 40_003; cutAt < sent.length; cutAt++) {
      expect(hear(sent, { cutAt })).toEqual([sent.slice(0, -11).replace('get', 'GET'), 'VERSION']);
    }
  });

  test('keeps its name', () => {
    const sent = `gets${' abcdefg'.repeat(5000)}\n`;
    expect(hear(sent, { cutAt: 36_000 })[0]).toMatch(/^GETS abcdefg abcdefg/);
  });

  test.each([
    ['a key that is too long at its beginning', `get ${'a'.repeat(40_000)}\r\n`, `${BAD_FORMAT}\r\n`],
    ['a key that is too long further on', `get a ${'a'.repeat(40_000)}\r\n`, `${BAD_FORMAT}\r\n`],
    ['blanks and no key', `get${' '.repeat(40_000)}\r\n`, BAD_FORMAT],
    ['blanks before it', `   get a${' b'.repeat(20_000)}\r\n`, 'ERROR'],
  ])('is refused for %s, and the line thrown away to its end', (_, sent, refusal) => {
    expect(hear(`${sent}version\r\n`, { cutAt: 35_000 })).toEqual([refusal, 'VERSION']);
    expect(hear(`${sent}version\r\n`, { cutAt: 39_999 })).toEqual([refusal, 'VERSION']);
  });

  test('tells a key that is too long in a later piece', () => {
    const sent = `get${' abcdefg'.repeat(5000)} ${'x'.repeat(5000)} y\r\nversion\r\n`;
    expect(hear(sent, { cutAt: 41_000 })).toEqual([`${BAD_FORMAT}\r\n`, 'VERSION']);
  });
});

test('only the first 23 words of a line are looked at for noreply, as in mcmc.c', () => {
  const words = (count: number) => `${'w '.repeat(count)}noreply`;
  expect(hear(`bogus ${words(21)}\r\n`)).toEqual(['(silence)']);
  expect(hear(`bogus ${words(22)}\r\n`)).toEqual(['ERROR']);
  expect(hear(bytesOf(`set a 0 0 1 ${words(30)}\r\nx\r\n`))).toEqual(['SET a 0 0 "x\\r\\n"']);
});
