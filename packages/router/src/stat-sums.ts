/**
 * Reports of several nodes made one: which lines add up, and which do not.
 *
 * Called by statistics.ts. Counters and sizes are added; flags and levels are the highest; what describes a class or a
 * program is one value. Numbers are BigInt: counters have 64 bits.
 */
import type { NodeAnswer } from './fan-out-plan.js';

/** Names and values, in order. */
export type Report = readonly (readonly [name: string, value: string])[];

/** The last word of a name decides. */
const HIGHEST = new Set([
  'hash_power_level',
  'hash_is_expanding',
  'slab_reassign_running',
  'lru_crawler_running',
  'uptime',
  'time',
  'active_slabs',
  'age',
  'age_hot',
  'age_warm',
]);
const LOWEST = new Set(['accepting_conns']);
const ONE = new Set(['pid', 'pointer_size', 'version', 'libevent', 'chunk_size', 'chunks_per_page', 'log_watchers']);

/** The lines `STAT name value` of an answer. */
export function readReport(text: string): [string, string][] {
  const report: [string, string][] = [];
  for (const line of text.split('\r\n')) {
    const found = /^STAT (\S+) ?(.*)$/.exec(line);
    if (found !== null) report.push([found[1], found[2]]);
  }
  return report;
}

/** Every name that any node reports, in the order first seen; `merge` makes one value of those of the nodes. */
export function mergeReports(
  answers: readonly NodeAnswer[],
  merge: (name: string, values: readonly string[]) => string,
): Report {
  const values = new Map<string, string[]>();
  for (const { text } of answers) {
    for (const [name, value] of readReport(text)) {
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
  }
  return [...values].map(([name, all]) => [name, merge(name, all)] as const);
}

export function combined(name: string, values: readonly string[]): string {
  const field = name.slice(name.lastIndexOf(':') + 1);
  if (ONE.has(field)) return values[0];
  if (values.every((value) => /^-?\d+$/.test(value))) return combineWhole(field, values);
  if (values.every((value) => /^\d+\.\d{6}$/.test(value))) {
    return values.reduce((sum, value) => sum + Number(value), 0).toFixed(6);
  }
  return values[0];
}

function combineWhole(field: string, values: readonly string[]): string {
  const numbers = values.map(BigInt);
  if (HIGHEST.has(field)) return `${numbers.reduce((one, other) => (one > other ? one : other))}`;
  if (LOWEST.has(field)) return `${numbers.reduce((one, other) => (one < other ? one : other))}`;
  return `${numbers.reduce((one, other) => one + other)}`;
}

/** `PREFIX name get 1 hit 1 set 2 del 0` of all nodes: one line a prefix, its numbers added. */
export function joinPrefixes(answers: readonly NodeAnswer[]): string {
  const sums = new Map<string, number[]>();
  for (const { text } of answers) {
    for (const line of text.split('\r\n')) {
      const found = /^PREFIX (\S+) get (\d+) hit (\d+) set (\d+) del (\d+)$/.exec(line);
      if (found === null) continue;
      const known = sums.get(found[1]) ?? [0, 0, 0, 0];
      sums.set(
        found[1],
        known.map((sum, index) => sum + Number(found[index + 2])),
      );
    }
  }
  const lines = [...sums].map(
    ([name, [get, hit, set, del]]) => `PREFIX ${name} get ${get} hit ${hit} set ${set} del ${del}\r\n`,
  );
  return `${lines.join('')}END\r\n`;
}
