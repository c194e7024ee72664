/**
 * The next few keys of a text get, read together so that the memory of their items is asked for all at once (see lookahead.ts).
 *
 * Holds offsets into worker.input, so it is valid only while one line is answered. Made once a thread, over arrays that stay, which V8 then
 * takes for constants.
 */
import { KEY_BYTES_MAX, NextKey, skipBlanks, wordEnd } from '@shoal/protocol';
import { ANTICIPATED_MAX, type Reads } from '@shoal/store';

export interface KeyGroup {
  /** Where each key begins and ends in worker.input, and its hash. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
  count: number;
  /** What stands behind the group: another key, a key too long, or nothing. */
  next: number;
  /** See Reads.anticipate. */
  anticipated: number;
  /** One key alone, which the line ends with. */
  takeOne(start: number, end: number, hash: number): void;
  /** The keys of the line input[from..lineEnd). */
  read(from: number, lineEnd: number): void;
}

export function makeKeyGroup(input: Uint8Array, view: DataView, reads: Reads): KeyGroup {
  const starts = new Int32Array(ANTICIPATED_MAX);
  const ends = new Int32Array(ANTICIPATED_MAX);
  const hashes = new Int32Array(ANTICIPATED_MAX);
  const group: KeyGroup = { starts, ends, hashes, count: 0, next: NextKey.NONE, anticipated: 0, takeOne, read };

  function takeOne(start: number, end: number, hash: number): void {
    starts[0] = start;
    ends[0] = end;
    hashes[0] = hash;
    group.count = 1;
    group.next = NextKey.NONE;
  }

  function read(from: number, lineEnd: number): void {
    let count = 0;
    let next: number = NextKey.FOUND;
    for (let at = from; count < ANTICIPATED_MAX; ) {
      const start = skipBlanks(input, at, lineEnd);
      at = wordEnd(input, view, start, lineEnd);
      if (start === lineEnd) next = NextKey.NONE;
      else if (at - start > KEY_BYTES_MAX) next = NextKey.TOO_LONG;
      if (next !== NextKey.FOUND) break;
      starts[count] = start;
      ends[count] = at;
      hashes[count++] = reads.hashKey(start, at);
    }
    group.count = count;
    group.next = next;
    if (count > 1) group.anticipated = reads.anticipate(hashes, count);
  }

  return group;
}
