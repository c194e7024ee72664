/**
 * The traffic of the quality measurements: which key is asked for next, and how long its value is.
 *
 * Used by hit-ratio.ts and size-shift.ts. Seeded: the same pattern, seed and number of keys give the same requests on every
 * machine, so both servers are asked for the same. A key is a number below `keyCount`; keys from `mainKeys` on belong to
 * scans and are asked for once a scan. The length of a value is a function of its key alone.
 */
import { Random } from '../load/random.js';
import { Zipf } from './zipf.js';

export const PATTERNS = ['zipf-0.8', 'zipf-1.0', 'zipf-1.2', 'zipf-1.0-scans', 'shifting', 'mixed-sizes'] as const;
export type PatternName = (typeof PATTERNS)[number];

export const PATTERN_TITLES: Readonly<Record<PatternName, string>> = {
  'zipf-0.8': 'Zipf 0.8',
  'zipf-1.0': 'Zipf 1.0',
  'zipf-1.2': 'Zipf 1.2',
  'zipf-1.0-scans': 'Zipf 1.0 with scans',
  shifting: 'Zipf 1.0, working set shifts',
  'mixed-sizes': 'Zipf 1.0, values of 10 to 2,000 bytes',
};

export interface RequestStream {
  readonly keyCount: number;
  /** Keys below this are the main traffic; the others are scanned. */
  readonly mainKeys: number;
  next(): number;
  valueBytes(key: number): number;
}

export interface StreamPlan {
  readonly pattern: PatternName;
  readonly seed: number;
  readonly memoryMiB: number;
}

export const KEY_BYTES = 32;
const VALUE_BYTES = 100;
const MIXED = { minBytes: 10, maxBytes: 2000 };
/** Keyspace in multiples of what fits, roughly: key, value and 50 bytes for whatever a server adds. */
const KEYS_PER_ROOM = 4;
const ROUGH_OVERHEAD_BYTES = 50;
/** A scan asks for as many keys in a row as an eighth of what fits, and a fifth of all requests are scans. */
const SCAN_PART = 8;
const SCAN_SHARE = 5;
/** A working set moves by a twentieth of the keys after as many requests as a fifth of the keys. */
const SHIFT_PART = 20;
const SHIFT_EVERY_PART = 5;

export function requestStream(plan: StreamPlan): RequestStream {
  const random = new Random(plan.seed);
  if (plan.pattern === 'mixed-sizes') {
    const keys = keysFor(plan.memoryMiB, logUniformMean(MIXED));
    return plainStream(new Zipf(random, { ranks: keys, exponent: 1 }), keys, mixedBytes);
  }
  const keys = keysFor(plan.memoryMiB, VALUE_BYTES);
  const zipf = new Zipf(random, { ranks: keys, exponent: exponentOf(plan.pattern) });
  if (plan.pattern === 'zipf-1.0-scans') return scannedStream(zipf, random, keys);
  if (plan.pattern === 'shifting') return shiftingStream(zipf, keys);
  return plainStream(zipf, keys, fixedBytes);
}

function exponentOf(pattern: PatternName): number {
  return pattern === 'zipf-0.8' ? 0.8 : pattern === 'zipf-1.2' ? 1.2 : 1;
}

export function roomFor(memoryMiB: number, valueBytes: number): number {
  return Math.floor((memoryMiB * 2 ** 20) / (KEY_BYTES + valueBytes + ROUGH_OVERHEAD_BYTES));
}

function keysFor(memoryMiB: number, valueBytes: number): number {
  return KEYS_PER_ROOM * roomFor(memoryMiB, valueBytes);
}

function fixedBytes(): number {
  return VALUE_BYTES;
}

function plainStream(zipf: Zipf, keyCount: number, valueBytes: (key: number) => number): RequestStream {
  return { keyCount, mainKeys: keyCount, next: () => zipf.next(), valueBytes };
}

/** Every key of the scanned part in turn, in runs that begin at random moments of the Zipf traffic. */
function scannedStream(zipf: Zipf, random: Random, mainKeys: number): RequestStream {
  const scanKeys = Math.floor(mainKeys / KEYS_PER_ROOM / SCAN_PART);
  const keyCount = 2 * mainKeys;
  let nextScanned = mainKeys;
  let left = 0;
  const next = (): number => {
    if (left === 0 && random.below(scanKeys * (SCAN_SHARE - 1)) === 0) left = scanKeys;
    if (left === 0) return zipf.next();
    left--;
    const key = nextScanned++;
    if (nextScanned === keyCount) nextScanned = mainKeys;
    return key;
  };
  return { keyCount, mainKeys, next, valueBytes: fixedBytes };
}

function shiftingStream(zipf: Zipf, keyCount: number): RequestStream {
  const shift = Math.floor(keyCount / SHIFT_PART);
  const every = Math.floor(keyCount / SHIFT_EVERY_PART);
  let offset = 0;
  let requests = 0;
  const next = (): number => {
    if (++requests % every === 0) offset = (offset + shift) % keyCount;
    return (zipf.next() + offset) % keyCount;
  };
  return { keyCount, mainKeys: keyCount, next, valueBytes: fixedBytes };
}

/** Log-uniform between the two bounds: as many keys from 10 to 100 bytes as from 100 to 1,000. */
function mixedBytes(key: number): number {
  const part = (Math.imul(key + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
  return Math.floor(MIXED.minBytes * (MIXED.maxBytes / MIXED.minBytes) ** part);
}

function logUniformMean({ minBytes, maxBytes }: { minBytes: number; maxBytes: number }): number {
  return (maxBytes - minBytes) / Math.log(maxBytes / minBytes);
}

/** Every key once, in an order that says nothing of how often it will be asked for. */
export function shuffledKeys(keyCount: number, seed: number): Int32Array {
  const random = new Random(seed);
  const keys = Int32Array.from({ length: keyCount }, (_, key) => key);
  for (let i = keyCount - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [keys[i], keys[other]] = [keys[other], keys[i]];
  }
  return keys;
}
