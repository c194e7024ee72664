/**
 * CPU per operation as a section of the report: a Markdown table for each transport, redis's figures, and the chart of ratios.
 *
 * Pure; called by rows/operations.ts.
 */
import type { Operations, RedisRow, TransportTable } from '../rows/operations-result.js';
import type { Figures, RowResult } from '../rows/table.js';
import { barChart } from './chart.js';
import type { Section } from './section.js';
import { VERDICT_WORDS } from './summary.js';

const HEAD = [
  'row',
  'Shoal µs/op',
  'other µs/op',
  'ratio',
  'quartiles',
  'goal',
  '',
  'ops/s',
  'p50 µs',
  'p99 µs',
  'p99.9 µs',
  'resident MiB',
  'generator µs/op',
];

export function operationsSection(operations: Operations): Section {
  const { workers, tables, redis } = operations;
  const suffix = workers === 1 ? '' : `-w${workers}`;
  const parts = tables.map((table) => transportText(table, operations));
  return {
    id: `operations${suffix}`,
    title: `CPU per operation, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    markdown: [
      ...parts,
      ...(redis === undefined ? [] : [redisText(redis)]),
      noteText(operations),
      ...operations.warnings.map((warning) => `Warning: ${warning}.`),
    ].join('\n\n'),
    data: operations,
    charts: tables.length === 0 ? [] : [{ name: `operations${suffix}`, svg: ratioChart(operations) }],
  };
}

function transportText({ transport, rows }: TransportTable, { peerName }: Operations): string {
  const judged = rows.filter(({ verdict }) => verdict !== 'none');
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length;
  return [
    `### Shoal on ${transport} against ${peerName}`,
    '',
    ...tableLines([HEAD, ...rows.map(rowCells)]),
    ...(judged.length === 0 ? [] : ['', `${passed} of ${judged.length} rows with a goal meet it.`]),
  ].join('\n');
}

function rowCells(row: RowResult): string[] {
  const { shoal, peer } = row;
  const both = (pick: (figures: Figures) => string): string => `${pick(shoal)} / ${pick(peer)}`;
  return [
    row.label,
    `${decimals(shoal.cpuMicrosPerOp)} ±${(shoal.spreadPercent / 2).toFixed(0)}%`,
    `${decimals(peer.cpuMicrosPerOp)} ±${(peer.spreadPercent / 2).toFixed(0)}%`,
    `${row.ratio.toFixed(3)}${row.judgedAgainst === undefined ? '' : ' ¹'}`,
    row.ratioRange.map((ratio) => ratio.toFixed(2)).join('–'),
    row.limit === undefined ? '' : `≤ ${row.limit.toFixed(2)}`,
    VERDICT_WORDS[row.verdict],
    both(({ opsPerSecond }) => thousands(opsPerSecond)),
    both(({ p50Micros }) => p50Micros.toFixed(0)),
    both(({ p99Micros }) => p99Micros.toFixed(0)),
    both(({ p999Micros }) => p999Micros.toFixed(0)),
    both(({ residentBytes }) => (residentBytes / 2 ** 20).toFixed(0)),
    `${decimals(shoal.generatorCpuMicrosPerOp)}${row.isGeneratorSlower ? ' ²' : ''}`,
  ];
}

function redisText({ version, rows }: { version: string; rows: readonly RedisRow[] }): string {
  const cells = rows.map(({ label, figures }) => [
    label,
    `${decimals(figures.cpuMicrosPerOp)} ±${(figures.spreadPercent / 2).toFixed(0)}%`,
    thousands(figures.opsPerSecond),
    figures.p50Micros.toFixed(0),
    figures.p99Micros.toFixed(0),
    figures.p999Micros.toFixed(0),
  ]);
  const head = ['row', 'µs/op', 'ops/s', 'p50 µs', 'p99 µs', 'p99.9 µs'];
  return [`### redis ${version}, for reference`, '', ...tableLines([head, ...cells])].join('\n');
}

function noteText({ tables, peerName, windows, windowSeconds, warmupSeconds }: Operations): string {
  const rows = tables.flatMap((table) => table.rows);
  const notes = [
    `Server CPU of all threads, median of ${windows} windows of ${windowSeconds} s after ${warmupSeconds} s of warm-up, ± half the distance of the quartiles. Ratio: Shoal over the other side, median of the rounds. A / B: Shoal and the other side. Latency is that of a whole batch, at full load.`,
  ];
  const moved = rows.find((row) => row.judgedAgainst !== undefined);
  if (moved !== undefined) {
    notes.push(
      `¹ ${moved.label}: the ratio is over the other side's *${moved.judgedAgainst}* of the same windows, because ${peerName} sends each reply of such a pipeline by itself.`,
    );
  }
  if (rows.some((row) => row.isGeneratorSlower)) {
    notes.push(
      '² The generator used more CPU per operation than a server: it set the pace, so ops/s and latency of the row say little.',
    );
  }
  return notes.join('\n\n');
}

/** What is judged, as in the tables: memcached stands at 1. */
function ratioChart({ tables, peerName, workers }: Operations): string {
  return barChart({
    title: `Server CPU per operation, ${peerName} = 1 (lower is better)${workers === 1 ? '' : `, ${workers} workers`}`,
    yLabel: 'ratio',
    categories: tables[0].rows.map(({ id }) => id),
    series: [
      { name: peerName, values: tables[0].rows.map(() => 1) },
      ...tables.map(({ transport, rows }) => ({
        name: `Shoal, ${transport}`,
        values: rows.map(({ ratio }) => Math.round(ratio * 1000) / 1000),
      })),
    ],
  });
}

function tableLines(cells: readonly (readonly string[])[]): string[] {
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const pad = (cell: string, i: number): string => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const line = (row: readonly string[]): string => `| ${row.map(pad).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)];
}

function decimals(micros: number): string {
  return micros.toFixed(micros < 2 ? 3 : 2);
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
