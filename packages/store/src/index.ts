/**
 * @shoal/store: items in shared memory. Make an arena once with `createArena`, attach a `Store` in each
 * thread, run `Maintenance` in one of them, check with `verify`. No I/O, no clock, no protocol.
 */
export { type Arena, createArena, type SegmentBytes } from './arena.js';
export type { ThreadMemory } from './bound.js';
export { QueueCounter, Tuning } from './control.js';
export { ClassCounter, CounterTable, StoreCounter } from './counters.js';
export { ItemMark, Lru, PAGE_BYTES } from './layout.js';
export { Maintenance } from './maintenance.js';
export { HashAlgorithm, STORE_DEFAULTS, type StoreOptions } from './options.js';
export type { Overwrites } from './overwrites.js';
export { Reassign } from './page-mover.js';
export { ANTICIPATED_MAX, type FoundItem, type Reads } from './reads.js';
export type { ItemStatistics, ListedItem, SlabStatistics, StoreStatistics } from './statistics.js';
export { type BoundStore, Miss, Reserve, Store } from './store.js';
export { verify } from './verify.js';
