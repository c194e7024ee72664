/**
 * Moves a page from one size class to another, or into the global pool, while the cache serves.
 *
 * Run step by step by maintenance, one page at a time. The page is drained: its free chunks leave the
 * free list, its items are copied to other chunks of their class under their stripe (so a reader sees
 * the old copy whole or starts over), and chunks freed meanwhile stay out of the list. Chunks are looked
 * at without a lock; whatever is not drained afterwards, because somebody fills or streams it, is busy:
 * the pass is repeated after a pause, and the page given up after MAX_PASSES. What must be evicted to make
 * room is evicted only when all memory is in use.
 */
import { ClassWord, Control, GlobalLock, QueueCounter } from './control.js';
import type { StoreCore } from './core.js';
import { StoreCounter } from './counters.js';
import {
  BODY_NEXT,
  BODY_OWNER,
  CHUNKED_FIRST,
  CHUNKED_LAST,
  CLASS_NUMBER_MASK,
  CLASSES_MAX,
  HASH,
  ItemMark,
  Kind,
  LRU_SHIFT,
  Lru,
  REF_UNIT_SHIFT,
} from './layout.js';

/** Passes over a page with busy chunks before the move is given up; pauses grow by a millisecond: five seconds in all. */
const MAX_PASSES = 100;
/** Tails pulled to find a place for one item. */
const ROOM_TRIES = 10;

export const MoverStep = { IDLE: 0, MORE: 1, BUSY: 2 } as const;
export type MoverStep = (typeof MoverStep)[keyof typeof MoverStep];

/** Answers of `slabs reassign`. */
export const Reassign = { OK: 0, RUNNING: 1, BAD_CLASS: 2, NO_SPARE: 3, SAME: 4 } as const;
export type Reassign = (typeof Reassign)[keyof typeof Reassign];

export class PageMover {
  readonly #core: StoreCore;
  #page = 0;
  /** The page drained last: the next move begins its search behind it, so a busy page does not stop all others. */
  #lastPage = 0;
  #source = 0;
  #destination = 0;
  #mayEvict = false;
  /** Free chunks leave their list in a first pass, so that no item is moved within the page. */
  #isFreePass = true;
  #cursor = 0;
  #busy = 0;
  #passes = 0;

  constructor(core: StoreCore) {
    this.#core = core;
  }

  get isRunning(): boolean {
    return this.#page !== 0;
  }

  /** How long to leave busy chunks alone after a step that answered BUSY. */
  get pauseMs(): number {
    return this.#passes;
  }

  /** Begins a move; false if the source has no page to spare. Source 0 is the global pool. */
  start(source: number, destination: number): boolean {
    const { slabs, classLocks, views } = this.#core;
    if (source === 0) return this.#moveFromPool(destination);
    classLocks.lock(source);
    this.#page = slabs.word(source, ClassWord.PAGES) < 2 ? 0 : slabs.spareablePage(source, this.#lastPage);
    views.control[Control.DRAIN_PAGE] = this.#page;
    classLocks.unlock(source);
    this.#lastPage = this.#page;
    this.#source = source;
    this.#destination = destination;
    this.#mayEvict = slabs.isLimitReached && slabs.pooledPages === 0;
    this.#isFreePass = true;
    this.#cursor = 0;
    this.#busy = 0;
    this.#passes = 0;
    return this.#page !== 0;
  }

