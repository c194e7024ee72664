/**
 * One judged line of the bench: a figure, the goal it has to meet, and whether it does.
 *
 * Made by the parts in this folder, gathered by bench.ts for the summary and for --check. A figure that is no number misses:
 * it was not measured.
 */
import type { Section } from '../report/section.js';

export type Verdict = 'pass' | 'miss' | 'none';

export interface Check {
  readonly id: string;
  readonly label: string;
  readonly value: number;
  readonly limit: number;
  readonly bound: 'at most' | 'at least';
  readonly unit: string;
  readonly verdict: Verdict;
}

/** A section of the report and what of it is judged. */
export interface Part {
  readonly section: Section;
  readonly checks: readonly Check[];
}

type Line = Omit<Check, 'bound' | 'verdict'>;

export function atMost(line: Line): Check {
  return { ...line, bound: 'at most', verdict: line.value <= line.limit ? 'pass' : 'miss' };
}

export function atLeast(line: Line): Check {
  return { ...line, bound: 'at least', verdict: line.value >= line.limit ? 'pass' : 'miss' };
}
