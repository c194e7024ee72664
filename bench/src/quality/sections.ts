/**
 * The three parts of a quality report as text, data and pictures.
 *
 * Pure; called by index.ts with what was measured.
 */
import { barChart, lineChart } from '../report/chart.js';
import type { Section } from '../report/section.js';
import type { HitRatios } from './hit-ratio.js';
import type { ItemsHeld } from './items-held.js';
import { SIDES, type Side } from './pair.js';
import { KEY_BYTES, PATTERN_TITLES } from './request-stream.js';
import type { SizeShift } from './size-shift.js';

const NAMES: Readonly<Record<Side, string>> = { shoal: 'Shoal', memcached: 'memcached' };
const MIB = 2 ** 20;
/** Goals of the project's design, printed below the table of items. */
const ITEMS_GOAL = { mean: 1.1, each: 1 };

export function itemsHeldSection(all: readonly ItemsHeld[], memoryMiB: number): Section {
  const rows = all.map(({ valueBytes, shoal, memcached, ratio, overheadBytes }) => [
    whole(valueBytes),
    whole(shoal),
    whole(memcached),
    ratio.toFixed(3),
    overheadBytes.shoal.toFixed(1),
    overheadBytes.memcached.toFixed(1),
  ]);
  const ratios = all.map(({ ratio }) => ratio);
  const mean = meanOf(ratios);
  return {
    id: 'items-held',
    title: `Items held with -m ${memoryMiB}`,
    markdown: [
      table(['value bytes', 'Shoal', 'memcached', 'ratio', 'overhead bytes, Shoal', 'memcached'], rows),
      '',
      `Keys of ${KEY_BYTES} bytes. Mean of the ratios: **${mean.toFixed(3)}** (goal: ${ITEMS_GOAL.mean.toFixed(2)}), smallest ` +
        `${Math.min(...ratios).toFixed(3)} (goal: ${ITEMS_GOAL.each.toFixed(2)}). Overhead is memory over items, less key and value.`,
    ].join('\n'),
    data: { memoryMiB, mean, rows: all },
    charts: [
      {
        name: 'quality-overhead',
        svg: barChart({
          title: `Overhead per item, -m ${memoryMiB}`,
          yLabel: 'bytes',
          categories: all.map(({ valueBytes }) => `${whole(valueBytes)} bytes`),
          series: SIDES.map((side) => ({ name: NAMES[side], values: all.map((row) => row.overheadBytes[side]) })),
        }),
      },
    ],
  };
}

export function hitRatioSection(all: readonly HitRatios[], memoryMiB: number): Section {
  const rows = all.map(({ pattern, keys, requests, ratio, mainRatio, items, takenBytes }) => [
    PATTERN_TITLES[pattern],
    whole(keys),
    whole(requests),
    percent(ratio.shoal),
    percent(ratio.memcached),
    (100 * (ratio.shoal - ratio.memcached)).toFixed(2),
    SIDES.map((side) => percent(mainRatio[side])).join(' / '),
    SIDES.map((side) => whole(items[side])).join(' / '),
    SIDES.map((side) => whole(takenBytes[side] / MIB)).join(' / '),
  ]);
  const heads = [
    'traffic',
    'keys',
    'requests',
    'Shoal %',
    'memcached %',
    'points',
    'without scans',
    'items',
    'MiB of pages',
  ];
  return {
    id: 'hit-ratio',
    title: `Hit ratio with -m ${memoryMiB}`,
    markdown: [
      table(heads, rows),
      '',
      'Read-through: get, and on a miss set. The columns with two figures are Shoal / memcached. Only the second half of the requests counts.',
    ].join('\n'),
    data: { memoryMiB, rows: all },
    charts: [
      {
        name: 'quality-hit-ratio',
        svg: barChart({
          title: `Hit ratio, -m ${memoryMiB}`,
          yLabel: 'percent',
          categories: all.map(({ pattern }) => pattern),
          series: SIDES.map((side) => ({
            name: NAMES[side],
            values: all.map(({ ratio }) => round2(100 * ratio[side])),
          })),
        }),
      },
    ],
  };
}

export function sizeShiftSection(shift: SizeShift, memoryMiB: number): Section {
  const rows = SIDES.map((side) => [
    NAMES[side],
    percent(shift.settled[side]),
    percent(shift.ratios[side][0]),
    shift.backAfterSeconds[side] === null
      ? `not in ${shift.ratios[side].length} s`
      : `${shift.backAfterSeconds[side]} s`,
  ]);
  return {
    id: 'size-shift',
    title: `After a change of size with -m ${memoryMiB}`,
    markdown: [
      `Memory full of ${shift.smallBytes}-byte values; from second 0 only ${whole(shift.largeBytes)}-byte values are asked for, ` +
        `${whole(shift.requestsPerSecond)} a second.`,
      '',
      table(['', 'settled hit ratio %', 'in the first second %', 'back within two points after'], rows),
    ].join('\n'),
    data: { memoryMiB, ...shift },
    charts: [
      {
        name: 'quality-size-shift',
        svg: lineChart({
          title: `Hit ratio after the traffic turned from ${shift.smallBytes} to ${shift.largeBytes}-byte values, -m ${memoryMiB}`,
          xLabel: 'seconds',
          yLabel: 'percent',
          xScale: 'linear',
          series: SIDES.map((side) => ({
            name: NAMES[side],
            points: shift.ratios[side].map((ratio, second) => [second, round2(100 * ratio)] as [number, number]),
          })),
        }),
      },
    ],
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function percent(ratio: number): string {
  return (100 * ratio).toFixed(2);
}

function round2(value: number): number {
  return Math.round(100 * value) / 100;
}
