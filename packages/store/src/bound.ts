/**
 * The shortest paths of a store, bound to one thread's memory, and the small parts that they share.
 *
 * V8 takes the variables that a function closes over for constants if that function was made once: addresses and lengths of arrays are
 * then part of the instructions, and no check of them is left. Methods and fields do not get that, nor do functions that were made
 * twice in a thread. So everything here is made once, by `Store.bind`, and handed to whoever needs it.
 *
 *   find, isAlive, copies ──▶ reads.ts, overwrites.ts
 */
import type { ArenaViews } from './arena.js';
import { Control } from './control.js';
import { bucketOf, CHAIN_CHECK } from './hash-table.js';
import { keyWords, partialWord, WORDWISE_BYTES } from './item.js';
import { isExpiredAt, isFlushedAt } from './item-life.js';
import {
  ACCESS_TIME,
  EXPTIME,
  HASH,
  HASH_NEXT,
  HEADER_WORDS,
  KEY_BYTES_MASK,
  KEY_BYTES_SHIFT,
  REF_OFFSET_BITS,
  REF_OFFSET_MASK,
  TAG,
} from './layout.js';

/** Where keys and values are read from and values copied to: the same for as long as what is bound to it is used. */
export interface ThreadMemory {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

export interface BoundParts {
  readonly memory: ThreadMemory;
  readonly find: Find;
  readonly isAlive: IsAlive;
  readonly copies: ValueCopies;
}

/**
 * `HashTable.find`: the item with the key input[start..end), or 0. `version` is the stripe's: the one that an optimistic reader began
 * with, or the odd one of a stripe that the caller holds. Once it has changed, the chain may be torn, even into a ring: then 0 may be wrong.
 */
export type Find = (start: number, end: number, hash: number, version: number) => number;

/** Neither expired nor flushed. The item is at words[at]. */
export type IsAlive = (words: Int32Array, at: number, tag: number) => boolean;

export interface ValueCopies {
  /** Copies a plain value that begins at this word of the segment of `ref` to output[at..); answers the offset behind it. */
  copyOut(ref: number, word: number, count: number, at: number): number;
  /** Copies input[start..start + count) to such a place. */
  copyIn(ref: number, word: number, start: number, count: number): void;
}

export function makeBoundParts(views: ArenaViews, stripeMask: number, memory: ThreadMemory): BoundParts {
  const isKey = makeIsKey(views, memory);
  return {
    memory,
    find: makeFind(views, stripeMask, isKey),
    isAlive: makeIsAlive(views),
    copies: makeValueCopies(views, memory),
  };
}

/** The only segment, if there is one: then V8 knows where every item lies. */
export function onlySegmentOf({ words }: ArenaViews): Int32Array | null {
  return words.every((segment) => segment === words[0]) ? words[0] : null;
}

type IsKey = (words: Int32Array, at: number, start: number, end: number) => boolean;

function makeIsKey(views: ArenaViews, { input, inputView }: ThreadMemory): IsKey {
  const onlyWords = onlySegmentOf(views);
  return (itsWords, at, start, end) => {
    const words = onlyWords ?? itsWords;
    if (((words[at + TAG] >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK) !== end - start) return false;
    let word = at + HEADER_WORDS;
    let from = start;
    for (const last = end - 4; from <= last; from += 4, word++) {
      if (words[word] !== inputView.getInt32(from, true)) return false;
    }
    return from === end || words[word] === partialWord(input, from, end);
  };
}

function makeFind(views: ArenaViews, stripeMask: number, isKey: IsKey): Find {
  const { control, table, stripes: versions, words: segments } = views;
  const onlyWords = onlySegmentOf(views);
  return (start, end, hash, version) => {
    let ref = table[bucketOf(hash, control[Control.BUCKETS])];
    for (let steps = 0; ref !== 0; steps++) {
      const words = onlyWords ?? segments[ref >>> REF_OFFSET_BITS];
      const at = (ref & REF_OFFSET_MASK) << 1;
      if (words[at + HASH] === hash && isKey(words, at, start, end)) return ref;
      if (steps >= CHAIN_CHECK && Atomics.load(versions, hash & stripeMask) !== version) return 0;
      ref = words[at + HASH_NEXT];
    }
    return 0;
  };
}

function makeIsAlive({ control }: ArenaViews): IsAlive {
  return (words, at, tag) => {
    return !isExpiredAt(control, words[at + EXPTIME]) && !isFlushedAt(control, words[at + ACCESS_TIME], tag);
  };
}

/** Both go four words at a time and load all four before they store the first: see item.ts. */
function makeValueCopies(views: ArenaViews, memory: ThreadMemory): ValueCopies {
  const { bytes, words: segments } = views;
  const onlyWords = onlySegmentOf(views);
  const { input, inputView, output, outputView } = memory;

  function copyOut(ref: number, word: number, count: number, at: number): number {
    const words = onlyWords ?? segments[ref >>> REF_OFFSET_BITS];
    const end = at + count;
    if (count > WORDWISE_BYTES) {
      output.set(bytes[ref >>> REF_OFFSET_BITS].subarray(4 * word, 4 * word + count), at);
      return end;
    }
    let from = word;
    let to = at;
    for (; to <= end - 16; to += 16, from += 4) {
      const first = words[from];
      const second = words[from + 1];
      const third = words[from + 2];
      const fourth = words[from + 3];
      outputView.setInt32(to, first, true);
      outputView.setInt32(to + 4, second, true);
      outputView.setInt32(to + 8, third, true);
      outputView.setInt32(to + 12, fourth, true);
    }
    for (; to <= end - 4; to += 4) outputView.setInt32(to, words[from++], true);
    for (let rest = words[from]; to < end; rest >>>= 8) output[to++] = rest;
    return end;
  }

  function copyIn(ref: number, word: number, start: number, count: number): void {
    const words = onlyWords ?? segments[ref >>> REF_OFFSET_BITS];
    const end = start + count;
    if (count > WORDWISE_BYTES) {
      bytes[ref >>> REF_OFFSET_BITS].set(input.subarray(start, end), 4 * word);
      return;
    }
    let from = start;
    let to = word;
    for (; from <= end - 16; from += 16, to += 4) {
      const first = inputView.getInt32(from, true);
      const second = inputView.getInt32(from + 4, true);
      const third = inputView.getInt32(from + 8, true);
      const fourth = inputView.getInt32(from + 12, true);
      words[to] = first;
      words[to + 1] = second;
      words[to + 2] = third;
      words[to + 3] = fourth;
    }
    for (; from <= end - 4; from += 4) words[to++] = inputView.getInt32(from, true);
    if (from < end) words[to] = partialWord(input, from, end);
  }

  return { copyOut, copyIn };
}

/** Where an item's client flags or, without any, its value begins. */
export function wordBehindKey(at: number, tag: number): number {
  return at + HEADER_WORDS + keyWords(tag);
}
