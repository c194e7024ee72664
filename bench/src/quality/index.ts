/**
 * What the same memory is good for, Shoal beside memcached: items held, hit ratios, and how fast a change of size is over.
 *
 * Called by quality/main.ts, and by the bench: `compareItemsHeld` and `compareHitRatio` for its default table,
 * `measureQuality` for the full one. Servers are started and stopped here; one measurement runs at a time, both servers in it.
 */
import type { Section } from '../report/section.js';
import { type HitRatioPlan, type HitRatios, measureHitRatio } from './hit-ratio.js';
import { type ItemsHeld, type ItemsHeldPlan, measureItemsHeld } from './items-held.js';
import type { BySide, Servers } from './pair.js';
import { PATTERNS, type PatternName } from './request-stream.js';
import { hitRatioSection, itemsHeldSection, sizeShiftSection } from './sections.js';
import { measureSizeShift } from './size-shift.js';

export type { BySide, ItemsHeld, ItemsHeldPlan, PatternName, Servers };

export const PARTS = ['items-held', 'hit-ratio', 'size-shift'] as const;
export type Part = (typeof PARTS)[number];

/** The sizes that the goal for items held is about. */
export const ITEMS_HELD_VALUE_BYTES: readonly number[] = [10, 30, 100, 300, 1000];

export interface QualityPlan {
  readonly servers: Servers;
  readonly memoryMiB: number;
  readonly seed: number;
  readonly only?: readonly Part[];
  /** Hears what is about to be measured. */
  readonly onProgress?: (what: string) => void;
}

export async function measureQuality(plan: QualityPlan): Promise<Section[]> {
  const { servers, memoryMiB, only = PARTS, onProgress = () => {} } = plan;
  const sections: Section[] = [];
  if (only.includes('items-held')) {
    onProgress('items held');
    const held = await measureItemsHeld({ servers, memoryMiB, valueBytes: ITEMS_HELD_VALUE_BYTES });
    sections.push(itemsHeldSection(held, memoryMiB));
  }
  if (only.includes('hit-ratio')) {
    const ratios: HitRatios[] = [];
    for (const pattern of PATTERNS) {
      onProgress(`hit ratio, ${pattern}`);
      ratios.push(await measureHitRatio({ ...plan, pattern }));
    }
    sections.push(hitRatioSection(ratios, memoryMiB));
  }
  if (only.includes('size-shift')) {
    onProgress('change of size');
    sections.push(sizeShiftSection(await measureSizeShift(plan), memoryMiB));
  }
  return sections;
}

/** Items that both hold at the same `-m`, a row a value size; some seconds a row at 64 MiB. */
export function compareItemsHeld(plan: ItemsHeldPlan): Promise<ItemsHeld[]> {
  return measureItemsHeld(plan);
}

export type HitRatioComparison = Omit<HitRatioPlan, 'seed' | 'pattern'> & {
  readonly pattern: Extract<PatternName, 'zipf-1.0' | 'zipf-1.0-scans'>;
  readonly seed?: number;
};

/** Hit ratios at the same `-m`; about 15 s with 16 MiB, 25 with scans. */
export async function compareHitRatio(plan: HitRatioComparison): Promise<BySide<number>> {
  const { ratio } = await measureHitRatio({ seed: 1, ...plan });
  return ratio;
}
