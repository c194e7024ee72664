import { describe, expect, test } from '@jest/globals';
import { makeWorker } from '../testing/conversation.js';
import { lines, playEveryWay } from '../testing/every-way.js';

/** What is sent, line by line, and what comes back; all of it asked of memcached 1.6.45 as well. */
type Play = readonly [name: string, sent: string[], replies: string[]];

const GET: readonly Play[] = [
  [
    'mg without flags says only that the item is there',
    ['set @a 5 0 3', 'abc', 'mg @a', 'mg @b'],
    ['STORED', 'HD', 'EN'],
  ],
  [
    'mg returns what is asked for, in the order asked',
    ['set @a 5 100 3', 'abc', 'mg @a t f s c k Oq1 v', 'mg @a k s'],
    ['STORED', 'VA 3 t100 f5 s3 c#1 k@a Oq1', 'abc', 'HD k@a s3'],
  ],
  ['a miss returns key and opaque, and nothing with q', ['mg @a v k Oabc', 'mg @a v k q', 'mn'], ['EN k@a Oabc', 'MN']],
  [
    'h tells whether the item was fetched before',
    ['set @a 0 0 1', 'x', 'mg @a h u', 'mg @a h', 'mg @a h l'],
    ['STORED', 'HD h0', 'HD h0', 'HD h1 l0'],
  ],
  [
    'T sets the expiry; t before it shows the old one',
    ['set @a 0 100 1', 'x', 'mg @a t T50 k', 'mg @a T0 t', 'mg @a T-1', 'mg @a'],
    ['STORED', 'HD t100 k@a', 'HD t-1', 'HD', 'EN'],
  ],
  [
    'C with the item’s number leaves the value out',
    ['ms @a 1 E7777', 'x', 'mg @a v C7777', 'mg @a v C1'],
    ['HD', 'HD', 'VA 1', 'x'],
  ],
  [
    'N creates what is missing, and one client wins',
    ['mg @a N30 s v t', 'mg @a s v t', 'mg @a N30 v'],
    ['VA 0 s0 t30 W', '', 'VA 0 s0 t30 Z', '', 'VA 0 Z', ''],
  ],
  ['N with E gives the new item its number', ['mg @a N30 E4711 c', 'mg @a C4711 c v'], ['HD c#1 W', 'HD c#1 Z']],
  [
    'R lets one client win before the expiry',
    ['set @a 0 20 1', 'x', 'mg @a R10', 'mg @a R30', 'mg @a R30', 'set @b 0 0 1', 'x', 'mg @b R30'],
    ['STORED', 'HD', 'HD W', 'HD Z', 'STORED', 'HD'],
  ],
  [
    'a flag twice, an unknown one and a bad token are refused',
    ['mg @a v v', 'mg @a !', 'mg @a Nx', 'mg @a Z', `mg @a O${'x'.repeat(32)}`],
    [
      'CLIENT_ERROR duplicate flag',
      'CLIENT_ERROR bad command line format',
      'CLIENT_ERROR bad token in command line format',
      'CLIENT_ERROR invalid flag',
      'CLIENT_ERROR opaque token too long',
    ],
  ],
];

const MARKS: readonly Play[] = [
  [
    'u leaves the item unused',
    ['set @a 0 0 1', 'x', 'mg @a u v', 'mg @a u h', 'mg @a', 'mg @a u h'],
    ['STORED', 'VA 1', 'x', 'HD h0', 'HD', 'HD h1'],
  ],
  [
    'a stale item is won once, also by a fetch that does not use it',
    ['ms @a 1', 'x', 'md @a I', 'mg @a u v', 'mg @a u v', 'mg @a v'],
    ['HD', 'HD', 'VA 1 X W', 'x', 'VA 1 Z X', 'x', 'VA 1 Z X', 'x'],
  ],
  [
    'marking as stale anew lets another client win',
    ['ms @a 1', 'x', 'md @a I', 'mg @a', 'mg @a', 'md @a I', 'mg @a', 'mg @a'],
    ['HD', 'HD', 'HD X W', 'HD Z X', 'HD', 'HD X W', 'HD Z X'],
  ],
];

