/**
 * Cost with larger values: lone gets and sets from 10 bytes to a mebibyte, and what that is for each byte moved.
 *
 * Called by index.ts. Every size has 10,000 keys or 128 MiB of them, whichever is less; -I is 2m so that a whole mebibyte fits.
 */
import type { Section } from '../report/section.js';
import { costChart } from './charts.js';
import { microsText, pointData, pointTable, tableOf } from './point-table.js';
import { type Measured, microsOf } from './sampling.js';
import { SIDES } from './servers.js';

const KIB = 1024;

function valueBytesOf({ point }: Measured): number {
  return point.workload.valueBytes;
}

export function valuesSection(all: readonly Measured[]): Section {
  const large = all.filter(({ point }) => point.workload.valueBytes >= KIB);
  const lines = large.map(({ point, samples }) => [
    point.label,
    point.workload.valueBytes.toLocaleString('en'),
    ...SIDES.map((side) => microsText(microsOf(samples[side]) / (point.workload.valueBytes / KIB))),
  ]);
  return {
    id: 'growth-values',
    title: 'Values',
    markdown: [
      pointTable(all, [
        { head: 'work', of: ({ point }) => point.label },
        { head: 'bytes', of: ({ point }) => point.workload.valueBytes.toLocaleString('en') },
        { head: 'keys', of: ({ point }) => point.keyCount.toLocaleString('en') },
      ]),
      '',
      'CPU for each KiB of value:',
      '',
      tableOf(['work', 'bytes', 'Shoal µs/KiB', 'memcached µs/KiB'], lines),
    ].join('\n'),
    data: pointData(all),
    charts: [
      costChart({ name: 'growth-values', title: 'Cost with larger values', xLabel: 'bytes' }, all, valueBytesOf),
    ],
  };
}
