/**
 * A few commands decoded ahead of the one that runs, so that the memory their items lie in can be asked for all at once.
 *
 * A command of a pipeline takes less time than the two or three cache misses on the way to its item. Run one after the other,
 * every command waits for its own; decoded ahead, they wait together. The session runs a decoded command only if it begins
 * where the one before it ended, so guessing wrong costs time and nothing else. One a worker, used between two
 * receives; what is decoded holds offsets into worker.input and is forgotten when that changes.
 */
import { Decoded, decode, Op, Request } from '@shoal/protocol';
import { ANTICIPATED_MAX, type Reads } from '@shoal/store';

/** What is to know of each data command: a key, a data block behind it. */
const KEY = 1;
const BLOCK = 2;
const SHAPES = new Uint8Array(Op.NOOP + 1).fill(KEY);
for (const op of [Op.SET, Op.ADD, Op.REPLACE, Op.APPEND, Op.PREPEND, Op.CAS, Op.META_SET]) SHAPES[op] = KEY | BLOCK;
for (const op of [Op.META_NOOP, Op.NOOP]) SHAPES[op] = 0;

export interface Lookahead {
  readonly requests: readonly Request[];
  /** Where each command begins. */
  readonly starts: Int32Array;
  /** `Decoded` of each. */
  readonly decoded: Int32Array;
  /** Hash of each one's key, of data commands. */
  readonly hashes: Int32Array;
  /** See Reads.anticipate. */
  anticipated: number;
  /** Decodes up to `limit` commands of input[start..end); returns how many, at least one. Only the last may be other than READY. */
  look(dialect: number, start: number, end: number, limit: number): number;
}

export function makeLookahead(input: Uint8Array, inputView: DataView, reads: Reads): Lookahead {
  const requests = Array.from({ length: ANTICIPATED_MAX }, () => new Request());
  const starts = new Int32Array(ANTICIPATED_MAX);
  const outcomes = new Int32Array(ANTICIPATED_MAX);
  const hashes = new Int32Array(ANTICIPATED_MAX);

  const lookahead: Lookahead = { requests, starts, decoded: outcomes, hashes, anticipated: 0, look };

  function look(dialect: number, start: number, end: number, limit: number): number {
    const countMax = Math.min(limit, ANTICIPATED_MAX);
    let count = 0;
    for (let at = start; ; ) {
      const request = requests[count];
      const decoded = decode(dialect, input, inputView, at, end, request);
      starts[count] = at;
      outcomes[count] = decoded;
      count++;
      if (decoded !== Decoded.READY || request.op > Op.NOOP) break;
      const shape = SHAPES[request.op];
      if ((shape & KEY) !== 0) {
        hashes[count - 1] = reads.hashKey(request.keyStart, request.keyEnd);
        // Behind the input lies the one scratch area: the next key that comes as base64 would overwrite this one.
        if (request.keyStart >= end) break;
      }
      at = request.next + ((shape & BLOCK) === 0 ? 0 : request.swallowBytes);
      if (count === countMax || at >= end) break;
    }
    if (count > 1) lookahead.anticipated = reads.anticipate(hashes, count);
    return count;
  }

  return lookahead;
}
