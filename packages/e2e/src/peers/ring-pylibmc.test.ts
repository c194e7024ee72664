/**
 * The ring against libmemcached as Python programs use it: a real client stores real keys on listening sockets, and each
 * has to arrive where our ring says. On ports of any kind, and on 11211, which libmemcached leaves out of its labels: the
 * nodes are then addresses of the loopback network that nothing else uses.
 */
import { describe, expect } from '@jest/globals';
import { HashRing } from '@shoal/client';
import { testWith } from '../harness/outside-program.js';
import { HAS_PYLIBMC, storeWithPylibmc } from './ring-programs.js';
import { type KeyRecorder, startRecorders, stopRecorders } from './ring-recorders.js';

const SIZES = [1, 3, 25, 40];
const KEY_COUNT = 10_000;
const DEADLINE_MS = 240_000;
const DEFAULT_PORT = 11211;

/** Short, long and longer than a block of md5. */
const KEYS = Array.from({ length: KEY_COUNT }, (_, index) => `key:${index}:${'abcdefghij'.repeat(index % 24)}`);

const PLACES = {
  'ports of their own': () => ({ host: '127.0.0.1', port: 0 }),
  'port 11211 of many hosts': (index: number) => ({
    host: `127.211.${process.pid % 200}.${index + 1}`,
    port: DEFAULT_PORT,
  }),
};

/** Keys that lie on another node than the one that the ring names. */
function strays(recorders: readonly KeyRecorder[]): string[] {
  const ring = new HashRing(recorders.map(({ node }) => node));
  return recorders.flatMap(({ keys }, index) => keys.filter((key) => ring.ownerOf(Buffer.from(key)) !== index));
}

describe.each(Object.entries(PLACES))('the ring, with nodes on %s', (_, place) => {
  for (const size of SIZES) {
    testWith('python3-pylibmc', HAS_PYLIBMC)(
      `places ${KEY_COUNT} keys over ${size} nodes as pylibmc's ketama_weighted does`,
      async () => {
        const recorders = await startRecorders(size, place);
        try {
          expect(await storeWithPylibmc(recorders, KEYS, { ketama_weighted: true })).toBe(`${KEY_COUNT} stored\n`);
          expect(recorders.flatMap(({ keys }) => keys).sort()).toEqual([...KEYS].sort());
          expect(strays(recorders)).toEqual([]);
        } finally {
          await stopRecorders(recorders);
        }
      },
      DEADLINE_MS,
    );
  }
});