const SET: readonly Play[] = [
  [
    'ms stores and returns what is asked for',
    ['ms @a 2 c k s Oz', 'ab', 'mg @a v c'],
    ['HD c#1 k@a s2 Oz', 'VA 2 c#1', 'ab'],
  ],
  [
    'q hides success alone',
    ['ms @a 1 q', 'x', 'ms @a 1 ME q', 'x', 'ms @b 1 MR q k', 'x', 'mn'],
    ['NS', 'NS k@b', 'MN'],
  ],
  [
    'T and F set expiry and client flags',
    ['ms @a 1 T100 F42', 'x', 'mg @a t f', 'ms @a 2', 'yy', 'mg @a t f'],
    ['HD', 'HD t100 f42', 'HD', 'HD t-1 f0'],
  ],
  [
    'M chooses add, replace, append, prepend and set',
    [
      'ms @a 1 MA',
      'x',
      'ms @a 1 ME',
      'b',
      'ms @a 1 MA s',
      'c',
      'ms @a 1 MP s',
      'a',
      'mg @a v',
      'ms @a 1 MR',
      'r',
      'ms @a 1 MS',
      's',
      'mg @a v',
    ],
    ['NS', 'HD', 'HD s2', 'HD s3', 'VA 3', 'abc', 'HD', 'HD', 'VA 1', 's'],
  ],
  [
    'N lets append and prepend create',
    ['ms @a 1 MA N60 T5', 'x', 'mg @a v t', 'ms @b 1 MP N0', 'y', 'mg @b v t'],
    ['HD', 'VA 1 t60', 'x', 'HD', 'VA 1 t-1', 'y'],
  ],
  [
    'C stores only over that number',
    [
      'ms @a 1 C5',
      'x',
      'ms @a 1 E5',
      'x',
      'ms @a 1 C6',
      'y',
      'ms @a 1 C5 E9',
      'z',
      'ms @a 1 C5 MA',
      'y',
      'ms @a 1 C9 MA',
      'y',
      'mg @a v',
    ],
    ['NF', 'HD', 'EX', 'HD', 'EX', 'HD', 'VA 2', 'zy'],
  ],
  [
    'I with a lower number stores and marks as stale',
    ['ms @a 1 E500 T90', 'x', 'ms @a 1 C499 I E501 T5', 'y', 'mg @a v c t', 'mg @a v c', 'ms @a 1 C999 I', 'z'],
    ['HD', 'HD', 'VA 1 c#1 t90 X W', 'y', 'VA 1 c#1 Z X', 'y', 'EX'],
  ],
  [
    'an invalid mode swallows the block',
    ['ms @a 2 MX', 'ab', 'mn'],
    ['CLIENT_ERROR invalid mode for ms M token', 'MN'],
  ],
  [
    'a bad block is answered, quiet or not',
    ['ms @a 1 q', 'ab', 'mn'],
    ['CLIENT_ERROR bad data chunk', 'CLIENT_ERROR bad command line format', 'MN'],
  ],
  [
    'a value too large drops the old one in any mode',
    ['ms @a 1', 'x', 'ms @a 2000 ME q', 'y'.repeat(2000), 'mg @a'],
    ['HD', 'SERVER_ERROR object too large for cache', 'EN'],
  ],
  [
    'base64 keys are stored decoded and shown encoded',
    ['ms YWI= 2 b k', 'cd', 'mg YWI= b k v', 'mg ab k v', 'md ab'],
    ['HD kYWI= b', 'VA 2 kYWI= b', 'cd', 'VA 2 kYWI= b', 'cd', 'HD'],
  ],
  [
    'a key that is no base64 is refused',
    ['mg @a b v', 'ms @a 2 b', 'ab', 'mn'],
    ['CLIENT_ERROR error decoding key', 'CLIENT_ERROR error decoding key', 'MN'],
  ],
];

const DELETE: readonly Play[] = [
  [
    'md deletes once',
    ['ms @a 1', 'x', 'md @a k Oz', 'md @a k', 'md @a q', 'mn'],
    ['HD', 'HD k@a Oz', 'NF k@a', 'NF', 'MN'],
  ],
  ['q hides success alone', ['ms @a 1', 'x', 'md @a C5 q', 'md @a q', 'mg @a', 'mn'], ['HD', 'EX', 'EN', 'MN']],
  ['C deletes only that number', ['ms @a 1 E5', 'x', 'md @a C6 k', 'md @a C5', 'mg @a'], ['HD', 'EX k@a', 'HD', 'EN']],
  [
    'I marks as stale, and the next client wins',
    ['ms @a 1 T90', 'x', 'md @a I T30', 'mg @a v t', 'mg @a v', 'ms @a 1', 'y', 'mg @a v'],
    ['HD', 'HD', 'VA 1 t30 X W', 'x', 'VA 1 Z X', 'x', 'HD', 'VA 1', 'y'],
  ],
  [
    'I gives the item a new number, or the one of E',
    ['ms @a 1 E5', 'x', 'md @a I', 'md @a C5 I', 'md @a I E77', 'mg @a C77 v k'],
    ['HD', 'HD', 'EX', 'HD', 'HD k@a X W'],
  ],
  [
    'x removes the value and keeps the number',
    ['ms @a 3 E77 F9 T90', 'abc', 'md @a x', 'mg @a v s f t C77'],
    ['HD', 'HD', 'HD s0 f0 t-1'],
  ],
  [
    'x with I, T and F leaves a tombstone',
    ['ms @a 3', 'abc', 'md @a x I T30 F8', 'mg @a s t f v'],
    ['HD', 'HD', 'VA 0 s0 t30 f8 X W', ''],
  ],
];

