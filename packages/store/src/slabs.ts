/**
 * Chunks and pages: who owns which megabyte, and which chunk of it is free.
 *
 * Called by the evictor (allocation), the store (freeing) and the page mover. A class's rows are under
 * its class lock, pages under the page lock, in that order. A page is given to a class without touching
 * it: chunks come from a bump pointer first, so memory is used only as items need it. Free chunks form
 * a doubly linked list, for the page mover takes them out of its middle.
 */
import type { ArenaViews } from './arena.js';
import { CLASS_WORDS, ClassWord, Control, GlobalLock, Tuning } from './control.js';
import type { Items } from './item.js';
import {
  CLASS_NUMBER_MASK,
  FREE_NEXT,
  FREE_PREV,
  Kind,
  LOWER_HALF,
  PAGE_BYTES,
  PAGE_REF_SHIFT,
  REF_UNIT_SHIFT,
  TAG,
} from './layout.js';
import type { SpinLocks } from './locks.js';
import type { SizeClasses } from './size-classes.js';

export class Slabs {
  readonly sizes: SizeClasses;
  readonly #views: ArenaViews;
  readonly #classes: Int32Array;
  readonly #items: Items;
  readonly #globals: SpinLocks;

  constructor(views: ArenaViews, sizes: SizeClasses, items: Items, globals: SpinLocks) {
    this.sizes = sizes;
    this.#views = views;
    this.#classes = views.classes;
    this.#items = items;
    this.#globals = globals;
  }

  /** The class for an item of this accounted size. */
  classFor(accountedBytes: number): number {
    return this.#openClass(this.sizes.classOf(accountedBytes));
  }

  /** The class for `bytes` of memory, the largest if no chunk has room for them. */
  classForMemory(bytes: number): number {
    return this.#openClass(this.sizes.classForMemory(bytes));
  }

