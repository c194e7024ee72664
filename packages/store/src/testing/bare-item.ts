/**
 * Single items for tests of the store's parts: a chunk with a header and a key, in no table and no queue.
 *
 * Used by this package's tests only; not built into dist. The hash is whatever the test wants it to be, so
 * that buckets and stripes can be chosen. Takes the class lock for the chunk, no other.
 */
import type { StoreCore } from '../core.js';
import { itemTag } from '../item.js';
import { Kind, LRU_SHIFT } from '../layout.js';
import { viewOf } from './cache-driver.js';

export interface BareItem {
  key?: string;
  hash?: number;
  lru?: number;
  valueBytes?: number;
}

/** A reserved item of the class that its size asks for; 0 if there is no chunk. */
export function bareItem(core: StoreCore, { key = 'key', hash = 0, lru = 0, valueBytes = 10 }: BareItem = {}): number {
  const id = core.slabs.sizes.classOf(core.items.accountedBytesFor(key.length, 0, valueBytes));
  const ref = core.slabs.takeChunk(id);
  if (ref === 0) return 0;
  const bytes = keyBytes(key);
  const tag = itemTag(id | (lru << LRU_SHIFT), key.length, Kind.RESERVED, 0);
  core.items.create(ref, tag, 0, 0, valueBytes, hash);
  core.items.writeKey(ref, bytes, viewOf(bytes), 0, bytes.length);
  core.items.stamp(ref, core.now(), core.flushGeneration());
  return ref;
}

export function keyBytes(key: string): Uint8Array {
  return Uint8Array.from(key, (letter) => letter.charCodeAt(0));
}

/** The key that an item holds. */
export function keyOf(core: StoreCore, ref: number): string {
  const key = new Uint8Array(256);
  const length = core.items.copyKey(ref, key, viewOf(key), 0);
  return String.fromCharCode(...key.subarray(0, length));
}
