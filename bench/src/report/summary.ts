/**
 * Every judged line in one table: what was measured, the goal, and whether it is met.
 *
 * Pure; opens the report (report-text.ts). The compact table is the one that README shows: a column for each transport.
 */
import type { Check, Verdict } from '../rows/check.js';

export const VERDICT_WORDS: Record<Verdict, string> = { pass: 'pass', miss: 'MISS', none: '' };
const SIGNS: Record<Check['bound'], string> = { 'at most': '≤', 'at least': '≥' };

export function summaryTable(checks: readonly Check[]): string {
  return ['| line | measured | goal | |', '|---|---:|---:|---|', ...checks.map(lineOf)].join('\n');
}

/** A line of the bench in one row, whatever the transport; what does not depend on it stands in the first column. A miss is bold. */
export function compactTable(checks: readonly Check[]): string {
  const transports = [...new Set(checks.map(transportOf))].filter((name) => name !== '');
  const lines = [...new Set(checks.map(lineName))];
  const cellFor = (line: string, transport: string): string => {
    const found = checks.filter((check) => lineName(check) === line);
    const check = found.find((one) => [transport, ''].includes(transportOf(one)));
    const isRepeated = check !== undefined && transportOf(check) === '' && transport !== transports[0];
    return check === undefined || isRepeated ? '' : cellOf(check);
  };
  const rows = lines.map((line) => [line, ...transports.map((transport) => cellFor(line, transport))]);
  return [
    `| | ${transports.join(' | ')} |`,
    `|---|${transports.map(() => '---:|').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n');
}

function transportOf({ id }: Check): string {
  return id.includes('/') ? id.slice(0, id.indexOf('/')) : '';
}

function lineName(check: Check): string {
  return check.label.replace(` (${transportOf(check)})`, '');
}

function cellOf({ value, limit, bound, unit, verdict }: Check): string {
  const isRatio = unit.startsWith('×');
  const figure = isRatio ? value.toFixed(2) : `${value.toFixed(1)} ${unit}`;
  return `${verdict === 'miss' ? `**${figure}**` : figure} (${SIGNS[bound]} ${limit.toFixed(isRatio ? 2 : 0)})`;
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