  /**
   * The class that takes an item of class `id`: itself, but for a lower half without a page once half of the memory is taken
   * the upper half. So halves are no reason for pages above the limit, nor for many classes to share few pages.
   */
  #openClass(id: number): number {
    if (id < LOWER_HALF || this.word(id, ClassWord.PAGES) > 0) return id;
    const usedBytes = this.takenBytes - this.pooledPages * PAGE_BYTES;
    return 2 * usedBytes < this.#views.tuning[Tuning.MEMORY_LIMIT_BYTES] ? id : id & CLASS_NUMBER_MASK;
  }

  word(id: number, word: number): number {
    return this.#classes[id * CLASS_WORDS + word];
  }

  /** Caller holds the class lock. */
  countLinked(id: number): void {
    this.#classes[id * CLASS_WORDS + ClassWord.LINKED]++;
  }

  /** A chunk of the class without any eviction, or 0. It is reserved from here on, so the page mover lets it be. Caller holds the class lock. */
  takeChunk(id: number): number {
    const row = id * CLASS_WORDS;
    const free = this.#classes[row + ClassWord.FREE_HEAD];
    if (free !== 0) {
      this.#unlinkFree(id, free);
    } else if (this.#classes[row + ClassWord.FRESH_COUNT] === 0 && !this.#addPage(id)) {
      return 0;
    }
    this.#classes[row + ClassWord.USED_COUNT]++;
    const ref = free === 0 ? this.#takeFresh(row, id) : free;
    this.#items.set(ref, TAG, Kind.RESERVED | id);
    return ref;
  }

  #takeFresh(row: number, id: number): number {
    const ref = this.#classes[row + ClassWord.FRESH_REF];
    this.#classes[row + ClassWord.FRESH_REF] = (ref + (this.sizes.chunkBytes[id] >> REF_UNIT_SHIFT)) | 0;
    this.#classes[row + ClassWord.FRESH_COUNT]--;
    return ref;
  }

  /** Gives a chunk back. A chunk of the page being drained stays out of the free list. Caller holds the class lock. */
  giveChunk(id: number, ref: number): void {
    this.#classes[id * CLASS_WORDS + ClassWord.USED_COUNT]--;
    if (this.pageOf(ref) === this.#views.control[Control.DRAIN_PAGE]) this.#items.set(ref, TAG, Kind.DRAINED | id);
    else this.#linkFree(id, ref);
  }

  #linkFree(id: number, ref: number): void {
    const row = id * CLASS_WORDS;
    const head = this.#classes[row + ClassWord.FREE_HEAD];
    this.#items.set(ref, TAG, Kind.FREE | id);
    this.#items.set(ref, FREE_NEXT, head);
    this.#items.set(ref, FREE_PREV, 0);
    if (head !== 0) this.#items.set(head, FREE_PREV, ref);
    this.#classes[row + ClassWord.FREE_HEAD] = ref;
    this.#classes[row + ClassWord.FREE_COUNT]++;
  }

  #unlinkFree(id: number, ref: number): void {
    const row = id * CLASS_WORDS;
    const next = this.#items.get(ref, FREE_NEXT);
    const previous = this.#items.get(ref, FREE_PREV);
    if (previous === 0) this.#classes[row + ClassWord.FREE_HEAD] = next;
    else this.#items.set(previous, FREE_NEXT, next);
    if (next !== 0) this.#items.set(next, FREE_PREV, previous);
    this.#classes[row + ClassWord.FREE_COUNT]--;
  }

  /** Takes a free chunk out of the list for good: its page is being drained. Caller holds the class lock. */
  drainFree(id: number, ref: number): void {
    this.#unlinkFree(id, ref);
    this.#items.set(ref, TAG, Kind.DRAINED | id);
  }

  /** Undoes a drain: the chunk is free again. Caller holds the class lock. */
  undrain(id: number, ref: number): void {
    this.#linkFree(id, ref);
  }

  /** Free chunks, never-used ones of the newest page included. */
  freeChunks(id: number): number {
    return this.word(id, ClassWord.FREE_COUNT) + this.word(id, ClassWord.FRESH_COUNT);
  }

  pageOf(ref: number): number {
    return ref >>> PAGE_REF_SHIFT;
  }

  pageRef(page: number): number {
    return (page << PAGE_REF_SHIFT) | 0;
  }

  /** Class of a page: 0 for pages that no class owns. */
  pageClass(page: number): number {
    return this.#views.pageClasses[page];
  }

  /** One more page for the class, by memcached's rule: above the limit only its first one. */
  #addPage(id: number): boolean {
    this.#globals.lock(GlobalLock.PAGES);
    const page = this.#takePageLocked(this.word(id, ClassWord.PAGES) === 0);
    if (page !== 0) this.#assignPageLocked(page, id);
    this.#globals.unlock(GlobalLock.PAGES);
    return page !== 0;
  }

  /** Hands a page, owned by nobody, to a class as its newest. Caller holds the class lock and the page lock. */
  #assignPageLocked(page: number, id: number): void {
    const row = id * CLASS_WORDS;
    this.#views.pageClasses[page] = id;
    this.#classes[row + ClassWord.PAGES]++;
    this.#classes[row + ClassWord.FRESH_REF] = this.pageRef(page);
    this.#classes[row + ClassWord.FRESH_COUNT] = this.sizes.chunksPerPage[id];
  }

  /** Gives a page that nobody owns to a class; what was fresh in the class until now becomes free. Caller holds the class lock. */
  adoptPage(page: number, id: number): void {
    const row = id * CLASS_WORDS;
    while (this.#classes[row + ClassWord.FRESH_COUNT] > 0) this.#linkFree(id, this.#takeFresh(row, id));
    this.#globals.lock(GlobalLock.PAGES);
    this.#assignPageLocked(page, id);
    this.#globals.unlock(GlobalLock.PAGES);
  }

  /** The next page of the class behind page `after`, in turn, but for the one that fresh chunks come from; 0 if there is none. Caller holds the class lock. */
  spareablePage(id: number, after: number): number {
    const fresh = this.word(id, ClassWord.FRESH_COUNT) > 0 ? this.pageOf(this.word(id, ClassWord.FRESH_REF)) : 0;
    const { pageClasses, control } = this.#views;
    const touched = control[Control.PAGES_TOUCHED];
    for (let turn = 1; turn <= touched; turn++) {
      const page = (after + turn) % touched;
      if (pageClasses[page] === id && page !== fresh) return page;
    }
    return 0;
  }

  /** A page of the global pool, or 0. */
  takePooledPage(): number {
    this.#globals.lock(GlobalLock.PAGES);
    const { control, pageStack } = this.#views;
    const page = control[Control.PAGES_POOLED] > 0 ? pageStack[--control[Control.PAGES_POOLED]] : 0;
    this.#globals.unlock(GlobalLock.PAGES);
    return page;
  }

  /** Takes a drained page from its class. Caller holds the class lock. */
  detachPage(page: number, id: number): void {
    this.#views.pageClasses[page] = 0;
    this.#classes[id * CLASS_WORDS + ClassWord.PAGES]--;
  }

  #takePageLocked(isFirst: boolean): number {
    const { control, tuning, pageStack } = this.#views;
    if (control[Control.PAGES_POOLED] > 0) return pageStack[--control[Control.PAGES_POOLED]];
    if (this.isLimitReached && !isFirst) return 0;
    const page = this.#untakenPageLocked();
    if (page !== 0) tuning[Tuning.TAKEN_BYTES] += PAGE_BYTES;
    return page;
  }

  #untakenPageLocked(): number {
    const { control, pageStack } = this.#views;
    if (control[Control.PAGES_RELEASED] > 0) return pageStack[pageStack.length - control[Control.PAGES_RELEASED]--];
    if (control[Control.PAGES_TOUCHED] === this.#views.pageCapacity) return 0;
    return control[Control.PAGES_TOUCHED]++;
  }

  /** Puts a page that nobody owns into the global pool, or gives it back when the limit has fallen below what is taken. */
  poolPage(page: number): void {
    this.#globals.lock(GlobalLock.PAGES);
    const { control, pageStack } = this.#views;
    pageStack[control[Control.PAGES_POOLED]++] = page;
    this.#releaseExcessLocked();
    this.#globals.unlock(GlobalLock.PAGES);
  }

  /** memcached's memory_release: pooled pages go while more is taken than the limit allows. */
  #releaseExcessLocked(): void {
    const { control, tuning, pageStack } = this.#views;
    while (control[Control.PAGES_POOLED] > 0 && tuning[Tuning.TAKEN_BYTES] > tuning[Tuning.MEMORY_LIMIT_BYTES]) {
      const page = pageStack[--control[Control.PAGES_POOLED]];
      control[Control.PAGES_RELEASED]++;
      pageStack[pageStack.length - control[Control.PAGES_RELEASED]] = page;
      tuning[Tuning.TAKEN_BYTES] -= PAGE_BYTES;
    }
  }

  /** Sets the limit; false if the arena has no address space for it. */
  setLimit(bytes: number): boolean {
    if (Math.ceil(bytes / PAGE_BYTES) >= this.#views.pageCapacity) return false;
    this.#globals.lock(GlobalLock.PAGES);
    this.#views.tuning[Tuning.MEMORY_LIMIT_BYTES] = bytes;
    this.#releaseExcessLocked();
    this.#globals.unlock(GlobalLock.PAGES);
    return true;
  }

  get takenBytes(): number {
    return this.#views.tuning[Tuning.TAKEN_BYTES];
  }

  get pooledPages(): number {
    return this.#views.control[Control.PAGES_POOLED];
  }

  /** memcached's mem_limit_reached: everything the limit allows is taken. */
  get isLimitReached(): boolean {
    return this.#views.tuning[Tuning.TAKEN_BYTES] + PAGE_BYTES > this.#views.tuning[Tuning.MEMORY_LIMIT_BYTES];
  }
}
