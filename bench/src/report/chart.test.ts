import { describe, expect, test } from '@jest/globals';
import { barChart, lineChart } from './chart.js';

const bars = {
  title: 'Cost <of> & an operation',
  yLabel: 'µs',
  categories: ['get', 'set'],
  series: [
    { name: 'memcached', values: [8, 9] },
    { name: 'Shoal', values: [6, Number.NaN] },
  ],
};
const lines = {
  title: 'Growth',
  xLabel: 'keys',
  yLabel: 'ns',
  xScale: 'log',
  series: [
    {
      name: 'Shoal',
      points: [
        [1e4, 1],
        [1e7, 3],
      ],
    },
  ],
} as const;

describe('the charts', () => {
  test('are SVG documents that name title, categories, series and axes, with what must be escaped escaped', () => {
    const svg = barChart(bars);
    expect(svg).toMatch(/^<svg .*xmlns="http:\/\/www.w3.org\/2000\/svg"[\s\S]*<\/svg>$/);
    for (const words of ['Cost &lt;of&gt; &amp; an operation', 'get', 'set', 'memcached', 'Shoal', 'µs'])
      expect(svg).toContain(`>${words}</text>`);
  });

  test('draw a bar for each value that is a number and none for another', () => {
    const barsIn = (svg: string) => svg.match(/fill="#(7a7f87|1668b8)"/g)?.length ?? 0;
    const complete = { ...bars, series: [bars.series[0], { name: 'Shoal', values: [6, 7] }] };
    expect(barsIn(barChart(complete)) - barsIn(barChart(bars))).toBe(1);
  });

  test('put the powers of ten of a logarithmic axis at equal distances', () => {
    const svg = lineChart(lines);
    expect(svg).toContain('>keys</text>');
    const xOf = (label: string): number =>
      Number(new RegExp(`translate\\(([\\d.]+) [\\d.]+\\)"[^>]*>${label}</text>`).exec(svg)?.[1]);
    expect(xOf('100,000') - xOf('10,000')).toBeCloseTo(xOf('1,000,000') - xOf('100,000'), 0);
  });

  test('are the same bytes for the same points, so that a result without news changes no file', () => {
    expect(barChart(bars)).toBe(barChart(bars));
    expect(lineChart(lines)).toBe(lineChart(lines));
  });
});
