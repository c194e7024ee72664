/**
 * The LRU queues: four doubly linked lists a size class, hot, warm, cold and temporary.
 *
 * Called by the store, the evictor and the page mover. Every method needs the class lock of the item's
 * class; the item's queue is in its tag. Head is the side of the newest. Counts and accounted bytes of
 * each queue are kept here, and so are memcached's itemstats.
 */
import type { ArenaViews } from './arena.js';
import { SIZE_BUCKETS } from './arena.js';
import { QUEUE_COUNTERS, QUEUE_WORDS, QueueCounter, QueueWord } from './control.js';
import type { Items } from './item.js';
import { CLASSES_MAX, LRU_NEXT, LRU_PREV, QUEUES } from './layout.js';

/** Width of a bucket of `stats sizes`, in bytes. */
export const SIZE_BUCKET_BYTES = 32;

export class LruQueues {
  readonly #queues: Int32Array;
  readonly #counters: Float64Array;
  readonly #sizes: Int32Array | null;
  readonly #items: Items;

  constructor(views: ArenaViews, items: Items, trackSizes: boolean) {
    this.#queues = views.queues;
    this.#counters = views.queueCounters;
    this.#sizes = trackSizes ? views.sizes : null;
    this.#items = items;
  }

  head(queue: number): number {
    return this.#queues[queue * QUEUE_WORDS + QueueWord.HEAD];
  }

  tail(queue: number): number {
    return this.#queues[queue * QUEUE_WORDS + QueueWord.TAIL];
  }

  count(queue: number): number {
    return this.#queues[queue * QUEUE_WORDS + QueueWord.COUNT];
  }

  counter(queue: number, counter: QueueCounter): number {
    return this.#counters[queue * QUEUE_COUNTERS + counter];
  }

  add(queue: number, counter: QueueCounter, amount: number): void {
    this.#counters[queue * QUEUE_COUNTERS + counter] += amount;
  }

  setCounter(queue: number, counter: QueueCounter, value: number): void {
    this.#counters[queue * QUEUE_COUNTERS + counter] = value;
  }

  /** Items of a class in all its queues. */
  countOfClass(id: number): number {
    let count = 0;
    for (let queue = id; queue < QUEUES; queue += CLASSES_MAX) count += this.count(queue);
    return count;
  }

  /** A counter of all queues of a class. */
  classCounter(id: number, counter: QueueCounter): number {
    let sum = 0;
    for (let queue = id; queue < QUEUES; queue += CLASSES_MAX) sum += this.counter(queue, counter);
    return sum;
  }

  /** Starts the counters of a class anew; its bytes are no counter. */
  resetCounters(id: number): void {
    for (let queue = id; queue < QUEUES; queue += CLASSES_MAX) {
      const row = queue * QUEUE_COUNTERS;
      this.#counters.fill(0, row + QueueCounter.BYTES + 1, row + QUEUE_COUNTERS);
    }
  }

  /** A new item at the head of its queue. */
  link(ref: number): void {
    const bytes = this.#items.accountedBytes(ref);
    if (this.#sizes !== null) Atomics.add(this.#sizes, sizeBucket(bytes), 1);
    this.#push(ref, bytes);
  }

  /** An item that leaves the cache. */
  unlink(ref: number): void {
    const bytes = this.#items.accountedBytes(ref);
    if (this.#sizes !== null) Atomics.sub(this.#sizes, sizeBucket(bytes), 1);
    this.#pull(ref, bytes);
  }

  /** To the head of `queue`, which may be its own. */
  moveTo(ref: number, queue: number): void {
    const bytes = this.#items.accountedBytes(ref);
    this.#pull(ref, bytes);
    this.#items.setQueue(ref, queue);
    this.#push(ref, bytes);
  }

  /** Puts `moved`, a copy of `ref`, into its place. Its neighbours may have changed since the copy was made. */
  substitute(ref: number, moved: number): void {
    const row = this.#items.queue(ref) * QUEUE_WORDS;
    const previous = this.#items.get(ref, LRU_PREV);
    const next = this.#items.get(ref, LRU_NEXT);
    this.#items.set(moved, LRU_PREV, previous);
    this.#items.set(moved, LRU_NEXT, next);
    if (previous === 0) this.#queues[row + QueueWord.HEAD] = moved;
    else this.#items.set(previous, LRU_NEXT, moved);
    if (next === 0) this.#queues[row + QueueWord.TAIL] = moved;
    else this.#items.set(next, LRU_PREV, moved);
  }

  #push(ref: number, bytes: number): void {
    const queue = this.#items.queue(ref);
    const row = queue * QUEUE_WORDS;
    const head = this.#queues[row + QueueWord.HEAD];
    this.#items.set(ref, LRU_PREV, 0);
    this.#items.set(ref, LRU_NEXT, head);
    if (head === 0) this.#queues[row + QueueWord.TAIL] = ref;
    else this.#items.set(head, LRU_PREV, ref);
    this.#queues[row + QueueWord.HEAD] = ref;
    this.#queues[row + QueueWord.COUNT]++;
    this.#counters[queue * QUEUE_COUNTERS + QueueCounter.BYTES] += bytes;
  }

  #pull(ref: number, bytes: number): void {
    const queue = this.#items.queue(ref);
    const row = queue * QUEUE_WORDS;
    const previous = this.#items.get(ref, LRU_PREV);
    const next = this.#items.get(ref, LRU_NEXT);
    if (previous === 0) this.#queues[row + QueueWord.HEAD] = next;
    else this.#items.set(previous, LRU_NEXT, next);
    if (next === 0) this.#queues[row + QueueWord.TAIL] = previous;
    else this.#items.set(next, LRU_PREV, previous);
    this.#queues[row + QueueWord.COUNT]--;
    this.#counters[queue * QUEUE_COUNTERS + QueueCounter.BYTES] -= bytes;
  }
}

/** memcached's `stats sizes` bucket of an accounted size: rounded up to 32. */
export function sizeBucket(bytes: number): number {
  return Math.min(Math.ceil(bytes / SIZE_BUCKET_BYTES), SIZE_BUCKETS - 1);
}
