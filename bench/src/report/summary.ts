/**
 * Every judged line in one table: what was measured, the goal, and whether it is met.
 *
 * Pure; opens the report (report-text.ts), and is the table that README shows.
 */
import type { Check, Verdict } from '../rows/check.js';

export const VERDICT_WORDS: Record<Verdict, string> = { pass: 'pass', miss: 'MISS', none: '' };
const SIGNS: Record<Check['bound'], string> = { 'at most': '≤', 'at least': '≥' };

export function summaryTable(checks: readonly Check[]): string {
  return ['| line | measured | goal | |', '|---|---:|---:|---|', ...checks.map(lineOf)].join('\n');
}

export function summarySentence(checks: readonly Check[]): string {
  const missed = missesOf(checks);
  return `${checks.length - missed.length} of ${checks.length} goals met${missed.length === 0 ? '' : `; missed: ${missed.join(', ')}`}.`;
}

/** Everything that misses its goal, by name. */
export function missesOf(checks: readonly Check[]): string[] {
  return checks.filter(({ verdict }) => verdict === 'miss').map(({ id }) => id);
}

function lineOf({ label, value, limit, bound, unit, verdict }: Check): string {
  const digits = unit === 'MiB' || unit === 'ms' ? 1 : 3;
  return `| ${label} | ${value.toFixed(digits)} | ${SIGNS[bound]} ${limit.toFixed(digits === 1 ? 0 : 2)} ${unit} | ${VERDICT_WORDS[verdict]} |`;
}
