import { describe, expect, test } from '@jest/globals';
import { makeWorker } from '../testing/conversation.js';
import { lines, playEveryWay } from '../testing/every-way.js';

/** What is sent, line by line, and what comes back; all of it asked of memcached 1.6.45 as well. */
type Play = readonly [name: string, sent: string[], replies: string[]];

const LONG_KEY = 'k'.repeat(251);

const STORAGE: readonly Play[] = [
  [
    'set stores a value with its flags',
    ['set @a 4294967295 0 5', 'hello', 'get @a'],
    ['STORED', 'VALUE @a 4294967295 5', 'hello', 'END'],
  ],
  [
    'set replaces a value',
    ['set @a 1 0 1', 'x', 'set @a 2 0 0', '', 'get @a'],
    ['STORED', 'STORED', 'VALUE @a 2 0', '', 'END'],
  ],
  ['a value may hold line ends', ['set @a 0 0 4', 'a\r\nb', 'get @a'], ['STORED', 'VALUE @a 0 4', 'a\r\nb', 'END']],
  [
    'a line may end in LF alone',
    ['set @a 0 0 1\nx', 'get @a\nget @a'],
    ['STORED', 'VALUE @a 0 1', 'x', 'END', 'VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'noreply says nothing',
    ['set @a 0 0 1 noreply', 'x', 'add @a 0 0 1 noreply', 'y', 'get @a'],
    ['VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'add stores only what is not there',
    ['add @a 0 0 1', 'x', 'add @a 0 0 1', 'y', 'get @a'],
    ['STORED', 'NOT_STORED', 'VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'replace stores only over an item',
    ['replace @a 0 0 1', 'x', 'set @a 0 0 1', 'y', 'replace @a 5 0 1', 'z', 'get @a'],
    ['NOT_STORED', 'STORED', 'STORED', 'VALUE @a 5 1', 'z', 'END'],
  ],
  [
    'append and prepend keep the flags of the item',
    ['set @a 7 0 2', 'bc', 'append @a 1 0 1', 'd', 'prepend @a 2 0 1', 'a', 'get @a'],
    ['STORED', 'STORED', 'STORED', 'VALUE @a 7 4', 'abcd', 'END'],
  ],
  ['append needs an item', ['append @a 0 0 1', 'x', 'prepend @a 0 0 1', 'x'], ['NOT_STORED', 'NOT_STORED']],
  ['cas of a missing item is not found', ['cas @a 0 0 1 1', 'x', 'get @a'], ['NOT_FOUND', 'END']],
  [
    'cas with another number finds a changed item',
    ['set @a 0 0 1', 'x', 'cas @a 0 0 1 999999999999', 'y', 'cas @a 0 0 1 0', 'y', 'get @a'],
    ['STORED', 'EXISTS', 'EXISTS', 'VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'gets shows a number that every store changes',
    ['set @a 0 0 1', 'x', 'gets @a @a', 'append @a 0 0 1', 'y', 'gets @a'],
    ['STORED', 'VALUE @a 0 1 #1', 'x', 'VALUE @a 0 1 #1', 'x', 'END', 'STORED', 'VALUE @a 0 2 #2', 'xy', 'END'],
  ],
  [
    'a block without its line end is bad, and what follows is a command',
    ['set @a 0 0 2', 'abc', 'get @a'],
    ['CLIENT_ERROR bad data chunk', 'CLIENT_ERROR bad command line format', 'END'],
  ],
  [
    'a bad block is silent after noreply',
    ['set @a 0 0 2 noreply', 'abcd', 'get @a'],
    ['CLIENT_ERROR bad command line format', 'END'],
  ],
  [
    'a refused set swallows its block before it answers',
    ['set @a x 0 5', 'get b', 'get @a'],
    ['CLIENT_ERROR bad command line format', 'END'],
  ],
  ['a refused noreply set swallows its block in silence', ['set @a 0 x 5 noreply', 'get b', 'get @a'], ['END']],
  ['a bad length swallows nothing', ['set @a 0 0 -1', 'get @a'], ['CLIENT_ERROR bad command line format', 'END']],
  [
    'a key too long is refused with its block',
    [`set ${LONG_KEY} 0 0 1`, 'x', 'get @a'],
    ['CLIENT_ERROR bad command line format', 'END'],
  ],
  [
    'a value too large is swallowed and drops the old one',
    ['set @a 0 0 1', 'x', 'set @a 0 0 2000', 'y'.repeat(2000), 'get @a'],
    ['STORED', 'SERVER_ERROR object too large for cache', 'END'],
  ],
  [
    'a value too large to add leaves the old one',
    ['set @a 0 0 1', 'x', 'add @a 0 0 2000', 'y'.repeat(2000), 'get @a'],
    ['STORED', 'SERVER_ERROR object too large for cache', 'VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'an appended value that grows too large is not stored',
    ['set @a 0 0 600', 'x'.repeat(600), 'append @a 0 0 600', 'y'.repeat(600), 'get @b'],
    ['STORED', 'NOT_STORED', 'END'],
  ],
  ['a negative expiry is over at once', ['set @a 0 -1 1', 'x', 'get @a'], ['STORED', 'END']],
];

const RETRIEVAL: readonly Play[] = [
  [
    'get leaves out what is not there',
    ['set @a 0 0 1', 'x', 'get @b @a @c @a', 'get @b'],
    ['STORED', 'VALUE @a 0 1', 'x', 'VALUE @a 0 1', 'x', 'END', 'END'],
  ],
  [
    'blanks between keys do not count',
    ['set @a 0 0 1', 'x', 'get   @a   @a  '],
    ['STORED', 'VALUE @a 0 1', 'x', 'VALUE @a 0 1', 'x', 'END'],
  ],
  [
    'a key too long takes the values before it back',
    ['set @a 0 0 1', 'x', `get @a ${LONG_KEY} @a`, `gets @a @a ${LONG_KEY}`, `gat 0 @a ${LONG_KEY}`],
    [
      'STORED',
      'CLIENT_ERROR bad command line format',
      '',
      'CLIENT_ERROR bad command line format',
      '',
      'CLIENT_ERROR bad command line format',
      '',
    ],
  ],
  [
    'gat and gats fetch and touch',
    ['set @a 3 0 1', 'x', 'gat 100 @a @b', 'mg @a t', 'gats 0 @a', 'mg @a t'],
    ['STORED', 'VALUE @a 3 1', 'x', 'END', 'HD t100', 'VALUE @a 3 1 #1', 'x', 'END', 'HD t-1'],
  ],
  [
    'gat with a bad expiry touches nothing',
    ['gat x @a', 'gat 1'],
    ['CLIENT_ERROR invalid exptime argument', 'CLIENT_ERROR bad command line format'],
  ],
  [
    'a get without a key is a bad line',
    ['get', 'gets'],
    ['CLIENT_ERROR bad command line format', 'CLIENT_ERROR bad command line format'],
  ],
];

const CHANGES: readonly Play[] = [
  [
    'incr and decr answer the new number',
    ['set @a 0 0 2', '10', 'incr @a 5', 'decr @a 6', 'get @a'],
    ['STORED', '15', '9', 'VALUE @a 0 2', '9 ', 'END'],
  ],
  ['decr stops at 0', ['set @a 0 0 1', '5', 'decr @a 10', 'get @a'], ['STORED', '0', 'VALUE @a 0 1', '0', 'END']],
  [
    'incr wraps at 64 bits',
    ['set @a 0 0 20', '18446744073709551615', 'incr @a 2', 'incr @a 18446744073709551615'],
    ['STORED', '1', '0'],
  ],
  [
    'a number that grows keeps flags and expiry',
    ['set @a 7 100 1', '9', 'incr @a 1', 'get @a', 'mg @a t'],
    ['STORED', '10', 'VALUE @a 7 2', '10', 'END', 'HD t100'],
  ],
  [
    'incr changes the CAS number',
    ['set @a 0 0 1', '5', 'gets @a', 'incr @a 1', 'gets @a'],
    ['STORED', 'VALUE @a 0 1 #1', '5', 'END', '6', 'VALUE @a 0 1 #2', '6', 'END'],
  ],
  [
    'what is no number is not counted',
    ['set @a 0 0 2', 'hi', 'incr @a 1', 'set @a 0 0 0', '', 'decr @a 1'],
    [
      'STORED',
      'CLIENT_ERROR cannot increment or decrement non-numeric value',
      'STORED',
      'CLIENT_ERROR cannot increment or decrement non-numeric value',
    ],
  ],
  [
    'a bad delta is refused',
    ['incr @a x', 'decr @a -1', 'incr @a 18446744073709551616', 'incr @a'],
    [
      'CLIENT_ERROR invalid numeric delta argument',
      'CLIENT_ERROR invalid numeric delta argument',
      'CLIENT_ERROR invalid numeric delta argument',
      'CLIENT_ERROR bad command line format',
    ],
  ],
  [
    'incr of a missing item is not found',
    ['incr @a 1', 'decr @a 1', 'incr @a 1 noreply', 'get @a'],
    ['NOT_FOUND', 'NOT_FOUND', 'END'],
  ],
  [
    'delete deletes once',
    ['set @a 0 0 1', 'x', 'delete @a', 'delete @a', 'get @a'],
    ['STORED', 'DELETED', 'NOT_FOUND', 'END'],
  ],
  [
    'delete takes the old zero and noreply',
    ['set @a 0 0 1', 'x', 'delete @a 0 noreply', 'delete @a 0', 'delete @a 10 noreply', 'get @a'],
    ['STORED', 'NOT_FOUND', 'END'],
  ],
  [
    'touch sets the expiry',
    ['touch @a 0', 'set @a 0 0 1', 'x', 'touch @a 50', 'mg @a t', 'touch @a -1', 'get @a'],
    ['NOT_FOUND', 'STORED', 'TOUCHED', 'HD t50', 'TOUCHED', 'END'],
  ],
  [
    'touch with a bad expiry is refused',
    ['touch @a x', 'touch @a', 'touch @a 0 noreply', 'get @a'],
    ['CLIENT_ERROR invalid exptime argument', 'CLIENT_ERROR bad command line format', 'END'],
  ],
];

const MARKS: readonly Play[] = [
  [
    'touch and gat count as a use of the item',
    ['set @a 0 0 1', 'x', 'touch @a 0', 'mg @a h u', 'set @b 0 0 1', 'x', 'gat 0 @b', 'mg @b h u'],
    ['STORED', 'TOUCHED', 'HD h1', 'STORED', 'VALUE @b 0 1', 'x', 'END', 'HD h1'],
  ],
  [
    'a number written in place is the same item, a longer one a new one',
    ['set @a 0 0 1', '7', 'get @a', 'incr @a 1', 'mg @a h u', 'incr @a 90', 'mg @a h u'],
    ['STORED', 'VALUE @a 0 1', '7', 'END', '8', 'HD h1', '98', 'HD h0'],
  ],
  [
    'a set makes a new item, of the same length too',
    ['set @a 0 0 1', 'x', 'get @a', 'set @a 0 0 1', 'y', 'mg @a h u'],
    ['STORED', 'VALUE @a 0 1', 'x', 'END', 'STORED', 'HD h0'],
  ],
];

const LINES: readonly Play[] = [
  ['an unknown word is an error', ['bogus a b', 'get @a'], ['ERROR', 'END']],
  [
    'an empty line is a bad one',
    ['', 'x', 'get @a'],
    ['CLIENT_ERROR bad command line format', 'CLIENT_ERROR bad command line format', 'END'],
  ],
  ['quit closes, and nothing behind it is answered', ['get @a', 'quit', 'get @a'], ['END', '<closed>']],
];

// Items of at most 1 KiB: too large is within reach of a cut at every byte.
const worker = makeWorker({
  store: { itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024, memoryLimitBytes: 8 * 2 ** 20 },
});

function expectPlay(sent: string[], replies: string[]): void {
  const expected = replies.map((reply) => (reply === '<closed>' ? reply : `${reply}\r\n`)).join('');
  expect(playEveryWay(worker, lines(...sent))).toBe(expected);
}

describe('storage commands', () => {
  test.each(STORAGE)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('retrieval commands', () => {
  test.each(RETRIEVAL)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('incr, decr, delete and touch', () => {
  test.each(CHANGES)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('marks of use', () => {
  test.each(MARKS)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('lines', () => {
  test.each(LINES)('%s', (_, sent, replies) => expectPlay(sent, replies));

  test('a line of a HTTP request closes without a word', () => {
    expect(playEveryWay(worker, lines('GET / HTTP/1.1'))).toBe('<closed>');
  });

  test('2,048 bytes without a line end close, unless they begin a get', () => {
    expect(playEveryWay(worker, `incr ${' '.repeat(2100)}`)).toBe('<closed>');
    expect(playEveryWay(worker, lines(`get${' '.repeat(2100)}@a`))).toBe('END\r\n');
  });
});

describe('without CAS numbers (-C)', () => {
  const plain = makeWorker({ server: { cas: false }, store: { casEnabled: false, memoryLimitBytes: 8 * 2 ** 20 } });

  test('gets shows 0, cas always finds a changed item, and append forgets the number it names', () => {
    const sent = [
      'set @a 0 0 1',
      'x',
      'gets @a',
      'cas @a 0 0 1 1',
      'y',
      'cas @a 0 0 1 0',
      'y',
      'ms @a 1 C5 MA',
      'z',
      'mg @a v c',
    ];
    expect(playEveryWay(plain, lines(...sent))).toBe(
      lines('STORED', 'VALUE @a 0 1 0', 'x', 'END', 'EXISTS', 'EXISTS', 'HD', 'VA 2 c0', 'xz'),
    );
  });
});
