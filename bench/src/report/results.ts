/**
 * Writes a bench result: bench/results/<date>-<commit>-node<major>[-<name>].{json,md} with its charts beside it, and of a
 * complete run also bench/results/latest/, whose names stay the same, for README and docs/ to show.
 *
 * Called by main.ts. A second run on the same day, commit and Node.js replaces the first; another transport, peer or choice of
 * lines has another name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchResult } from '../bench.js';
import type { BenchOptions } from '../bench-options.js';
import { reportText } from './report-text.js';
import { compactTable } from './summary.js';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));
const LATEST = 'latest';

export function resultName({ machine }: BenchResult, options: BenchOptions): string {
  const { transports, only, isFull, isQuick, against, workers } = options;
  const marks = [
    ...(isFull ? ['full'] : []),
    ...(isQuick ? ['quick'] : []),
    ...(transports ?? []),
    ...(workers.every((count) => count === 1) ? [] : [`w${workers.join('+')}`]),
    ...(only === undefined ? [] : ['some']),
    ...(against === undefined ? [] : ['against']),
  ];
  return [machine.date, machine.commit, `node${/\d+/.exec(machine.node)?.[0]}`, ...marks].join('-');
}

/** Nothing was left out, so that it can stand for the project. */
export function isComplete({ transports, only, isQuick, against, shoal, workers }: BenchOptions): boolean {
  return [transports, only, against, shoal].every((choice) => choice === undefined) && workers.includes(1) && !isQuick;
}

/** Returns the path of the Markdown file. */
export function writeResult(result: BenchResult, options: BenchOptions, directory = RESULTS): string {
  const name = resultName(result, options);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(withoutPictures(result), null, 1)}\n`);
  writeFileSync(join(directory, `${name}.md`), `${reportText(result, (chart) => `${name}-${chart}.svg`)}\n`);
  writeCharts(result, (chart) => join(directory, `${name}-${chart}.svg`));
  if (isComplete(options)) writeLatest(result, join(directory, LATEST));
  return join(directory, `${name}.md`);
}

/** The document as Markdown, the summary alone for README to copy, and the charts. */
function writeLatest(result: BenchResult, directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'report.md'), `${reportText(result, (chart) => `${chart}.svg`)}\n`);
  writeFileSync(join(directory, 'summary.md'), `${compactTable(result.checks)}\n`);
  writeCharts(result, (chart) => join(directory, `${chart}.svg`));
}

function writeCharts({ sections }: BenchResult, pathOf: (chart: string) => string): void {
  for (const { name, svg } of sections.flatMap(({ charts }) => charts)) writeFileSync(pathOf(name), `${svg}\n`);
}

/** The JSON is for programs: numbers, no pictures and no prose. */
export function withoutPictures({ sections, ...rest }: BenchResult): object {
  return { ...rest, sections: sections.map(({ id, title, data }) => ({ id, title, data })) };
}
