import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Conversation, makeWorker } from './testing/conversation.js';

/** What memcached would hold: the plainest model of the commands that there is. */
interface Entry {
  value: string;
  flags: number;
  exptime: number;
  /** Counts up with every store; the server's number is compared by identity. */
  version: number;
}

type Action =
  | { do: 'set' | 'add' | 'replace'; key: string; value: string; flags: number; ttl: number }
  | { do: 'append' | 'prepend'; key: string; value: string }
  | { do: 'cas'; key: string; value: string; isCurrent: boolean }
  | { do: 'incr' | 'decr'; key: string; delta: bigint }
  | { do: 'touch'; key: string; ttl: number }
  | { do: 'delete'; key: string }
  | { do: 'pass'; seconds: number };

const START = 100;

/** The same commands through a session and against a Map. Memory is ample, so that nothing is evicted. */
class Model {
  readonly conversation = new Conversation(
    makeWorker({ store: { memoryLimitBytes: 128 * 2 ** 20, slabChunkMaxBytes: 16_384, hashPower: 12 } }),
  );
  readonly #entries = new Map<string, Entry>();
  /** The server's CAS number of each version. */
  readonly #casOf = new Map<number, string>();
  #versions = 0;
  #now = START;
  readonly #pieceBytes: number;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
    this.conversation.worker.store.clock.set(START);
  }

  run(action: Action): void {
    switch (action.do) {
      case 'pass':
        this.#now += action.seconds;
        this.conversation.worker.store.clock.set(this.#now);
        return;
      case 'delete':
        this.#expect(`delete ${action.key}\r\n`, this.#alive(action.key) === null ? 'NOT_FOUND' : 'DELETED');
        this.#entries.delete(action.key);
        return;
      case 'touch':
        this.#touch(action.key, action.ttl);
        return;
      case 'incr':
      case 'decr':
        this.#count(action.key, action.do, action.delta);
        return;
      case 'append':
      case 'prepend':
        this.#join(action.key, action.do, action.value);
        return;
      case 'cas':
        this.#cas(action.key, action.value, action.isCurrent);
        return;
      default:
        this.#store(action);
    }
  }

  /** gets of all keys shows exactly the model's items. */
  checkAll(keys: readonly string[]): void {
    const reply = this.#send(`gets ${keys.join(' ')}\r\n`);
    const lines = keys.flatMap((key) => {
      const entry = this.#alive(key);
      return entry === null
        ? []
        : [`VALUE ${key} ${entry.flags} ${entry.value.length} ${this.#cas_(reply, key, entry)}\r\n${entry.value}\r\n`];
    });
    expect(reply).toBe(`${lines.join('')}END\r\n`);
  }

  #store({ do: how, key, value, flags, ttl }: Extract<Action, { do: 'set' | 'add' | 'replace' }>): void {
    const isThere = this.#alive(key) !== null;
    const stores = how === 'set' || isThere === (how === 'replace');
    const line = `${how} ${key} ${flags} ${ttl} ${value.length}\r\n${value}\r\n`;
    this.#expect(line, stores ? 'STORED' : 'NOT_STORED');
    if (stores) this.#put(key, { value, flags, exptime: ttl === 0 ? 0 : this.#now + ttl });
  }

  #join(key: string, how: 'append' | 'prepend', value: string): void {
    const old = this.#alive(key);
    this.#expect(`${how} ${key} 9 9 ${value.length}\r\n${value}\r\n`, old === null ? 'NOT_STORED' : 'STORED');
    if (old !== null) this.#put(key, { ...old, value: how === 'append' ? old.value + value : value + old.value });
  }

  #cas(key: string, value: string, isCurrent: boolean): void {
    const old = this.#alive(key);
    const known = old === null ? undefined : this.#casOf.get(old.version);
    const cas = isCurrent && known !== undefined ? known : '987654321987';
    const reply = old === null ? 'NOT_FOUND' : cas === known ? 'STORED' : 'EXISTS';
    this.#expect(`cas ${key} 3 0 ${value.length} ${cas}\r\n${value}\r\n`, reply);
    if (reply === 'STORED') this.#put(key, { value, flags: 3, exptime: 0 });
  }

  #count(key: string, how: 'incr' | 'decr', delta: bigint): void {
    const old = this.#alive(key);
    const number = old === null ? null : numberOf(old.value);
    if (old === null || number === null) {
      const reply = old === null ? 'NOT_FOUND' : 'CLIENT_ERROR cannot increment or decrement non-numeric value';
      this.#expect(`${how} ${key} ${delta}\r\n`, reply);
      return;
    }
    const next = how === 'incr' ? BigInt.asUintN(64, number + delta) : number > delta ? number - delta : 0n;
    this.#expect(`${how} ${key} ${delta}\r\n`, next.toString());
    this.#put(key, { ...old, value: next.toString().padEnd(old.value.length) });
  }

  #touch(key: string, ttl: number): void {
    const old = this.#alive(key);
    this.#expect(`touch ${key} ${ttl}\r\n`, old === null ? 'NOT_FOUND' : 'TOUCHED');
    if (old !== null) old.exptime = ttl === 0 ? 0 : this.#now + ttl;
  }

  #put(key: string, entry: Omit<Entry, 'version'>): void {
    this.#entries.set(key, { ...entry, version: ++this.#versions });
  }

  #alive(key: string): Entry | null {
    const entry = this.#entries.get(key);
    return entry === undefined || (entry.exptime !== 0 && entry.exptime <= this.#now) ? null : entry;
  }

  /** The number shown for an entry: any at first, the same as long as nothing is stored. */
  #cas_(reply: string, key: string, { version }: Entry): string {
    const shown = new RegExp(`^VALUE ${key} \\d+ \\d+ (\\d+)\\r$`, 'm').exec(reply)?.[1] ?? 'none';
    const known = this.#casOf.get(version);
    if (known === undefined) {
      expect([...this.#casOf.values()]).not.toContain(shown);
      this.#casOf.set(version, shown);
    }
    return known ?? shown;
  }

  #expect(sent: string, reply: string): void {
    expect(this.#send(sent)).toBe(`${reply}\r\n`);
  }

  #send(sent: string): string {
    return this.conversation.send(sent, this.#pieceBytes);
  }
}

