/**
 * The pictures of cost as work grows. Called by the sections; report/chart.ts draws. Pure.
 *
 * memcached always comes first, so that it has the same colour in every chart. What cannot stand on a logarithmic scale is left out.
 */
import { lineChart } from '../report/chart.js';
import type { Chart } from '../report/section.js';
import type { Expansion } from './expansion-run.js';
import { type Measured, microsOf } from './sampling.js';
import type { Side } from './servers.js';
import { latencyOf, type Window } from './windows.js';

const ORDER: readonly Side[] = ['memcached', 'Shoal'];
/** Windows that a point of the chart of latency stands for. */
const WINDOWS_A_POINT = 5;

type Points = readonly (readonly [x: number, y: number])[];

/** CPU per operation against whatever grows, a line for each server and kind of work. */
export function costChart(
  plan: { readonly name: string; readonly title: string; readonly xLabel: string },
  all: readonly Measured[],
  xOf: (measured: Measured) => number,
): Chart {
  const works = [...new Set(all.map(({ point }) => point.label))];
  const series = works.flatMap((work) =>
    ORDER.map((side) => ({
      name: works.length === 1 ? side : `${side}: ${work}`,
      points: all
        .filter(({ point }) => point.label === work)
        .map((measured) => [xOf(measured), microsOf(measured.samples[side])] as const),
    })),
  );
  const { name, title, xLabel } = plan;
  return {
    name,
    svg: lineChart({ title, xLabel, yLabel: 'CPU µs per operation', xScale: 'log', yScale: 'log', series }),
  };
}

export function expansionChart(expansions: Readonly<Record<Side, Expansion>>): Chart {
  const series = ORDER.flatMap((side) => [
    { name: `${side}: median`, points: latencyPoints(expansions[side].growing, 'p50') },
    { name: `${side}: slowest`, points: latencyPoints(expansions[side].growing, 'max') },
  ]);
  const title = 'Latency of a get while the table grows';
  const svg = lineChart({ title, xLabel: 'keys', yLabel: 'µs', xScale: 'linear', yScale: 'log', series });
  return { name: 'growth-table', svg };
}

function latencyPoints(windows: readonly Window[], figure: 'p50' | 'max'): Points {
  const points: [number, number][] = [];
  for (let from = 0; from < windows.length; from += WINDOWS_A_POINT) {
    const group = windows.slice(from, from + WINDOWS_A_POINT);
    const latency = latencyOf(group);
    if (latency !== undefined) points.push([group[group.length - 1].keys, latency[figure]]);
  }
  return points;
}
