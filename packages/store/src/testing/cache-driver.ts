/**
 * A store driven by strings, for tests: the smallest client of the store's API.
 *
 * Used by this package's tests only; not built into dist. Keys and values are latin1 text. The patterns
 * here (reserve, write, lock, link; begin, copy, end) are the ones the server's commands follow.
 */
import { type Arena, createArena, type SegmentBytes } from '../arena.js';
import { PAGE_BYTES } from '../layout.js';
import type { StoreOptions } from '../options.js';
import type { Overwrites } from '../overwrites.js';
import type { Reads } from '../reads.js';
import { Reserve, Store } from '../store.js';

/** Not a whole number of words from the key, as in a command. */
const VALUE_AT = 514;

export class CacheDriver {
  readonly arena: Arena;
  readonly store: Store;
  /** A key in front, from VALUE_AT on a value that is stored over an old one. */
  readonly #input = new Uint8Array(VALUE_AT + PAGE_BYTES);
  readonly #view = new DataView(this.#input.buffer);
  readonly #output = new Uint8Array(PAGE_BYTES);
  readonly reads: Reads;
  readonly #overwrites: Overwrites;

  constructor(
    options: Partial<StoreOptions> = {},
    arena: Arena = createArena(options),
    row = 0,
    bytesOver?: SegmentBytes,
  ) {
    this.arena = arena;
    this.store = new Store(arena, row, bytesOver);
    const memory = {
      input: this.#input,
      inputView: this.#view,
      output: this.#output,
      outputView: viewOf(this.#output),
    };
    const { reads, overwrites } = this.store.bind(memory);
    this.reads = reads;
    this.#overwrites = overwrites;
    if (this.store.now() === 0) this.store.clock.set(100);
  }

  /** Another thread's view of the same store. */
  attach(row: number): CacheDriver {
    return new CacheDriver({}, this.arena, row);
  }

  set(key: string, value: Uint8Array, { exptime = 0, flags = 0 } = {}): 'stored' | 'too large' | 'no memory' {
    const { store } = this;
    const [end, hash] = this.#load(key);
    if (this.#storeOver(end, hash, value, exptime, flags)) return 'stored';
    const ref = store.reserve(this.#input, this.#view, 3, end, hash, flags, exptime, value.length);
    if (ref === Reserve.TOO_LARGE) return 'too large';
    if (ref === Reserve.NO_MEMORY) return 'no memory';
    if (!store.writeValue(ref, 0, value, viewOf(value), 0, value.length)) {
      store.release(ref);
      return 'no memory';
    }
    store.lock(hash);
    const old = store.fetchLocked(this.#input, this.#view, 3, end, hash);
    if (old === 0) store.linkLocked(ref, hash);
    else store.replaceLocked(old, ref, hash);
    store.unlock(hash);
    return 'stored';
  }

  #storeOver(end: number, hash: number, value: Uint8Array, exptime: number, flags: number): boolean {
    if (value.length > PAGE_BYTES) return false;
    this.#input.set(value, VALUE_AT);
    return this.#overwrites.store(3, end, hash, flags, exptime, VALUE_AT, value.length);
  }

  get(key: string, bump = 1): Uint8Array | null {
    const { reads } = this;
    const [end, hash] = this.#load(key);
    for (;;) {
      const ref = reads.begin(3, end, hash, bump);
      const value = ref === 0 ? null : this.#copyFound(ref);
      if (reads.end()) return value;
    }
  }

  #copyFound(ref: number): Uint8Array {
    const { found } = this.reads;
    if (!found.isLocked || !this.store.isChunked(ref)) return this.#output.slice(0, this.reads.copyValue(0));
    const value = new Uint8Array(found.valueBytes);
    this.store.copyValuePart(ref, 0, value.length, value, 0);
    return value;
  }

  delete(key: string): boolean {
    return this.locked(key, (ref, hash) => {
      if (ref !== 0) this.store.unlinkLocked(ref, hash);
      return ref !== 0;
    });
  }

  /** Appends to a value, as the server does: a new item made of the old and the more. */
  append(key: string, more: Uint8Array): boolean {
    const { store } = this;
    const [end] = this.#load(key);
    return this.locked(key, (old, hash) => {
      if (old === 0) return false;
      const bytes = store.valueBytes(old);
      const ref = store.reserve(this.#input, this.#view, 3, end, hash, 0, store.exptime(old), bytes + more.length);
      if (ref === Reserve.TOO_LARGE || ref === Reserve.NO_MEMORY) return false;
      const isWritten =
        store.writeValueOfLocked(ref, 0, old) && store.writeValue(ref, bytes, more, viewOf(more), 0, more.length);
      if (isWritten) store.replaceLocked(old, ref, hash);
      else store.release(ref);
      return isWritten;
    });
  }

  /** Runs `work` with the live item of the key (0: none) under its stripe. */
  locked<T>(key: string, work: (ref: number, hash: number) => T): T {
    const [end, hash] = this.#load(key);
    this.store.lock(hash);
    try {
      return work(this.store.fetchLocked(this.#input, this.#view, 3, end, hash), hash);
    } finally {
      this.store.unlock(hash);
    }
  }

  /** Reserves without linking: what a half-received set holds. */
  reserve(key: string, valueBytes: number): number {
    const [end, hash] = this.#load(key);
    return this.store.reserve(this.#input, this.#view, 3, end, hash, 0, 0, valueBytes);
  }

  #load(key: string): [end: number, hash: number] {
    const end = 3 + key.length;
    for (let i = 0; i < key.length; i++) this.#input[3 + i] = key.charCodeAt(i);
    return [end, this.store.hashKey(this.#input, this.#view, 3, end)];
  }
}

/** A value whose every byte follows from its seed, so that a torn copy shows. */
export function patternedValue(seed: number, bytes: number): Uint8Array {
  const value = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) value[i] = (seed + i * 7) & 0xff;
  return value;
}

/** Byte equality; jest's own comparison of large arrays takes seconds. */
export function isSame(one: Uint8Array | null | undefined, other: Uint8Array | null | undefined): boolean {
  return one != null && other != null && Buffer.compare(one, other) === 0;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
