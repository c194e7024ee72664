/**
 * The options of single operations, and the meta flags that say them to a node.
 *
 * Called by Client. Lifetimes are always relative here: memcached takes more than 30 days for a date, so such a lifetime is
 * sent as the date that it means. What cannot be is refused with a BadOptionsError.
 */
import { BadOptionsError } from './errors.js';
import type { ReadAs } from './values.js';

export interface CallOptions {
  /** From the call to the reply; the client's own unless given. */
  readonly timeoutMs?: number;
  /** Fails the call at once. What was sent may still take effect. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /** Bytes or a string whatever the flags say. */
  readonly as?: ReadAs;
}

export interface StoreOptions extends CallOptions {
  /** 0, the default: until it is evicted. */
  readonly ttlSeconds?: number;
}

export interface CountOptions extends CallOptions {
  /** A missing counter is made with this number and `ttlSeconds`. */
  readonly initial?: number | bigint;
  readonly ttlSeconds?: number;
}

/** memcached's REALTIME_MAXDELTA: what is longer counts as seconds since 1970. */
const RELATIVE_SECONDS_MAX = 60 * 60 * 24 * 30;
const SECONDS_MAX = 0x7fff_ffff;
const COUNTER_MAX = 2n ** 64n - 1n;

/** A program's sets mostly have one lifetime: what was made last is kept. */
let lastKey = Number.NaN;
let lastSuffix = '';

export function storeSuffix(flags: number, mode: string, options: StoreOptions | undefined): string {
  const ttlSeconds = options?.ttlSeconds ?? 0;
  if (ttlSeconds > RELATIVE_SECONDS_MAX) return plainSuffix(flags, ttlSeconds) + mode;
  const key = ttlSeconds * 16 + flags;
  if (key !== lastKey) {
    lastSuffix = plainSuffix(flags, ttlSeconds);
    lastKey = key;
  }
  return mode === '' ? lastSuffix : lastSuffix + mode;
}

function plainSuffix(flags: number, ttlSeconds: number): string {
  const exptime = exptimeOf(ttlSeconds);
  return (flags === 0 ? '' : ` F${flags}`) + (exptime === 0 ? '' : ` T${exptime}`);
}

export function countSuffix(mode: string, delta: number | bigint, options: CountOptions | undefined): string {
  const step = ` v D${counter('delta', delta)}${mode}`;
  if (options?.initial === undefined) return step;
  return `${step} J${counter('initial', options.initial)} N${exptimeOf(options.ttlSeconds ?? 0)}`;
}

function counter(name: string, value: number | bigint): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isWhole || value < 0 || value > COUNTER_MAX) {
    throw new BadOptionsError([`${name} is not a whole number from 0 to 2⁶⁴ − 1`]);
  }
  return BigInt(value);
}

/** memcached's exptime for a lifetime. */
export function exptimeOf(ttlSeconds: number): number {
  const seconds = wholeSeconds('ttlSeconds', ttlSeconds);
  if (seconds <= RELATIVE_SECONDS_MAX) return seconds;
  return Math.min(SECONDS_MAX, Math.floor(Date.now() / 1000) + seconds);
}

/** A part of a second counts as a whole one, so that no lifetime becomes "for ever". */
export function wholeSeconds(name: string, seconds: number): number {
  if (!(seconds >= 0 && seconds <= SECONDS_MAX)) {
    throw new BadOptionsError([`${name} is not a number of seconds from 0 to ${SECONDS_MAX}`]);
  }
  return Math.ceil(seconds);
}
