// Writes a bench result to
// bench/results/<date>-<commit>[-net][-w<workers>].{json,md}; a second run on the
// same day and commit replaces it. Called by main.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchResult } from '../bench.js';
import { renderResult } from './table-text.js';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));

export function resultName({ machine, transport, workers }: BenchResult): string {
  const suffixes = [transport === 'epoll' ? '' : `-${transport}`, workers === 1 ? '' : `-w${workers}`];
  return `${machine.date}-${machine.commit}${suffixes.join('')}`;
}

/** Returns the path of the Markdown file. */
export function writeResult(result: BenchResult, directory = RESULTS): string {
  mkdirSync(directory, { recursive: true });
  const path = `${directory}/${resultName(result)}`;
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${path}.md`, `${renderResult(result)}\n`);
  return `${path}.md`;
}
