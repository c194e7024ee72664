/**
 * The fields and bytes of an item, as commands read and mark them: the lower half of `Store`.
 *
 * Takes no lock: during a read (reads.ts) fields may be read and bytes copied, under the stripe
 * (`…Locked`) they may change, and a reserved item belongs to the connection that reserved it.
 */
import type { StoreCore } from './core.js';
import {
  ACCESS_TIME,
  CAS_HIGH,
  CAS_LOW,
  CLASS_NUMBER_MASK,
  EXPTIME,
  ItemMark,
  LRU_SHIFT,
  QUEUE_MASK,
  TAG,
  VALUE_BYTES,
} from './layout.js';

export abstract class ItemAccess {
  /** For statistics, maintenance and verification in this package. */
  readonly core: StoreCore;
  protected constructor(core: StoreCore) {
    this.core = core;
  }

  // Fields of an item

  valueBytes(ref: number): number {
    return this.core.items.get(ref, VALUE_BYTES);
  }

  keyBytes(ref: number): number {
    return this.core.items.keyBytes(ref);
  }

  /** A uint32. */
  clientFlags(ref: number): number {
    return this.core.items.clientFlags(ref);
  }

  /** Seconds since start at which it expires; 0: never. */
  exptime(ref: number): number {
    return this.core.items.get(ref, EXPTIME);
  }

  setExptimeLocked(ref: number, exptime: number): void {
    this.core.items.set(ref, EXPTIME, exptime);
  }

  /** Seconds since start. */
  lastAccess(ref: number): number {
    return this.core.items.get(ref, ACCESS_TIME);
  }

  casLow(ref: number): number {
    return this.core.items.get(ref, CAS_LOW);
  }

  casHigh(ref: number): number {
    return this.core.items.get(ref, CAS_HIGH);
  }

  /** memcached's number of the item's class. */
  sizeClass(ref: number): number {
    return this.core.items.sizeClass(ref) & CLASS_NUMBER_MASK;
  }

  /** One of `Lru`. */
  lruOf(ref: number): number {
    return (this.core.items.get(ref, TAG) & QUEUE_MASK) >> LRU_SHIFT;
  }

  /** memcached's size of the item: what `size=` and `mem_requested` show. */
  totalBytes(ref: number): number {
    return this.core.items.accountedBytes(ref);
  }

  isFetched(ref: number): boolean {
    return this.core.items.hasMark(ref, ItemMark.FETCHED);
  }

  isActive(ref: number): boolean {
    return this.core.items.hasMark(ref, ItemMark.ACTIVE);
  }

  isChunked(ref: number): boolean {
    return this.core.items.hasMark(ref, ItemMark.CHUNKED);
  }

  hasMark(ref: number, mark: ItemMark): boolean {
    return this.core.items.hasMark(ref, mark);
  }

  /** Sets STALE, WIN_SENT or KEY_BINARY: on a linked item under its stripe, on a reserved one before it is linked. */
  setMarkLocked(ref: number, mark: ItemMark): void {
    this.core.items.setMark(ref, mark);
  }

  clearMarkLocked(ref: number, mark: ItemMark): void {
    this.core.items.clearMark(ref, mark);
  }

  // Bytes of an item

  /** Copies the key; returns its length. */
  copyKey(ref: number, out: Uint8Array, outView: DataView, at: number): number {
    return this.core.items.copyKey(ref, out, outView, at);
  }

  /** Copies part of a chunked value that this thread has pinned, or that a locked read found. */
  copyValuePart(ref: number, offset: number, count: number, out: Uint8Array, at: number): void {
    this.core.chunked.read(ref, offset, count, out, at);
  }
}
