// The bench result as text: a Markdown table with the lines around it, printed on
// the terminal and written to bench/results/ alike. Pure; called by main.ts and
// results.ts.
import type { BenchResult } from '../bench.js';
import type { IdleResult } from '../rows/idle.js';
import type { StartupResult } from '../rows/startup.js';
import type { RowResult, Verdict } from '../rows/table.js';

const IDLE_GOAL = '≤ 90 MiB with one worker, ≤ 15 MiB for each further one, no measurable CPU';
const VERDICTS: Record<Verdict, string> = { pass: 'pass', miss: 'MISS', none: '' };

export function renderResult(result: BenchResult): string {
  const { rows, startup, idle } = result;
  return [
    ...headLines(result),
    ...(rows.length > 0 ? ['', ...tableLines(rows, result.peer), '', ...noteLines(result)] : []),
    ...(startup === undefined ? [] : ['', startupLine(startup)]),
    ...(idle === undefined ? [] : ['', ...idleLines(idle, result.peer)]),
    ...result.warnings.map((warning) => `\nWarning: ${warning}.`),
  ].join('\n');
}

function headLines({ machine, ...result }: BenchResult): string[] {
  const commit = `${machine.commit}${machine.isModified ? ' with uncommitted changes' : ''}`;
  return [
    `# Shoal against ${result.peer}, ${machine.date}`,
    '',
    `- Shoal ${commit}, transport ${result.transport}, ${result.workers} worker(s), Node.js ${machine.node}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    `- ${result.rounds} rounds of ${result.seconds} s a row and side, ${result.connections} connections, 32-byte keys, 100-byte values unless said`,
    `- \`${machine.commandLine}\``,
  ];
}

function tableLines(rows: readonly RowResult[], peer: string): string[] {
  const cells = [
    [
      'row',
      'Shoal µs/op',
      `${peer} µs/op`,
      'ratio',
      'in rounds',
      'limit',
      '',
      'goal',
      'Shoal ops/s',
      'other ops/s',
      'p99 µs',
      'other p99',
      'generator µs/op',
    ],
    ...rows.map(rowCells),
  ];
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row: string[]): string => `| ${row.map((cell, i) => pad(cell, widths[i], i)).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)];
}

function rowCells(row: RowResult): string[] {
  const { shoal, peer } = row;
  return [
    row.label,
    `${decimals(shoal.cpuMicrosPerOp)} ±${(shoal.spreadPercent / 2).toFixed(0)}%`,
    `${decimals(peer.cpuMicrosPerOp)} ±${(peer.spreadPercent / 2).toFixed(0)}%`,
    `${row.ratio.toFixed(3)}${row.judgedAgainst === undefined ? '' : ' ¹'}`,
    row.ratioRange.map((ratio) => ratio.toFixed(2)).join('–'),
    row.limit === undefined ? '' : `≤ ${row.limit.toFixed(2)}`,
    VERDICTS[row.verdict],
    row.goal === undefined ? '' : row.goal.toFixed(2),
    thousands(shoal.opsPerSecond),
    thousands(peer.opsPerSecond),
    String(Math.round(shoal.p99Micros)),
    String(Math.round(peer.p99Micros)),
    `${decimals(shoal.generatorCpuMicrosPerOp)}${row.isGeneratorSlower ? ' ²' : ''}`,
  ];
}

function noteLines({ rows, peer }: BenchResult): string[] {
  const notes = [
    'µs/op: server CPU, all threads, median of the rounds, ± half the distance of the extremes. Ratio: Shoal over the other side, median of the rounds.',
  ];
  const moved = rows.find((row) => row.judgedAgainst !== undefined);
  if (moved !== undefined) {
    notes.push(
      `¹ ${moved.label}: over the other side's *${labelOf(rows, moved.judgedAgainst)}*, because ${peer} sends each reply of such a pipeline by itself.`,
    );
  }
  if (rows.some((row) => row.isGeneratorSlower)) {
    notes.push(
      '² The generator used more CPU per operation than a server: it set the pace, so ops/s and latency of the row say little.',
    );
  }
  const judged = rows.filter((row) => row.verdict !== 'none');
  notes.push(`${judged.filter((row) => row.verdict === 'pass').length} of ${judged.length} rows with a limit pass.`);
  return notes.flatMap((note) => [note, '']).slice(0, -1);
}

function startupLine({ helpCpuMs, emptyCpuMs, extraCpuMs, limitMs, verdict }: StartupResult): string {
  const parts = `${helpCpuMs.toFixed(0)} ms against ${emptyCpuMs.toFixed(0)} ms of \`node -e 0\``;
  return `\`shoal server -h\`: ${extraCpuMs.toFixed(0)} ms of CPU more than an empty Node.js (${parts}), limit ${limitMs} ms: ${VERDICTS[verdict]}`;
}

function idleLines({ seconds, shoal, peer, bytesPerFurtherWorker }: IdleResult, peerName: string): string[] {
  const side = (name: string, { cpuMsPerSecond, residentBytes }: IdleResult['shoal']): string =>
    `${name} ${cpuMsPerSecond.toFixed(2)} ms of CPU a second, ${mebibytes(residentBytes)} resident`;
  return [
    `Idle for ${seconds} s with one worker: ${side('Shoal', shoal)}; ${side(peerName, peer)}.`,
    `Each further worker of Shoal: ${mebibytes(bytesPerFurtherWorker)}. Goals: ${IDLE_GOAL}.`,
  ];
}

function labelOf(rows: readonly RowResult[], id: string | undefined): string {
  return rows.find((row) => row.id === id)?.label ?? String(id);
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function decimals(micros: number): string {
  return micros.toFixed(micros < 2 ? 3 : 2);
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
