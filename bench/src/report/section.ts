/**
 * One part of a report: what a measurement hands to the writer of results.
 *
 * bench.ts collects them in order; the growth and quality folders make some. Markdown holds tables and sentences, data what
 * a program may want to read again, charts what the report and docs/ show as pictures.
 */
export interface Chart {
  /** File name without folder and extension. */
  readonly name: string;
  readonly svg: string;
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly markdown: string;
  readonly data: unknown;
  readonly charts: readonly Chart[];
}
