/**
 * The locks of the arena: stripes that are also versions, and plain spin locks.
 *
 * A stripe is one int32. Even: free, and its value is a version; odd: locked. Every unlock makes a new
 * version, so a reader that takes no lock knows by an unchanged version that what it copied is whole.
 * Order of locks (docs/concurrency.md): stripe, then class, then pages; against the order only `try`.
 * A holder never blocks, sleeps or calls out, so a waiter spins; after SPINS turns it sleeps for a
 * moment at a time, because the holder may be a thread without a core.
 */

const SPINS = 100;
const SLEEP_MS = 0.05;

function waitTurn(words: Int32Array, index: number, seen: number, turn: number): void {
  if (turn >= SPINS) Atomics.wait(words, index, seen, SLEEP_MS);
}

export class StripeLocks {
  readonly words: Int32Array;
  readonly mask: number;
  readonly isWeaklyOrdered: boolean;

  /**
   * `isWeaklyOrdered` false: loads of the machine happen in order, and stores too, as on x86. Then a plain load or store does here what an
   * atomic one does, and costs no call: V8 compiles accesses to typed arrays one by one, in the order of the program (docs/concurrency.md).
   */
  constructor(words: Int32Array, isWeaklyOrdered = true) {
    this.words = words;
    this.mask = words.length - 1;
    this.isWeaklyOrdered = isWeaklyOrdered;
  }

  lock(hash: number): void {
    if (!this.tryLock(hash)) this.#lockSlowly(hash);
  }

  tryLock(hash: number): boolean {
    const index = hash & this.mask;
    const version = this.words[index];
    return (version & 1) === 0 && Atomics.compareExchange(this.words, index, version, version + 1) === version;
  }

  /** Locks only if nobody has locked since `version` (even) was read. */
  upgrade(hash: number, version: number): boolean {
    return Atomics.compareExchange(this.words, hash & this.mask, version, version + 1) === version;
  }

  unlock(hash: number): void {
    const index = hash & this.mask;
    const version = (this.words[index] + 1) | 0;
    if (this.isWeaklyOrdered) Atomics.store(this.words, index, version);
    else this.words[index] = version;
  }

  /** Returns when nobody holds the stripe for a moment. */
  awaitFree(hash: number): void {
    const index = hash & this.mask;
    for (let turn = 0; ; turn++) {
      const version = Atomics.load(this.words, index);
      if ((version & 1) === 0) return;
      waitTurn(this.words, index, version, turn);
    }
  }

  /** True if nobody has locked since `version` was read: all that was loaded in between is whole. */
  isCurrent(hash: number, version: number): boolean {
    const index = hash & this.mask;
    // On weakly ordered machines a plain load may pass a later atomic load; it cannot pass a read-modify-write.
    return version === (this.isWeaklyOrdered ? Atomics.add(this.words, index, 0) : this.words[index]);
  }

  /** The number of a stripe: of one that the caller holds, which is odd, or as a first guess. */
  version(hash: number): number {
    return this.words[hash & this.mask];
  }

  #lockSlowly(hash: number): void {
    for (let turn = 0; !this.tryLock(hash); turn++) {
      const index = hash & this.mask;
      const version = Atomics.load(this.words, index);
      if ((version & 1) === 1) waitTurn(this.words, index, version, turn);
    }
  }
}

/** Spin locks at `stride` words from each other. */
export class SpinLocks {
  readonly #words: Int32Array;
  readonly #stride: number;

  constructor(words: Int32Array, stride: number) {
    this.#words = words;
    this.#stride = stride;
  }

  lock(lock: number): void {
    const index = lock * this.#stride;
    if (Atomics.compareExchange(this.#words, index, 0, 1) !== 0) this.#lockSlowly(index);
  }

  tryLock(lock: number): boolean {
    return Atomics.compareExchange(this.#words, lock * this.#stride, 0, 1) === 0;
  }

  unlock(lock: number): void {
    Atomics.store(this.#words, lock * this.#stride, 0);
  }

  #lockSlowly(index: number): void {
    for (let turn = 0; Atomics.compareExchange(this.#words, index, 0, 1) !== 0; turn++) {
      waitTurn(this.#words, index, 1, turn);
    }
  }
}
