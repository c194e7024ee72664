/**
 * The table that finds items by key: chains of items in buckets, grown by linear hashing.
 *
 * Called by the store and the page mover. A bucket and the bucket it will be split into belong to the
 * same stripe, because there are never fewer buckets than stripes; whoever walks or changes a chain
 * holds that stripe, or validates its version afterwards. The table never moves: its memory is reserved
 * for the largest size and touched as it grows, one bucket at a time:
 *
 *      [ 0 .. n-p-1 split ][ n-p .. p-1 not yet split ][ p .. n-1 the upper halves ]     p = 2^k ≤ n < 2p
 *
 * The number of buckets, n, is one word, so a reader sees a bucket either before or after its split.
 */
import type { ArenaViews } from './arena.js';
import { Control, GlobalLock } from './control.js';
import { type Items, isKeyAt } from './item.js';
import { HASH, HASH_NEXT, REF_OFFSET_BITS, REF_OFFSET_MASK } from './layout.js';
import type { SpinLocks, StripeLocks } from './locks.js';

/** A chain this long is walked no further without looking whether it is a torn one. */
export const CHAIN_CHECK = 64;

/** Where a hash belongs in a table of so many buckets. */
export function bucketOf(hash: number, buckets: number): number {
  const mask = (1 << (32 - Math.clz32(buckets))) - 1;
  const bucket = hash & mask;
  return bucket < buckets ? bucket : bucket & (mask >>> 1);
}

export class HashTable {
  readonly #table: Int32Array;
  readonly #control: Int32Array;
  readonly #words: Int32Array[];
  readonly #items: Items;
  readonly #stripes: StripeLocks;
  readonly #globals: SpinLocks;

  constructor(views: ArenaViews, items: Items, stripes: StripeLocks, globals: SpinLocks) {
    this.#table = views.table;
    this.#control = views.control;
    this.#words = views.words;
    this.#items = items;
    this.#stripes = stripes;
    this.#globals = globals;
  }

  get buckets(): number {
    return this.#control[Control.BUCKETS];
  }

  get bucketsMax(): number {
    return this.#table.length;
  }

  /** First item of a bucket. */
  head(bucket: number): number {
    return this.#table[bucket];
  }

  bucketOf(hash: number): number {
    return bucketOf(hash, this.#control[Control.BUCKETS]);
  }

  /**
   * The item with this key, or 0. `version` is the stripe's: the one that an optimistic reader began with, or the odd
   * one of a stripe that the caller holds. Once it has changed, the chain may be torn, even into a ring: then 0 may be wrong.
   */
  find(input: Uint8Array, view: DataView, start: number, end: number, hash: number, version: number): number {
    let ref = this.#table[this.bucketOf(hash)];
    for (let steps = 0; ref !== 0; steps++) {
      const words = this.#words[ref >>> REF_OFFSET_BITS];
      const at = (ref & REF_OFFSET_MASK) << 1;
      if (words[at + HASH] === hash && isKeyAt(words, at, input, view, start, end)) return ref;
      if (steps >= CHAIN_CHECK && Atomics.load(this.#stripes.words, hash & this.#stripes.mask) !== version) return 0;
      ref = words[at + HASH_NEXT];
    }
    return 0;
  }

  insertLocked(ref: number, hash: number): void {
    const bucket = this.bucketOf(hash);
    this.#items.set(ref, HASH_NEXT, this.#table[bucket]);
    this.#table[bucket] = ref;
  }

  removeLocked(ref: number, hash: number): void {
    this.#relinkLocked(ref, hash, this.#items.get(ref, HASH_NEXT));
  }

  /** Puts another item with the same hash into the place of `ref`. */
  replaceLocked(ref: number, successor: number, hash: number): void {
    this.#items.set(successor, HASH_NEXT, this.#items.get(ref, HASH_NEXT));
    this.#relinkLocked(ref, hash, successor);
  }

  #relinkLocked(ref: number, hash: number, successor: number): void {
    const bucket = this.bucketOf(hash);
    let before = this.#table[bucket];
    if (before === ref) {
      this.#table[bucket] = successor;
      return;
    }
    for (;;) {
      const next = this.#items.get(before, HASH_NEXT);
      if (next === ref) break;
      if (next === 0) throw new Error('Cannot unlink item: it is not in its bucket');
      before = next;
    }
    this.#items.set(before, HASH_NEXT, successor);
  }

  /** True if the chain of this hash holds exactly this item: proof that `ref` is a linked item of the stripe. */
  containsLocked(ref: number, hash: number): boolean {
    let at = this.#table[this.bucketOf(hash)];
    while (at !== 0 && at !== ref) at = this.#items.get(at, HASH_NEXT);
    return at !== 0;
  }

  /** True when there are more than 1.5 items a bucket and room to grow, as memcached decides. */
  isCrowded(items: number): boolean {
    const buckets = this.#control[Control.BUCKETS];
    return items > buckets + (buckets >>> 1) && buckets < this.#table.length;
  }

  /** Splits one bucket if neither another splitter nor the stripe's holder is in the way; the caller holds no stripe. */
  trySplit(): boolean {
    if (!this.#globals.tryLock(GlobalLock.SPLIT)) return false;
    const buckets = this.#control[Control.BUCKETS];
    const half = 1 << (31 - Math.clz32(buckets));
    const lower = buckets - half;
    const done = buckets < this.#table.length && this.#stripes.tryLock(lower);
    if (done) {
      this.#splitLocked(lower, buckets, half);
      Atomics.store(this.#control, Control.BUCKETS, buckets + 1);
      this.#stripes.unlock(lower);
    }
    this.#globals.unlock(GlobalLock.SPLIT);
    return done;
  }

  #splitLocked(lower: number, upper: number, bit: number): void {
    let low = 0;
    let high = 0;
    for (let ref = this.#table[lower]; ref !== 0; ) {
      const next = this.#items.get(ref, HASH_NEXT);
      if ((this.#items.get(ref, HASH) & bit) === 0) {
        this.#items.set(ref, HASH_NEXT, low);
        low = ref;
      } else {
        this.#items.set(ref, HASH_NEXT, high);
        high = ref;
      }
      ref = next;
    }
    this.#table[lower] = low;
    this.#table[upper] = high;
  }
}
