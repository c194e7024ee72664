/**
 * Measured points as a table: a line a point, CPU per operation first, both servers side by side. Pure; called by the sections.
 *
 * Every figure is the median of the rounds; behind the ratio stands its range.
 */
import { median } from '../rows/table.js';
import { figureOf, type Measured, microsOf, type Sample, type Samples } from './sampling.js';
import { SIDES, type Side } from './servers.js';

const MIB = 2 ** 20;

/** What of a point the measurement's own columns show. */
export interface LabelColumn {
  readonly head: string;
  readonly of: (measured: Measured) => string;
}

export function pointTable(all: readonly Measured[], labels: readonly LabelColumn[]): string {
  const heads = [
    ...labels.map(({ head }) => head),
    'Shoal µs/op',
    'memcached µs/op',
    'ratio',
    'ops/s',
    'Shoal p50 / p99 / p99.9 µs',
    'memcached p50 / p99 / p99.9 µs',
    'resident MiB',
  ];
  const lines = all.map((measured) => [...labels.map(({ of }) => of(measured)), ...figures(measured.samples)]);
  return tableOf(heads, lines);
}

export function tableOf(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...lines.map(line)].join('\n');
}

function figures(samples: Samples): string[] {
  const both = (text: (side: Side) => string): string => SIDES.map(text).join(' / ');
  return [
    microsText(microsOf(samples.Shoal)),
    microsText(microsOf(samples.memcached)),
    ratioText(samples),
    both((side) => wholeText(figureOf(samples[side], ({ opsPerSecond }) => opsPerSecond))),
    latencyText(samples.Shoal),
    latencyText(samples.memcached),
    both((side) => wholeText(figureOf(samples[side], ({ serverResidentBytes = 0 }) => serverResidentBytes / MIB))),
  ];
}

export function microsText(micros: number): string {
  return Number.isFinite(micros) ? micros.toFixed(micros < 10 ? 2 : 1) : '–';
}

export function wholeText(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '–';
}

export function ratiosOf({ Shoal, memcached }: Samples): number[] {
  return Shoal.flatMap(({ serverCpuMicrosPerOp: shoal }, round) => {
    const other = memcached[round]?.serverCpuMicrosPerOp;
    return shoal === undefined || other === undefined ? [] : [shoal / other];
  });
}

function ratioText(samples: Samples): string {
  const ratios = ratiosOf(samples);
  if (ratios.length === 0) return '–';
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

function latencyText(samples: readonly Sample[]): string {
  const of = (name: 'p50' | 'p99' | 'p999'): string =>
    wholeText(figureOf(samples, ({ latencyMicros }) => latencyMicros[name]));
  return `${of('p50')} / ${of('p99')} / ${of('p999')}`;
}

/** The same as data: what each point was, and its medians. */
export function pointData(all: readonly Measured[]): unknown {
  return all.map(({ point, samples }) => ({
    ...point,
    ...Object.fromEntries(SIDES.map((side) => [side, sideData(samples[side])])),
    ratios: ratiosOf(samples),
  }));
}

function sideData(samples: readonly Sample[]): unknown {
  return {
    microsPerOp: samples.map(({ serverCpuMicrosPerOp }) => serverCpuMicrosPerOp),
    generatorMicrosPerOp: samples.map(({ generatorCpuMicrosPerOp }) => generatorCpuMicrosPerOp),
    opsPerSecond: samples.map(({ opsPerSecond }) => opsPerSecond),
    latencyMicros: samples.map(({ latencyMicros }) => latencyMicros),
    residentBytes: samples.map(({ serverResidentBytes }) => serverResidentBytes),
    threadMicrosPerOp: samples.map(({ serverThreadMicrosPerOp }) => serverThreadMicrosPerOp),
    crowd: samples.flatMap(({ crowd }) => (crowd === undefined ? [] : [crowd])),
  };
}