/** memcached's rule: a number at the start, white space or nothing behind it. */
function numberOf(value: string): bigint | null {
  const digits = /^\s*(\d+)(?![^\s])/.exec(value)?.[1];
  return digits === undefined || BigInt(digits) >= 2n ** 64n ? null : BigInt(digits);
}

const KEYS = Array.from({ length: 12 }, (_, index) => `key${index}`);
const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 40 }).map((text) => `s${text.replace(/[^\x20-\x7e]/g, '')}`) },
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 65n }).map(String) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60_000 }).map((bytes) => 'v\r\n'.repeat(bytes / 3)) },
);
const ttl = fc.constantFrom(0, 0, 1, 5, 30);
const flags = fc.constantFrom(0, 1, 0xffffffff);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('set', 'add', 'replace'), key, value, flags, ttl }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('append', 'prepend'), key, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cas'), key, value, isCurrent: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('incr', 'decr'),
      key,
      delta: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('touch'), key, ttl }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass'), seconds: fc.integer({ min: 1, max: 4 }) }) },
);

test('a session holds what a plain Map holds, and leaves a sound store', () => {
  const run = fc.property(
    fc.array(fc.array(action, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 }),
    fc.constantFrom(65_536, 1000, 7),
    (batches, pieceBytes) => {
      const model = new Model(pieceBytes);
      for (const batch of batches) {
        for (const step of batch) model.run(step);
        model.checkAll(KEYS);
        expect(model.conversation.flaws()).toEqual([]);
      }
    },
  );
  const seed = Number(process.env.SHOAL_TEST_SEED ?? Date.now() & 0x7fffffff);
  process.stdout.write(`session model seed ${seed} (SHOAL_TEST_SEED repeats it)\n`);
  fc.assert(run, { seed, numRuns: 40 });
});
