/**
 * Cost as work grows: workers, connections, keys, values, and the model fitted on all of them.
 *
 * Called by main.ts here and by the complete report (`pnpm bench --full`). One part after the other, each on servers of its own;
 * the model needs all four and is left out otherwise. Stops what it starts.
 */
import type { Section } from '../report/section.js';
import { connectionsSection } from './connections.js';
import { measureContention, type SceneCost } from './contention.js';
import { keysSection, measureMostKeys } from './keys.js';
import { modelSection } from './model-section.js';
import { type GrowthPlan, PARTS, type Part } from './plan.js';
import { CONNECTION_COUNTS, pointGroups } from './points.js';
import { type Measured, measureGroup, type Sampling } from './sampling.js';
import { type FileLimit, fileLimitFor } from './servers.js';
import { valuesSection } from './values.js';
import { workersSection } from './workers.js';

export { GROWTH_DEFAULTS, type GrowthPlan } from './plan.js';

interface MeasuredPart {
  readonly section: Section;
  readonly measured: readonly Measured[];
  readonly contention?: readonly SceneCost[];
}

export async function measureGrowth(plan: GrowthPlan): Promise<Section[]> {
  const limit = fileLimitFor(Math.max(...CONNECTION_COUNTS));
  if (limit.warning !== undefined) console.error(limit.warning);
  const parts: MeasuredPart[] = [];
  for (const part of plan.only) parts.push(await measurePart(part, plan, limit));
  const sections = parts.map(({ section }) => section);
  if (parts.length < PARTS.length) return sections;
  const contention = parts.flatMap(({ contention = [] }) => contention);
  return [
    ...sections,
    modelSection(
      parts.flatMap(({ measured }) => measured),
      contention,
    ),
  ];
}

async function measurePart(part: Part, plan: GrowthPlan, limit: FileLimit): Promise<MeasuredPart> {
  const sampling: Sampling = { plan, filePrefix: part === 'connections' ? limit.prefix : [] };
  const measured: Measured[] = [];
  for (const points of pointGroups(part, limit.mostConnections))
    measured.push(...(await measureGroup(points, sampling)));
  switch (part) {
    case 'workers': {
      const contention = await measureContention(plan);
      return { measured, contention, section: workersSection(measured, contention) };
    }
    case 'connections':
      return { measured, section: connectionsSection(measured, limit.warning) };
    case 'keys': {
      const most = await measureMostKeys(sampling);
      return { measured: [...measured, ...most.measured], section: keysSection(measured, most) };
    }
    case 'values':
      return { measured, section: valuesSection(measured) };
  }
}
