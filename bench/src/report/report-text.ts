/**
 * A bench result as one Markdown document: the machine, the summary, the sections with their charts.
 *
 * Pure; printed by main.ts and written by results.ts, which knows the charts' file names.
 */
import type { BenchResult } from '../bench.js';
import { summarySentence, summaryTable } from './summary.js';

export function reportText(result: BenchResult, chartFile?: (name: string) => string): string {
  const { checks, sections, warnings } = result;
  return [
    headText(result),
    ...warnings.map((warning) => `Warning: ${warning}.`),
    ...(checks.length === 0 ? [] : [summaryTable(checks), summarySentence(checks)]),
    ...sections.flatMap(({ title, markdown, charts }) => [
      `## ${title}`,
      markdown.trim(),
      ...(chartFile === undefined ? [] : charts.map(({ name }) => `![${title}](${chartFile(name)})`)),
    ]),
  ].join('\n\n');
}

function headText({ machine, versions }: BenchResult): string {
  const commit = `${machine.commit}${machine.isModified ? ' with uncommitted changes' : ''}`;
  return [
    `# Shoal against ${versions.peer}, ${machine.date}`,
    '',
    `- Shoal ${commit}, Node.js ${machine.node}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    `- ${versions.connections} connections, ${versions.keyCount.toLocaleString('en')} keys of 32 bytes, 100-byte values unless said; every reply checked`,
    `- \`${machine.commandLine}\``,
  ].join('\n');
}
