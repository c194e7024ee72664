/**
 * Outboxes: what another thread has to say to a connection, in rings of shared memory.
 *
 * `watch` lines come from the main thread, key dumps from the maintenance thread; the worker that owns the connection
 * takes them out. So a slot is a ring with one producer and one consumer and needs no lock; only claiming and giving
 * up a slot takes the one of this table. Twenty slots serve watchers, one more the key dump (one at a time). A ring is
 * `slotBytes` long (-o watcher_logbuf_size) and costs nothing until the first byte is put into it.
 *
 * Life of a slot: FREE → OPEN (claimed by the worker) → FINISHED (the producer has no more; the consumer empties and
 * frees it) or ABANDONED (the connection is gone; the producer frees it, because it may be in the middle of a line).
 */
import { lockWord, unlockWord } from './shared-lock.js';

export const WATCH_SLOTS = 20;
/** The slot of the key dump. */
export const DUMP_SLOT = WATCH_SLOTS;
const SLOTS = WATCH_SLOTS + 1;
/** A key dump line is at most 3 × 250 bytes of key and 200 of numbers: the smallest ring holds several. */
const RING_BYTES_MIN = 8192;

export const OutboxState = { FREE: 0, OPEN: 1, FINISHED: 2, ABANDONED: 3 } as const;
export type OutboxState = (typeof OutboxState)[keyof typeof OutboxState];

const LOCK = 0;
const HEADER_WORDS = 16;
/** A slot's words fill a cache line. */
const SLOT_WORDS = 16;
/** One byte of a ring stays free, so that full and empty differ. */
const Word = {
  STATE: 0,
  /** Where the producer puts its next byte. */
  HEAD: 1,
  /** Where the consumer takes its next byte. */
  TAIL: 2,
  /** The worker that owns the connection. */
  OWNER: 3,
  /** Watch: kinds of events. Dump: what is dumped. */
  SUBJECT: 4,
  /** A 64-bit number. Watch: gid of the last entry before it. Dump: mask of the classes asked for. */
  DETAIL_LOW: 5,
  DETAIL_HIGH: 6,
} as const;

export interface OutboxesShared {
  readonly control: SharedArrayBuffer;
  readonly rings: SharedArrayBuffer;
  readonly slotBytes: number;
}

export function shareOutboxes(options: { slotBytes: number }): OutboxesShared {
  const slotBytes = Math.max(RING_BYTES_MIN, options.slotBytes);
  return {
    control: new SharedArrayBuffer((HEADER_WORDS + SLOTS * SLOT_WORDS) * Int32Array.BYTES_PER_ELEMENT),
    rings: new SharedArrayBuffer(SLOTS * slotBytes),
    slotBytes,
  };
}

export class Outboxes {
  readonly slotBytes: number;
  readonly #words: Int32Array;
  readonly #rings: Uint8Array;

  constructor(shared: OutboxesShared) {
    this.slotBytes = shared.slotBytes;
    this.#words = new Int32Array(shared.control);
    this.#rings = new Uint8Array(shared.rings);
  }

  // ---- both sides

