// The rows of the engine benchmark, and the batches of each: what one receive brings. Used by main.ts.
// A row's batches lie behind each other in one buffer that is larger than the caches nearest to the core, as a kernel's
// socket buffers are. Rows are named as those of bench/src/rows.ts; `-1m` takes its keys from a million.
import { Random } from './random-keys.js';
import { type DialectName, getRequest, type KeySpace, manyKeysRequest, setRequest } from './requests.js';

export interface EngineRow extends KeySpace {
  readonly id: string;
  readonly dialect: DialectName;
  readonly verb: 'get' | 'set' | 'mget';
  /** Requests of a batch; keys of an mget. */
  readonly depth: number;
}

const FEW_KEYS = 10_000;
const MANY_KEYS = 1_000_000;
const POOL_BYTES = 4 * 1024 * 1024;
const BATCHES_MAX = 4096;
const SEED = 0x5ba1;

const PLAIN = { depth: 1, valueBytes: 100, keyCount: FEW_KEYS } as const;

export const ENGINE_ROWS: readonly EngineRow[] = [
  { ...PLAIN, id: 'get', dialect: 'text', verb: 'get' },
  { ...PLAIN, id: 'set', dialect: 'text', verb: 'set' },
  { ...PLAIN, id: 'get16-text', dialect: 'text', verb: 'get', depth: 16 },
  { ...PLAIN, id: 'set16-text', dialect: 'text', verb: 'set', depth: 16 },
  { ...PLAIN, id: 'get16-meta', dialect: 'meta', verb: 'get', depth: 16 },
  { ...PLAIN, id: 'set16-meta', dialect: 'meta', verb: 'set', depth: 16 },
  { ...PLAIN, id: 'get16-binary', dialect: 'binary', verb: 'get', depth: 16 },
  { ...PLAIN, id: 'set16-binary', dialect: 'binary', verb: 'set', depth: 16 },
  { ...PLAIN, id: 'mget', dialect: 'text', verb: 'mget', depth: 50 },
  { ...PLAIN, id: 'get-1000', dialect: 'text', verb: 'get', valueBytes: 1000 },
  { ...PLAIN, id: 'set-1000', dialect: 'text', verb: 'set', valueBytes: 1000 },
  { ...PLAIN, id: 'get-8000', dialect: 'text', verb: 'get', valueBytes: 8000 },
  { ...PLAIN, id: 'set-8000', dialect: 'text', verb: 'set', valueBytes: 8000 },
  { ...PLAIN, id: 'get16-text-1m', dialect: 'text', verb: 'get', depth: 16, keyCount: MANY_KEYS },
  { ...PLAIN, id: 'set16-text-1m', dialect: 'text', verb: 'set', depth: 16, keyCount: MANY_KEYS },
];

/** What each receive brings. */
export function makeBatches(row: EngineRow): Uint8Array[] {
  const random = new Random(SEED);
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < POOL_BYTES && pieces.length < BATCHES_MAX; bytes += pieces[pieces.length - 1].length) {
    pieces.push(makeBatch(row, () => random.below(row.keyCount)));
  }
  const pool = new Uint8Array(Buffer.concat(pieces));
  let start = 0;
  return pieces.map(({ length }) => {
    start += length;
    return pool.subarray(start - length, start);
  });
}

function makeBatch(row: EngineRow, anyKey: () => number): Buffer {
  const { verb, dialect, depth } = row;
  const numbers = Array.from({ length: depth }, anyKey);
  if (verb === 'mget') return manyKeysRequest(row, numbers);
  const request = verb === 'get' ? getRequest : setRequest;
  return Buffer.concat(numbers.map((number) => request(dialect, row, number)));
}
