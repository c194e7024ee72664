/**
 * What an item's times and a new item's expiry mean: each rule once, over words that the caller has loaded. For core.ts and store.ts, which
 * have a reference in hand, and for the bound paths (bound.ts, overwrites.ts), which have the words.
 */
import { Control, Tuning } from './control.js';
import { FLUSH_GENERATION_MASK, FLUSH_GENERATION_SHIFT } from './layout.js';

export function isExpiredAt(control: Int32Array, exptime: number): boolean {
  return exptime !== 0 && exptime <= control[Control.NOW];
}

/** Stored before a flush that has come into force; in the second of the flush the generation in the tag tells (flush.ts). */
export function isFlushedAt(control: Int32Array, time: number, tag: number): boolean {
  const flushTime = control[Control.FLUSH_TIME];
  if (time !== flushTime) return time < flushTime;
  return tag >>> FLUSH_GENERATION_SHIFT !== (control[Control.FLUSH_GENERATION] & FLUSH_GENERATION_MASK);
}

/** So short-lived that it belongs into the temporary queue, where that is on (memcached's temporary_ttl). */
export function isTemporary(tuning: Float64Array, control: Int32Array, exptime: number): boolean {
  const ttl = tuning[Tuning.TEMPORARY_TTL_SECONDS];
  return exptime !== 0 && ttl >= 0 && exptime - control[Control.NOW] <= ttl;
}
