/**
 * Finding an item by a key in memory that stays: `HashTable.find`, bound to one thread's arrays.
 *
 * Used by the two shortest paths, reads.ts and overwrites.ts, which say why they are written like this.
 */
import type { ArenaViews } from './arena.js';
import { Control } from './control.js';
import { bucketOf, CHAIN_CHECK } from './hash-table.js';
import { partialWord } from './item.js';
import {
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

/**
 * The item with the key input[start..end), or 0. `version` is the stripe's: the one that an optimistic reader began with, or the odd
 * one of a stripe that the caller holds. Once it has changed, the chain may be torn, even into a ring: then 0 may be wrong.
 */
export type Find = (start: number, end: number, hash: number, version: number) => number;

export function makeFind(views: ArenaViews, stripeMask: number, { input, inputView }: ThreadMemory): Find {
  const { control, table, stripes: versions, words: segments } = views;
  const [firstWords] = segments;
  const isOneSegment = segments.every((words) => words === firstWords);

  function isKey(words: Int32Array, at: number, start: number, end: number): boolean {
    if (((words[at + TAG] >>> KEY_BYTES_SHIFT) & KEY_BYTES_MASK) !== end - start) return false;
    let word = at + HEADER_WORDS;
    let from = start;
    for (const last = end - 4; from <= last; from += 4, word++) {
      if (words[word] !== inputView.getInt32(from, true)) return false;
    }
    return from === end || words[word] === partialWord(input, from, end);
  }

  return (start, end, hash, version) => {
    let ref = table[bucketOf(hash, control[Control.BUCKETS])];
    for (let steps = 0; ref !== 0; steps++) {
      const words = isOneSegment ? firstWords : segments[ref >>> REF_OFFSET_BITS];
      const at = (ref & REF_OFFSET_MASK) << 1;
      if (words[at + HASH] === hash && isKey(words, at, start, end)) return ref;
      if (steps >= CHAIN_CHECK && Atomics.load(versions, hash & stripeMask) !== version) return 0;
      ref = words[at + HASH_NEXT];
    }
    return 0;
  };
}
