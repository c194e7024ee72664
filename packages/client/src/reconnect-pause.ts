/**
 * How long a node that let a client down is left alone before it is tried again: a pause that doubles with each failure from
 * reconnectMinMs to reconnectMaxMs, less up to half of it by chance, so that clients that lost a node together do not come
 * back to it together. Pure; used by NodeLink.
 */
import type { ResolvedOptions } from './options.js';

/** Beyond it the pause is the longest anyway: keeps the power in range. */
const DOUBLINGS_MAX = 30;

export type ReconnectBounds = Pick<ResolvedOptions, 'reconnectMinMs' | 'reconnectMaxMs'>;

/** `failures`: 1 after the first. `random`: from 0 to 1. */
export function reconnectPauseMs(failures: number, bounds: ReconnectBounds, random: number): number {
  const { reconnectMinMs, reconnectMaxMs } = bounds;
  const fullMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  return fullMs * (0.5 + random / 2);
}
