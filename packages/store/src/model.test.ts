import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Maintenance } from './maintenance.js';
import { CacheDriver, isSame, patternedValue } from './testing/cache-driver.js';
import { verify } from './verify.js';

interface Expected {
  value: Uint8Array;
  exptime: number;
}

/** A cache beside a plain Map. Evictions are allowed to lose items, never to show a wrong value. */
class Model {
  readonly cache = new CacheDriver({
    memoryLimitBytes: 3 * 2 ** 20,
    slabChunkMaxBytes: 16 * 1024,
    hashPower: 12,
    temporaryTtlSeconds: 20,
  });
  readonly maintenance = new Maintenance(this.cache.attach(1).store);
  readonly expected = new Map<string, Expected>();
  #ms = 0;

  set(key: string, bytes: number, ttl: number): void {
    const value = patternedValue(bytes + key.length, bytes);
    const exptime = ttl === 0 ? 0 : this.cache.store.now() + ttl;
    if (this.cache.set(key, value, { exptime }) === 'stored') this.expected.set(key, { value, exptime });
  }

  append(key: string, bytes: number): void {
    const old = this.#alive(key);
    const more = patternedValue(bytes, bytes);
    if (!this.cache.append(key, more)) return;
    if (old === null) throw new Error(`appended to ${key}, which should not be there`);
    this.expected.set(key, { value: Buffer.concat([old.value, more]), exptime: old.exptime });
  }

  delete(key: string): void {
    const wasThere = this.cache.delete(key);
    if (wasThere) expect(this.#alive(key)).not.toBeNull();
    this.expected.delete(key);
  }

  check(key: string): void {
    const value = this.cache.get(key);
    if (value !== null) expect(isSame(value, this.#alive(key)?.value)).toBe(true);
  }

  flush(): void {
    this.cache.store.flushAll(this.cache.store.now());
    this.expected.clear();
  }

  pass(seconds: number): void {
    this.cache.store.clock.set(this.cache.store.now() + seconds);
  }

  maintain(steps: number): void {
    for (let i = 0; i < steps; i++, this.#ms += 500) this.maintenance.step(this.#ms);
  }

  move(source: number, destination: number): void {
    this.cache.store.reassign(source, destination);
    this.maintain(200);
  }

  #alive(key: string): Expected | null {
    const entry = this.expected.get(key);
    if (entry === undefined) return null;
    return entry.exptime !== 0 && entry.exptime <= this.cache.store.now() ? null : entry;
  }
}

const key = fc.integer({ min: 0, max: 400 }).map((n) => `key${n}`);
const size = fc.oneof(
  fc.constantFrom(0, 100, 500),
  fc.integer({ min: 0, max: 600 }),
  fc.integer({ min: 0, max: 60_000 }),
);
const sizeClass = fc.integer({ min: -1, max: 24 });
const action = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('set' as const), key, size, ttl: fc.constantFrom(0, 0, 5, 60) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('check' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('append' as const), key, size }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('maintain' as const), steps: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), from: sizeClass, to: sizeClass }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const RUN: { [Do in Action['do']]: (model: Model, step: Extract<Action, { do: Do }>) => void } = {
  set: (model, step) => model.set(step.key, step.size, step.ttl),
  check: (model, step) => model.check(step.key),
  delete: (model, step) => model.delete(step.key),
  append: (model, step) => model.append(step.key, step.size),
  maintain: (model, step) => model.maintain(step.steps),
  pass: (model, step) => model.pass(step.seconds),
  move: (model, step) => model.move(step.from, step.to),
  flush: (model) => model.flush(),
};

function run(model: Model, step: Action): void {
  (RUN[step.do] as (model: Model, step: Action) => void)(model, step);
}

test('a store that does random work never shows a wrong value and stays sound', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 200, maxLength: 600, size: 'max' }), (steps) => {
      const model = new Model();
      for (const step of steps) run(model, step);
      model.maintain(50);
      expect(verify(model.cache.store)).toEqual([]);
      for (const name of model.expected.keys()) model.check(name);
    }),
    { numRuns: 30 },
  );
}, 120_000);
