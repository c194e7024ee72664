/**
 * What was measured, as sections of the report: a table each and a sentence that says how to read it.
 *
 * Pure; used by index.ts and main.ts.
 */
import type { Section } from '../report/section.js';
import type { AllocationRow } from './allocation.js';
import type { StallSide } from './stalls.js';

const SITES_SHOWN = 2;

export function allocationSection(rows: readonly AllocationRow[], transport: string): Section {
  const lines = rows.map(({ name, bytesPerMillion, operations, collections, sites }) => {
    const bytes = Math.round(bytesPerMillion).toLocaleString('en');
    const places = sites.slice(0, SITES_SHOWN).map(({ place }) => place);
    return `| ${name} | ${bytes} | ${operations.toLocaleString('en')} | ${collections} | ${places.join(', ')} |`;
  });
  const markdown = `Heap bytes that the worker allocates for a million operations, transport ${transport}, by V8's sampling heap profiler.
A window without garbage still shows some thousand bytes: what happens once a second, and the profiler itself.

| work | bytes a million | operations watched | collections | where most was allocated |
|---|---|---|---|---|
${lines.join('\n')}
`;
  return { id: 'garbage', title: 'Garbage on the hot path', markdown, data: rows, charts: [] };
}

export function stallSection(sides: readonly StallSide[], perSecond: number): Section {
  const micros = (value: number): string => Math.round(value).toLocaleString('en');
  const lines = sides.map(
    ({ name, p50Micros, p99Micros, p999Micros, maxMicros, worstMicros }) =>
      `| ${name} | ${[p50Micros, p99Micros, p999Micros, maxMicros, worstMicros].map(micros).join(' | ')} |`,
  );
  const names = Object.keys(sides[0].counters);
  const work = names.map((name) => `| ${name} | ${sides.map(({ counters }) => counters[name]).join(' | ')} |`);
  const markdown = `Microseconds of sets, open-loop at ${perSecond.toLocaleString('en')} a second, corrected for coordinated omission, while other
connections store items that expire, are evicted and change their size. Medians of the windows; the last column is the worst of all.

| | p50 | p99 | p99.9 | max | worst |
|---|---|---|---|---|---|
${lines.join('\n')}

| work done | ${sides.map(({ name }) => name).join(' | ')} |
|---|---|---|
${work.join('\n')}
`;
  return { id: 'stalls', title: 'Latency with and without maintenance', markdown, data: sides, charts: [] };
}