const ARITHMETIC: readonly Play[] = [
  [
    'ma counts by one, or by D',
    [
      'ma @a',
      'set @a 0 0 1',
      '5',
      'ma @a',
      'ma @a v',
      'ma @a D10 v',
      'ma @a MD v',
      'ma @a M- D100 v',
      'ma @a M+ v',
      'ma @a MI v',
    ],
    ['NF', 'STORED', 'HD', 'VA 1', '7', 'VA 2', '17', 'VA 2', '16', 'VA 1', '0', 'VA 1', '1', 'VA 1', '2'],
  ],
  [
    'N creates with J',
    ['ma @a N90 J13 v t c k', 'ma @a v t', 'ma @b N0 t v', 'mg @b v s'],
    ['VA 2 t90 c#1 k@a', '13', 'VA 2 t90', '14', 'VA 1 t-1', '0', 'VA 1 s1', '0'],
  ],
  [
    'T sets the expiry behind or before t',
    ['set @a 0 0 1', '5', 'ma @a t T50 t', 'ma @a T60 t', 'ma @a t T0', 'ma @a t'],
    ['STORED', 'CLIENT_ERROR invalid or duplicate flag', 'HD t60', 'HD t60', 'HD t-1'],
  ],
  [
    'C counts only over that number, E gives one',
    ['ms @a 1 E7', '5', 'ma @a C8 k', 'ma @a C7 E9 c v', 'ma @a C9 v'],
    ['HD', 'EX k@a', 'VA 1 c#1', '6', 'VA 1', '7'],
  ],
  [
    'q hides success alone',
    ['ma @a q', 'ma @a N0 q', 'ma @a q', 'ma @a C1 q', 'ms @a 2', 'hi', 'ma @a q', 'mn'],
    ['NF', 'EX', 'HD', 'CLIENT_ERROR cannot increment or decrement non-numeric value', 'MN'],
  ],
  [
    'a bad mode and a bad delta are refused',
    ['ma @a MX', 'ma @a Dx'],
    ['CLIENT_ERROR invalid mode for ma M token', 'CLIENT_ERROR invalid or duplicate flag'],
  ],
];

const DEBUG: readonly Play[] = [
  [
    'me shows an item and does not use it',
    ['set @a 0 0 1', 'x', 'me @a', 'get @a', 'me @a', 'me @b', 'me'],
    [
      'STORED',
      'ME @a exp=-1 la=0 cas=#1 fetch=no cls=1 size=66',
      'VALUE @a 0 1',
      'x',
      'END',
      'ME @a exp=-1 la=0 cas=#1 fetch=yes cls=1 size=66',
      'EN',
      'CLIENT_ERROR bad command line format',
    ],
  ],
  [
    'me shows the seconds left',
    ['set @a 0 90 1', 'x', 'me @a'],
    ['STORED', 'ME @a exp=90 la=0 cas=#1 fetch=no cls=1 size=66'],
  ],
  [
    'me decodes a base64 key only before a further word',
    ['ms YWI= 2 b', 'cd', 'me YWI= b', 'me YWI= b x', 'md ab'],
    ['HD', 'EN', 'ME YWI= exp=-1 la=0 cas=#1 fetch=no cls=1 size=63', 'HD'],
  ],
];

// Items of at most 1 KiB: too large is within reach of a cut at every byte.
const worker = makeWorker({
  store: { itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024, memoryLimitBytes: 8 * 2 ** 20 },
});

function expectPlay(sent: string[], replies: string[]): void {
  expect(playEveryWay(worker, lines(...sent))).toBe(lines(...replies));
}

describe('mg', () => {
  test.each(GET)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('marks', () => {
  test.each(MARKS)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('ms', () => {
  test.each(SET)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('md', () => {
  test.each(DELETE)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('ma', () => {
  test.each(ARITHMETIC)('%s', (_, sent, replies) => expectPlay(sent, replies));
});

describe('me and mn', () => {
  test.each(DEBUG)('%s', (_, sent, replies) => expectPlay(sent, replies));

  test('mn answers whatever stands behind it', () => {
    expectPlay(['mn', 'mn foo bar'], ['MN', 'MN']);
  });
});
