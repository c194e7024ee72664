/**
 * Where a pool is in its life; pool.ts alone changes it.
 *
 *   starting ──▶ running ──▶ closing ──▶ closed       a start that fails leads to closed as well
 */
export type PoolPhase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** Nodes serve on, or stop with the pool. */
  | { readonly kind: 'closing'; readonly nodes: 'keep' | 'stop' }
  | { readonly kind: 'closed' };
