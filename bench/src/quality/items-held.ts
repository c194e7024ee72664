/**
 * How many items of one size both servers hold at the same `-m`, and what an item costs beyond its key and value.
 *
 * Used by index.ts. Both are filled until they evict, and then by a quarter more, so that every page is in use; what `stats`
 * then calls curr_items is the figure. The overhead is memory over items, less key and value: header, rounding to a size
 * class, and what of a page no chunk uses. The hash tables are outside of `-m` in both, and not counted.
 */
import { type BySide, type Servers, SIDES, withPair } from './pair.js';
import { KEY_BYTES, roomFor } from './request-stream.js';

export interface ItemsHeldPlan {
  readonly servers: Servers;
  readonly valueBytes: readonly number[];
  readonly memoryMiB: number;
}

export interface ItemsHeld {
  readonly valueBytes: number;
  readonly shoal: number;
  readonly memcached: number;
  /** Shoal's over memcached's. */
  readonly ratio: number;
  readonly overheadBytes: BySide<number>;
}

const FILL_STEP = 0.25;
/** No server holds more than this many times `roomFor`. */
const FILLS_MAX = 16;

export async function measureItemsHeld({ servers, valueBytes, memoryMiB }: ItemsHeldPlan): Promise<ItemsHeld[]> {
  const all: ItemsHeld[] = [];
  for (const bytes of valueBytes) {
    const items = await itemsHeld({ servers, memoryMiB, valueBytes: () => bytes });
    const overhead = (side: keyof typeof items): number => (memoryMiB * 2 ** 20) / items[side] - KEY_BYTES - bytes;
    all.push({
      valueBytes: bytes,
      ...items,
      ratio: items.shoal / items.memcached,
      overheadBytes: { shoal: overhead('shoal'), memcached: overhead('memcached') },
    });
  }
  return all;
}

function itemsHeld(plan: { servers: Servers; memoryMiB: number; valueBytes(key: number): number }) {
  const step = Math.ceil(roomFor(plan.memoryMiB, plan.valueBytes(0)) * FILL_STEP);
  return withPair(plan, async (pair) => {
    let isFull = false;
    for (let fill = 0; fill < FILLS_MAX; fill++) {
      const keys = Int32Array.from({ length: step }, (_, index) => fill * step + index);
      await pair.both((client) => client.store(keys));
      if (isFull) return pair.statistic('curr_items');
      const evictions = await pair.statistic('evictions');
      isFull = SIDES.every((side) => evictions[side] > 0);
    }
    throw new Error('Cannot fill both servers: one never evicts');
  });
}