  #moveFromPool(destination: number): boolean {
    const { slabs, classLocks, counters } = this.#core;
    const page = slabs.takePooledPage();
    if (page === 0) return false;
    classLocks.lock(destination);
    slabs.adoptPage(page, destination);
    classLocks.unlock(destination);
    counters[StoreCounter.SLABS_MOVED]++;
    return true;
  }

  /** Works on at most `chunks` chunks. */
  step(chunks: number): MoverStep {
    if (this.#page === 0) return MoverStep.IDLE;
    const { sizes } = this.#core.slabs;
    const perPage = sizes.chunksPerPage[this.#source];
    const end = Math.min(this.#cursor + chunks, perPage);
    for (; this.#cursor < end; this.#cursor++) this.#drainChunk(this.#chunk(this.#cursor));
    return this.#cursor < perPage ? MoverStep.MORE : this.#endPass();
  }

  #chunk(index: number): number {
    const { slabs } = this.#core;
    return (slabs.pageRef(this.#page) + index * (slabs.sizes.chunkBytes[this.#source] >> REF_UNIT_SHIFT)) | 0;
  }

  #endPass(): MoverStep {
    this.#cursor = 0;
    if (this.#isFreePass) {
      this.#isFreePass = false;
      return MoverStep.MORE;
    }
    if (this.#busy === 0) {
      this.#finish();
      return MoverStep.MORE;
    }
    this.#core.counters[StoreCounter.REASSIGN_BUSY_ITEMS] += this.#busy;
    this.#busy = 0;
    if (++this.#passes > MAX_PASSES) this.#giveUp();
    return MoverStep.BUSY;
  }

  #finish(): void {
    const { slabs, classLocks, counters } = this.#core;
    classLocks.lock(this.#source);
    slabs.detachPage(this.#page, this.#source);
    this.#core.views.control[Control.DRAIN_PAGE] = 0;
    classLocks.unlock(this.#source);
    if (this.#destination === 0) {
      slabs.poolPage(this.#page);
    } else {
      classLocks.lock(this.#destination);
      slabs.adoptPage(this.#page, this.#destination);
      classLocks.unlock(this.#destination);
    }
    this.#page = 0;
    counters[StoreCounter.SLABS_MOVED]++;
  }

  /** Makes the drained chunks free again: the page stays where it was. */
  #giveUp(): void {
    const { slabs, classLocks, items } = this.#core;
    classLocks.lock(this.#source);
    this.#core.views.control[Control.DRAIN_PAGE] = 0;
    for (let index = 0; index < slabs.sizes.chunksPerPage[this.#source]; index++) {
      const ref = this.#chunk(index);
      if (items.kind(ref) === Kind.DRAINED) slabs.undrain(this.#source, ref);
    }
    classLocks.unlock(this.#source);
    this.#page = 0;
  }

  #drainChunk(ref: number): void {
    const { items } = this.#core;
    const kind = items.kind(ref);
    if (kind === Kind.FREE) this.#drainFree(ref);
    if (this.#isFreePass) return;
    if (kind === Kind.LINKED) this.#moveItem(ref);
    else if (kind === Kind.BODY) this.#moveBody(ref);
    if (items.kind(ref) !== Kind.DRAINED) this.#busy++;
  }

  #drainFree(ref: number): void {
    const { slabs, classLocks, items } = this.#core;
    classLocks.lock(this.#source);
    if (items.kind(ref) === Kind.FREE) slabs.drainFree(this.#source, ref);
    classLocks.unlock(this.#source);
  }

  #moveItem(ref: number): void {
    const { items, stripes } = this.#core;
    const hash = items.get(ref, HASH);
    stripes.lock(hash);
    if (this.#isSettledLocked(ref, hash)) {
      if (this.#core.isDead(ref)) this.#reclaimLocked(ref, hash);
      else this.#moveItemLocked(ref, hash);
    }
    stripes.unlock(hash);
  }

  /** What looked like an item before its stripe was locked is one, and nobody streams it. */
  #isSettledLocked(ref: number, hash: number): boolean {
    const { items, table, chunked } = this.#core;
    if (items.get(ref, HASH) !== hash || !table.containsLocked(ref, hash)) return false;
    return !items.hasMark(ref, ItemMark.CHUNKED) || chunked.pins(ref) === 0;
  }

  #reclaimLocked(ref: number, hash: number): void {
    this.#countForQueue(ref, QueueCounter.RECLAIMED);
    this.#core.unlinkLocked(ref, hash);
  }

  #countForQueue(ref: number, counter: QueueCounter): void {
    const { items, queues, classLocks } = this.#core;
    classLocks.lock(items.sizeClass(ref));
    queues.add(items.queue(ref), counter, 1);
    classLocks.unlock(items.sizeClass(ref));
  }

  #moveItemLocked(ref: number, hash: number): void {
    const { items, table, queues, classLocks, counters, chunked } = this.#core;
    const moved = this.#takeChunk();
    if (moved === 0) {
      this.#evictLocked(ref, hash);
      return;
    }
    this.#copyChunk(ref, moved);
    table.replaceLocked(ref, moved, hash);
    const id = items.sizeClass(moved);
    classLocks.lock(id);
    queues.substitute(ref, moved);
    classLocks.unlock(id);
    if (items.hasMark(moved, ItemMark.CHUNKED)) {
      for (let body = chunked.word(moved, CHUNKED_FIRST); body !== 0; body = items.get(body, BODY_NEXT)) {
        items.set(body, BODY_OWNER, moved);
      }
    }
    this.#core.evictor.giveChunk(ref);
    counters[StoreCounter.REASSIGN_RESCUES]++;
  }

  /** There is no place for this item, nor for a piece of it: it goes, or the page stays if nothing may be evicted. */
  #evictLocked(ref: number, hash: number): void {
    const { evictor, counters, options } = this.#core;
    counters[StoreCounter.REASSIGN_BUSY_NO_MEMORY]++;
    if (!options.evictions) return;
    this.#countForQueue(ref, QueueCounter.EVICTED);
    if (evictor.observer !== null) evictor.observer(ref);
    this.#core.unlinkLocked(ref, hash);
  }

  #moveBody(ref: number): void {
    const { items, stripes } = this.#core;
    const owner = items.get(ref, BODY_OWNER);
    const hash = items.get(owner, HASH);
    stripes.lock(hash);
    if (this.#isSettledLocked(owner, hash) && items.hasMark(owner, ItemMark.CHUNKED)) {
      if (this.#core.isDead(owner)) this.#reclaimLocked(owner, hash);
      else this.#moveBodyLocked(ref, owner, hash);
    }
    stripes.unlock(hash);
  }

  #moveBodyLocked(ref: number, owner: number, hash: number): void {
    const { items, chunked, counters } = this.#core;
    let before = 0;
    let body = chunked.word(owner, CHUNKED_FIRST);
    for (; body !== 0 && body !== ref; body = items.get(body, BODY_NEXT)) before = body;
    if (body === 0) return;
    const moved = this.#takeChunk();
    if (moved === 0) {
      this.#evictLocked(owner, hash);
      return;
    }
    this.#copyChunk(ref, moved);
    if (before === 0) chunked.setWord(owner, CHUNKED_FIRST, moved);
    else items.set(before, BODY_NEXT, moved);
    if (chunked.word(owner, CHUNKED_LAST) === ref) chunked.setWord(owner, CHUNKED_LAST, moved);
    this.#core.evictor.giveChunk(ref);
    counters[StoreCounter.REASSIGN_CHUNK_RESCUES]++;
  }

  /** A chunk of the source class elsewhere; evicts for it only when all memory is in use. */
  #takeChunk(): number {
    const { slabs, classLocks, evictor } = this.#core;
    for (let round = 0; ; round++) {
      classLocks.lock(this.#source);
      const ref = slabs.takeChunk(this.#source);
      classLocks.unlock(this.#source);
      if (ref !== 0 || !this.#mayEvict || round === ROOM_TRIES || !evictor.makeRoom(this.#source)) return ref;
    }
  }

  #copyChunk(from: number, to: number): void {
    const { items, slabs } = this.#core;
    const start = 4 * items.wordAt(from);
    const bytes = items.bytesOf(from).subarray(start, start + slabs.sizes.chunkBytes[this.#source]);
    items.bytesOf(to).set(bytes, 4 * items.wordAt(to));
  }

  /** Starts what `slabs reassign`, or an eviction under `slab_automove=2`, has asked for. */
  takeRequest(): void {
    const { views, globals } = this.#core;
    const { control } = views;
    if (this.#page !== 0 || control[Control.REASSIGN_PENDING] === 0) return;
    const destination = control[Control.REASSIGN_DESTINATION];
    const asked = control[Control.REASSIGN_SOURCE];
    const source = asked === -1 ? this.#anyClassBut(destination) : asked;
    if (source !== -1) this.start(source, destination);
    globals.lock(GlobalLock.PAGES);
    control[Control.REASSIGN_PENDING] = 0;
    globals.unlock(GlobalLock.PAGES);
  }

  /** The next class, in turn, with a page to spare. */
  #anyClassBut(destination: number): number {
    const { slabs } = this.#core;
    for (let turn = 1; turn < CLASSES_MAX; turn++) {
      const id = ((this.#source + turn - 1) % (CLASSES_MAX - 1)) + 1;
      if (id !== destination && slabs.word(id, ClassWord.PAGES) > 1) return id;
    }
    return -1;
  }
}

/** Asks for a page move on behalf of `slabs reassign`, by numbers of classes; maintenance carries it out. */
export function requestReassign(core: StoreCore, source: number, destination: number): Reassign {
  const { slabs, views, globals } = core;
  const isClass = (id: number) => id >= 0 && id <= slabs.sizes.largest;
  if (source === destination) return Reassign.SAME;
  if ((source !== -1 && !isClass(source)) || !isClass(destination)) return Reassign.BAD_CLASS;
  // memcached picks the source first; finding none, it takes the -1 for a class.
  if (!hasSpare(core, source, destination)) return source === -1 ? Reassign.BAD_CLASS : Reassign.NO_SPARE;
  const { control } = views;
  const from = source > 0 ? richestHalf(core, source) : source;
  const to = destination > 0 ? richestHalf(core, destination) : destination;
  globals.lock(GlobalLock.PAGES);
  const isFree = control[Control.REASSIGN_PENDING] === 0 && control[Control.DRAIN_PAGE] === 0;
  if (isFree) {
    control[Control.REASSIGN_SOURCE] = from;
    control[Control.REASSIGN_DESTINATION] = to;
    control[Control.REASSIGN_PENDING] = 1;
  }
  globals.unlock(GlobalLock.PAGES);
  return isFree ? Reassign.OK : Reassign.RUNNING;
}

function hasSpare(core: StoreCore, source: number, destination: number): boolean {
  const { slabs } = core;
  if (source === 0) return slabs.pooledPages > 0;
  if (source > 0) return slabs.word(richestHalf(core, source), ClassWord.PAGES) > 1;
  const { ids } = slabs.sizes;
  return ids.some((id) => (id & CLASS_NUMBER_MASK) !== destination && slabs.word(id, ClassWord.PAGES) > 1);
}

/** Users know classes by number only: the half with more pages gives, and gets. */
function richestHalf(core: StoreCore, number: number): number {
  const pages = (id: number) => core.slabs.word(id, ClassWord.PAGES);
  return core.slabs.sizes.halvesOf(number).reduce((upper, lower) => (pages(lower) > pages(upper) ? lower : upper));
}

/** The queue whose counters stand for a class as a whole. */
export function coldQueue(id: number): number {
  return id | (Lru.COLD << LRU_SHIFT);
}
