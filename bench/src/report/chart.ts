/**
 * Charts as SVG text, drawn on the server by echarts.
 *
 * The only file that knows the library (docs/decisions/0030-bench-charts.md); the parts of a report call it. The pictures
 * carry their own white ground, because README shows them on light and dark pages, and no animation, so that the same points
 * give the same bytes. A value that is no number leaves a gap.
 */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 860;
const HEIGHT = 420;
const COLORS = ['#7a7f87', '#1668b8', '#e0752d', '#2c9a5b', '#9a4fb5', '#c2a02c', '#5ab4c9', '#c04a4a'];
const MOST_LABELS = 8;
const SLANT_DEGREES = 28;

export type Scale = 'linear' | 'log';

export interface LineSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlan {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale: Scale;
  /** Linear unless said. */
  readonly yScale?: Scale;
  readonly series: readonly LineSeries[];
}

export interface BarSeries {
  readonly name: string;
  readonly values: readonly number[];
}

export interface BarPlan {
  readonly title: string;
  readonly yLabel: string;
  readonly categories: readonly string[];
  readonly series: readonly BarSeries[];
}

export function lineChart({ title, xLabel, yLabel, xScale, yScale = 'linear', series }: LinePlan): string {
  return draw(title, {
    xAxis: { type: axisType(xScale), name: xLabel, nameLocation: 'middle', nameGap: 30 },
    yAxis: { type: axisType(yScale), ...yTitle(yLabel) },
    series: series.map(({ name, points }) => ({
      type: 'line',
      name,
      data: points.map(([x, y]) => [x, finite(y)]),
      symbolSize: 7,
      lineStyle: { width: 2 },
    })),
  });
}

export function barChart({ title, yLabel, categories, series }: BarPlan): string {
  const rotate = categories.length > MOST_LABELS ? SLANT_DEGREES : 0;
  return draw(title, {
    xAxis: { type: 'category', data: categories, axisLabel: { interval: 0, rotate } },
    yAxis: { type: 'value', ...yTitle(yLabel) },
    series: series.map(({ name, values }) => ({ type: 'bar', name, data: values.map(finite) })),
  });
}

function draw(title: string, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: COLORS,
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { top: 30 },
    grid: { left: 70, right: 30, top: 70, bottom: 60, containLabel: false },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return withStableNames(svg);
}

/** The library numbers its classes and clip paths through the life of the process: counted anew, the picture is the same each time. */
function withStableNames(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/zr\d+-(?:cls|c|g|p|s)-?\d+/g, (name) => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const stable = `n${names.size}`;
    names.set(name, stable);
    return stable;
  });
}

function yTitle(name: string): object {
  return { name, nameLocation: 'middle', nameGap: 50 };
}

function axisType(scale: Scale): 'log' | 'value' {
  return scale === 'log' ? 'log' : 'value';
}

/** The library draws nothing for '-'. */
function finite(value: number): number | '-' {
  return Number.isFinite(value) ? value : '-';
}