  stateOf(slot: number): number {
    return Atomics.load(this.#words, this.#word(slot, Word.STATE));
  }

  ownerOf(slot: number): number {
    return this.#words[this.#word(slot, Word.OWNER)];
  }

  /** The kinds a watcher wants, or what a dump was asked for. */
  subjectOf(slot: number): number {
    return this.#words[this.#word(slot, Word.SUBJECT)];
  }

  /** Watch: the gid of the last entry made before it. Dump: the mask of its classes. */
  detailOf(slot: number): bigint {
    const low = this.#words[this.#word(slot, Word.DETAIL_LOW)] >>> 0;
    const high = this.#words[this.#word(slot, Word.DETAIL_HIGH)] >>> 0;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  isWatch(slot: number): boolean {
    return slot < WATCH_SLOTS;
  }

  /** Bytes that wait to be taken. */
  used(slot: number): number {
    const head = Atomics.load(this.#words, this.#word(slot, Word.HEAD));
    const tail = Atomics.load(this.#words, this.#word(slot, Word.TAIL));
    return head >= tail ? head - tail : head + this.slotBytes - tail;
  }

  /** Watchers whose connection is still there. */
  watchers(): number {
    let count = 0;
    for (let slot = 0; slot < WATCH_SLOTS; slot++) if (this.stateOf(slot) === OutboxState.OPEN) count++;
    return count;
  }

  /** The union of what all watchers want. */
  wantedKinds(): number {
    let kinds = 0;
    for (let slot = 0; slot < WATCH_SLOTS; slot++) {
      if (this.stateOf(slot) === OutboxState.OPEN) kinds |= this.subjectOf(slot);
    }
    return kinds;
  }

  // ---- consumer: the worker that owns the connection

  /** A slot for a watcher, −1 if all twenty are taken. `onChange` runs under the lock, with the union of what is watched. */
  claimWatch(
    owner: number,
    watch: { kinds: number; startGid: bigint },
    onChange: (wantedKinds: number) => void,
  ): number {
    lockWord(this.#words, LOCK);
    let slot = 0;
    while (slot < WATCH_SLOTS && this.stateOf(slot) !== OutboxState.FREE) slot++;
    if (slot < WATCH_SLOTS) this.#openLocked(slot, owner, watch.kinds, watch.startGid);
    onChange(this.wantedKinds());
    unlockWord(this.#words, LOCK);
    return slot < WATCH_SLOTS ? slot : -1;
  }

  /** The slot of the key dump, −1 while another dump runs. */
  claimDump(owner: number, dump: { subject: number; classes: bigint }): number {
    lockWord(this.#words, LOCK);
    const isFree = this.stateOf(DUMP_SLOT) === OutboxState.FREE;
    if (isFree) this.#openLocked(DUMP_SLOT, owner, dump.subject, dump.classes);
    unlockWord(this.#words, LOCK);
    return isFree ? DUMP_SLOT : -1;
  }

  /** The connection of a slot is gone. A finished slot becomes free at once, an open one when its producer sees it. */
  abandon(slot: number, onChange: (wantedKinds: number) => void): void {
    lockWord(this.#words, LOCK);
    const state = this.stateOf(slot) === OutboxState.FINISHED ? OutboxState.FREE : OutboxState.ABANDONED;
    Atomics.store(this.#words, this.#word(slot, Word.STATE), state);
    onChange(this.wantedKinds());
    unlockWord(this.#words, LOCK);
  }

  /** Moves up to `limit` bytes to `target` at `at`; answers how many. */
  take(slot: number, target: Uint8Array, at: number, limit: number): number {
    const tailWord = this.#word(slot, Word.TAIL);
    const count = Math.min(this.used(slot), limit);
    const tail = this.#words[tailWord];
    const start = slot * this.slotBytes;
    const first = Math.min(count, this.slotBytes - tail);
    target.set(this.#rings.subarray(start + tail, start + tail + first), at);
    target.set(this.#rings.subarray(start, start + count - first), at + first);
    Atomics.store(this.#words, tailWord, (tail + count) % this.slotBytes);
    return count;
  }

  /** True when there is something to do for the consumer: bytes, or the end. */
  isReady(slot: number): boolean {
    return this.used(slot) > 0 || this.stateOf(slot) === OutboxState.FINISHED;
  }

  /** The next slot from `from` on that belongs to `owner` and is ready, −1 if none. */
  readySlotOf(owner: number, from: number): number {
    for (let slot = from; slot < SLOTS; slot++) {
      const state = this.stateOf(slot);
      if (state !== OutboxState.OPEN && state !== OutboxState.FINISHED) continue;
      if (this.ownerOf(slot) === owner && this.isReady(slot)) return slot;
    }
    return -1;
  }

  /** Frees a finished slot that has been emptied. */
  release(slot: number): void {
    Atomics.store(this.#words, this.#word(slot, Word.STATE), OutboxState.FREE);
  }

  // ---- producer: the main thread (watch) or the maintenance thread (dump)

  /** Bytes that fit now. */
  room(slot: number): number {
    return this.slotBytes - 1 - this.used(slot);
  }

  /** Puts the bytes in, or nothing at all if they do not fit. */
  put(slot: number, source: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    if (this.room(slot) < count) return false;
    const headWord = this.#word(slot, Word.HEAD);
    const head = this.#words[headWord];
    const ring = slot * this.slotBytes;
    const first = Math.min(count, this.slotBytes - head);
    this.#rings.set(source.subarray(start, start + first), ring + head);
    this.#rings.set(source.subarray(start + first, end), ring);
    Atomics.store(this.#words, headWord, (head + count) % this.slotBytes);
    return true;
  }

  /** The producer has put its last byte. Does nothing if the connection has gone meanwhile. */
  finish(slot: number): void {
    Atomics.compareExchange(this.#words, this.#word(slot, Word.STATE), OutboxState.OPEN, OutboxState.FINISHED);
  }

  /** Frees the slot of a connection that is gone; true if it was one. */
  reclaim(slot: number): boolean {
    const word = this.#word(slot, Word.STATE);
    return (
      Atomics.compareExchange(this.#words, word, OutboxState.ABANDONED, OutboxState.FREE) === OutboxState.ABANDONED
    );
  }

  #openLocked(slot: number, owner: number, subject: number, detail: bigint): void {
    this.#words[this.#word(slot, Word.HEAD)] = 0;
    this.#words[this.#word(slot, Word.TAIL)] = 0;
    this.#words[this.#word(slot, Word.OWNER)] = owner;
    this.#words[this.#word(slot, Word.SUBJECT)] = subject;
    this.#words[this.#word(slot, Word.DETAIL_LOW)] = Number(BigInt.asIntN(32, detail));
    this.#words[this.#word(slot, Word.DETAIL_HIGH)] = Number(BigInt.asIntN(32, detail >> 32n));
    Atomics.store(this.#words, this.#word(slot, Word.STATE), OutboxState.OPEN);
  }

  #word(slot: number, word: number): number {
    return HEADER_WORDS + slot * SLOT_WORDS + word;
  }
}
