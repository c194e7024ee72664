/**
 * What the hammer does to a server, apart from any dialect: an operation, and what came of it. The model says what must
 * come of an operation on a key that only one client uses; the dialects say it in bytes.
 */
import type { RandomBytes } from '../harness/random-bytes.js';

export type Operation =
  | { readonly kind: 'get' | 'delete' | 'touch'; readonly key: string }
  | { readonly kind: 'set' | 'add' | 'replace'; readonly key: string; readonly value: string; readonly flags: number }
  | { readonly kind: 'append' | 'prepend'; readonly key: string; readonly value: string }
  | { readonly kind: 'cas'; readonly key: string; readonly value: string; readonly flags: number; readonly cas: bigint }
  | { readonly kind: 'incr' | 'decr'; readonly key: string; readonly delta: bigint };

export type Outcome =
  | { readonly kind: 'done' | 'missing' | 'refused' | 'exists' | 'not a number' }
  | { readonly kind: 'value'; readonly value: string; readonly flags: number; readonly cas: bigint }
  | { readonly kind: 'number'; readonly number: bigint };

interface Item {
  value: string;
  flags: number;
}

const NUMBER = /^(\d+)(?: |$)/;
const TWO_TO_64 = 2n ** 64n;
/** Small, so that numbers hardly ever get shorter: whether memcached pads one depends on whether a reply still holds it. */
const DECREMENT_MAX = 10;

/** The items of one client, and what the server must say of them. */
export class Model {
  readonly items = new Map<string, Item>();

  /** What must come of the operation; also does it. A `value` outcome is compared without its CAS. */
  apply(operation: Operation): Outcome {
    const item = this.items.get(operation.key);
    switch (operation.kind) {
      case 'get':
        return item === undefined ? { kind: 'missing' } : { kind: 'value', ...item, cas: 0n };
      case 'delete':
        return { kind: this.items.delete(operation.key) ? 'done' : 'missing' };
      case 'touch':
        return { kind: item === undefined ? 'missing' : 'done' };
      case 'set':
        return this.#store(operation);
      case 'add':
        return item === undefined ? this.#store(operation) : { kind: 'refused' };
      case 'replace':
        return item === undefined ? { kind: 'refused' } : this.#store(operation);
      case 'cas':
        // The hammer only sends a CAS that it has just read, or one that can never be.
        if (item === undefined) return { kind: 'missing' };
        return operation.cas === NEVER_CAS ? { kind: 'exists' } : this.#store(operation);
      case 'append':
      case 'prepend':
        return extend(item, operation.kind, operation.value);
      case 'incr':
      case 'decr':
        return count(item, operation.kind, operation.delta);
    }
  }

  #store({ key, value, flags }: { key: string; value: string; flags: number }): Outcome {
    this.items.set(key, { value, flags });
    return { kind: 'done' };
  }
}

/** No item ever gets it within a test. */
export const NEVER_CAS = 2n ** 63n - 1n;

function extend(item: Item | undefined, side: 'append' | 'prepend', value: string): Outcome {
  if (item === undefined) return { kind: 'refused' };
  item.value = side === 'append' ? item.value + value : value + item.value;
  return { kind: 'done' };
}

/** A result that is shorter than what it replaces is padded with blanks; what follows a blank does not count. */
function count(item: Item | undefined, direction: 'incr' | 'decr', delta: bigint): Outcome {
  if (item === undefined) return { kind: 'missing' };
  const digits = NUMBER.exec(item.value)?.[1];
  if (digits === undefined || BigInt(digits) >= TWO_TO_64) return { kind: 'not a number' };
  const before = BigInt(digits);
  const down = before > delta ? before - delta : 0n;
  const number = direction === 'incr' ? (before + delta) % TWO_TO_64 : down;
  item.value = String(number).padEnd(item.value.length, ' ');
  return { kind: 'number', number };
}

export interface OperationChoices {
  readonly keys: readonly string[];
  readonly valueBytesMax: number;
}

/** A random operation; a cas uses the number that a get has shown, as long as nothing has changed the item since. */
export function randomOperation(
  random: RandomBytes,
  choices: OperationChoices,
  seenCas: Map<string, bigint>,
): Operation {
  const key = random.oneOf(choices.keys);
  const value = randomValue(random, choices.valueBytesMax);
  const flags = random.below(2 ** 32);
  const kind = random.oneOf(KINDS);
  const cas = seenCas.get(key) ?? NEVER_CAS;
  if (kind !== 'get' && kind !== 'touch') seenCas.delete(key);
  switch (kind) {
    case 'get':
    case 'delete':
    case 'touch':
      return { kind, key };
    case 'set':
    case 'add':
    case 'replace':
      return { kind, key, value, flags };
    case 'append':
    case 'prepend':
      return { kind, key, value: value.slice(0, 200) };
    case 'cas':
      return { kind, key, value, flags, cas };
    case 'incr':
      return { kind, key, delta: BigInt(random.below(2 ** 40)) };
    case 'decr':
      return { kind, key, delta: BigInt(random.below(DECREMENT_MAX)) };
  }
}

const KINDS = [
  ...(['get', 'get', 'get', 'get', 'set', 'set', 'set', 'add', 'replace', 'append', 'prepend'] as const),
  ...(['delete', 'touch', 'cas', 'cas', 'incr', 'incr', 'decr'] as const),
];

function randomValue(random: RandomBytes, bytesMax: number): string {
  if (random.below(3) === 0) return String(random.below(2 ** 32));
  const length = random.below(random.below(20) === 0 ? bytesMax : 300);
  const start = `v${random.bytes(16).toString('latin1')}`.slice(0, length);
  return start.padEnd(length, random.oneOf(['.', '\r\n', '\0']));
}
