/**
 * Cost with more workers: the same work on servers of one and of two threads, on keys of their own and on one key that all of them want.
 *
 * Called by index.ts. Two busy servers’ threads and the generator share two cores here, so figures compare the two servers, not one worker with two;
 * what threads cost each other is told by the store alone (contention.ts). The design allows 10 %.
 */
import type { Section } from '../report/section.js';
import { median } from '../rows/table.js';
import type { SceneCost } from './contention.js';
import { pointData, pointTable, tableOf } from './point-table.js';
import { type Measured, microsOf } from './sampling.js';
import { SIDES, type Side } from './servers.js';

export function workersSection(all: readonly Measured[], contention: readonly SceneCost[]): Section {
  const works = [...new Set(all.map(({ point }) => point.label))];
  const lines = works.map((work) => [work, ...SIDES.map((side) => costText(addedCost(all, work, side)))]);
  return {
    id: 'growth-workers',
    title: 'Workers',
    markdown: [
      pointTable(all, [
        { head: 'work', of: ({ point }) => point.label },
        { head: 'workers', of: ({ point }) => String(point.setup.workers) },
      ]),
      '',
      'CPU per operation with two workers over that with one:',
      '',
      tableOf(['work', ...SIDES], lines),
      '',
      'Shoal’s store alone, without sockets: CPU of one thread per operation, on keys of its own unless all want one:',
      '',
      contentionTable(contention),
    ].join('\n'),
    data: { points: pointData(all), contention },
    charts: [],
  };
}

/** CPU per operation with the most workers over that with one. */
export function addedCost(all: readonly Measured[], work: string, side: Side): number {
  const same = all.filter(({ point }) => point.label === work);
  const [fewest, most] = [same[0], same[same.length - 1]];
  return microsOf(most.samples[side]) / microsOf(fewest.samples[side]);
}

function costText(factor: number): string {
  return Number.isFinite(factor) ? `${factor.toFixed(2)}×` : '–';
}

function contentionTable(contention: readonly SceneCost[]): string {
  const lines = contention.map(({ scene, nanos }) => [
    scene.name,
    median(nanos).toFixed(0),
    `${Math.min(...nanos).toFixed(0)}–${Math.max(...nanos).toFixed(0)}`,
  ]);
  return tableOf(['what', 'ns', 'rounds'], lines);
}
