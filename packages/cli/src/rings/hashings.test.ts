import { describe, expect, test } from '@jest/globals';
import { HASHINGS } from './hashings.js';

const NODES = Array.from({ length: 7 }, (_, index) => ({
  hostname: '127.0.0.1',
  ip: '127.0.0.1',
  port: 21_201 + index,
}));
const KEYS = ['a', 'user:1', '007', 'ключ', 'x'.repeat(250), 'k13xvnsp', 'kmya99j'];

/** Taken from the libraries themselves; packages/e2e asks them again, about many more keys, where they are installed. */
const OWNERS: Readonly<Record<string, readonly number[]>> = {
  shoal: [1, 3, 2, 2, 1, 1, 0],
  libmemcached: [0, 4, 0, 4, 4, 1, 5],
  memcached: [1, 3, 2, 2, 1, 0, 1],
  memjs: [6, 2, 1, 4, 0, 0, 6],
  pymemcache: [3, 1, 3, 2, 3, 6, 1],
  dalli: [6, 6, 3, 3, 1, 2, 6],
  spymemcached: [6, 2, 1, 4, 0, 4, 5],
  'spymemcached-ketama': [1, 3, 2, 2, 1, 1, 0],
};

describe('each library', () => {
  test('is known, once', () => {
    expect(HASHINGS.map(({ library }) => library)).toEqual(Object.keys(OWNERS));
  });

  test.each(HASHINGS.map((hashing) => ({ ...hashing })))(
    '$library places known keys where it does itself',
    (hashing) => {
      expect(KEYS.map(hashing.place(NODES) ?? (() => -1))).toEqual(OWNERS[hashing.library]);
    },
  );

  test.each(HASHINGS.map((hashing) => ({ ...hashing })))('$library gives every key to the only node', ({ place }) => {
    expect(KEYS.map(place(NODES.slice(0, 1)) ?? (() => -1))).toEqual(KEYS.map(() => 0));
  });

  test.each(HASHINGS.map((hashing) => ({ ...hashing })))('$library uses every one of 40 nodes', ({ place }) => {
    const nodes = Array.from({ length: 40 }, (_, index) => ({ hostname: `10.0.0.${index}`, ip: '', port: 11211 }));
    const placement = place(nodes) ?? (() => -1);
    const owners = new Set(Array.from({ length: 5000 }, (_, index) => placement(`key:${index}:${index * 7919}`)));
    expect([...owners].sort((one, other) => one - other)).toEqual(nodes.map((_, index) => index));
  });
});

test("spymemcached's ketama is not told for a name whose address is unknown", () => {
  const [hashing] = HASHINGS.filter(({ library }) => library === 'spymemcached-ketama');
  expect(hashing.place([{ hostname: 'localhost', ip: '', port: 1 }])).toBeNull();
  expect(hashing.place([{ hostname: 'localhost', ip: '127.0.0.1', port: 1 }])).not.toBeNull();
});
