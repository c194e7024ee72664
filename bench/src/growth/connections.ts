/**
 * Cost with more connections: the same gets beside a crowd that is silent, and spread over all connections. Also what a connection costs to
 * take in and to keep.
 *
 * Called by index.ts. With all of thousands busy a closed loop has thousands of requests under way: its latency is the queue's length.
 */

import { barChart } from '../report/chart.js';
import type { Chart, Section } from '../report/section.js';
import { median } from '../rows/table.js';
import { microsText, pointData, pointTable, tableOf, wholeText } from './point-table.js';
import { type CrowdCost, type Measured, microsOf } from './sampling.js';
import { SIDES, type Side } from './servers.js';

const CHART_ORDER: readonly Side[] = ['memcached', 'Shoal'];

export function connectionsSection(all: readonly Measured[], warning?: string): Section {
  return {
    id: 'growth-connections',
    title: 'Connections',
    markdown: [
      ...(warning === undefined ? [] : [`Note: ${warning}.`, '']),
      pointTable(all, [{ head: 'connections', of: ({ point }) => point.label }]),
      '',
      'What a silent connection costs, from its arrival to the answer of its first command, and while it stays:',
      '',
      crowdTable(all),
    ].join('\n'),
    data: pointData(all),
    charts: [connectionsChart(all)],
  };
}

/** Medians over the rounds; undefined where nothing was measured beside a crowd. */
export function crowdCostOf({ samples, firstCrowd }: Measured, side: Side): CrowdCost | undefined {
  const costs = samples[side].flatMap(({ crowd }) => (crowd === undefined ? [] : [crowd]));
  const first = firstCrowd[side];
  if (first === undefined || costs.length === 0) return undefined;
  const { residentBytesPerConnection } = first;
  return {
    microsPerConnection: median(costs.map(({ microsPerConnection }) => microsPerConnection)),
    residentBytesPerConnection,
  };
}

function connectionsChart(all: readonly Measured[]): Chart {
  const series = CHART_ORDER.map((name) => ({ name, values: all.map(({ samples }) => microsOf(samples[name])) }));
  const categories = all.map(({ point }) => point.label);
  const title = 'Cost of a get with more connections';
  return { name: 'growth-connections', svg: barChart({ title, yLabel: 'CPU µs per operation', categories, series }) };
}

function crowdTable(all: readonly Measured[]): string {
  const crowds = all.filter(({ point }) => point.idle > 0);
  const lines = crowds.map((measured) => [
    measured.point.idle.toLocaleString('en'),
    ...SIDES.map((side) => microsText(crowdCostOf(measured, side)?.microsPerConnection ?? Number.NaN)),
    ...SIDES.map((side) => wholeText(crowdCostOf(measured, side)?.residentBytesPerConnection ?? Number.NaN)),
  ]);
  const heads = ['silent', 'Shoal µs each', 'memcached µs each', 'Shoal bytes each', 'memcached bytes each'];
  return tableOf(heads, lines);
}
