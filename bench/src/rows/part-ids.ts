/**
 * The parts of the bench beside its rows, by the names that --only takes.
 *
 * Read by bench-options.ts (what is allowed) and bench.ts (what to run, in this order). `help` runs only when it is named.
 */
export const PART_IDS = ['workers', 'latency', 'idle', 'items', 'hits', 'help'] as const;
export type PartId = (typeof PART_IDS)[number];

export const DEFAULT_PARTS: readonly PartId[] = ['workers', 'latency', 'idle', 'items', 'hits'];
