/**
 * The latency hygiene of a server: garbage on the hot path, and stalls from maintenance.
 *
 * Called by main.ts and by the complete report.
 */
import { pinnedTo } from '../machine/pinning.js';
import type { Section } from '../report/section.js';
import { type AllocationRow, measureAllocation } from './allocation.js';
import { allExchanges } from './exchanges.js';
import { allocationSection, stallSection } from './sections.js';
import { measureStalls } from './stalls.js';

export interface HygienePlan {
  readonly transport: string;
  /** Watched, and before it, each kind of work. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Kinds of work whose name contains this. */
  readonly only: string;
  /** Sets a second, and windows of how long. */
  readonly perSecond: number;
  readonly windows: number;
  readonly windowSeconds: number;
  readonly parts: readonly HygienePart[];
}

export const HYGIENE_PARTS = ['garbage', 'stalls'] as const;
export type HygienePart = (typeof HYGIENE_PARTS)[number];

export const HYGIENE_DEFAULTS: HygienePlan = {
  transport: 'auto',
  seconds: 5,
  warmupSeconds: 5,
  only: '',
  perSecond: 20_000,
  windows: 15,
  windowSeconds: 2,
  parts: HYGIENE_PARTS,
};

export async function measureHygiene(
  plan: HygienePlan,
  onRow: (row: AllocationRow) => void = () => {},
): Promise<Section[]> {
  const pinning = pinnedTo('0').command;
  const sections: Section[] = [];
  if (plan.parts.includes('garbage')) {
    const exchanges = allExchanges().filter(({ name }) => name.includes(plan.only));
    sections.push(allocationSection(await measureAllocation({ ...plan, exchanges, pinning }, onRow), plan.transport));
  }
  if (plan.parts.includes('stalls')) {
    sections.push(stallSection(await measureStalls({ ...plan, pinning }), plan.perSecond));
  }
  return sections;
}
