// What the engine takes for an operation, without sockets: `node bench/dist/engine/main.js`. All rows are warmed up in one
// process, as in a server that has seen all dialects; then each gets many samples of a millisecond, in turn, and the least
// counts: what others do on the machine only makes samples longer. With --against another built checkout both run in turn.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Engine, type RowRun } from './engine.js';
import { ENGINE_ROWS, type EngineRow } from './workloads.js';

const ENTRY = 'bench/dist/engine/main.js';
const WARM_UP_MS = 150;
const WARM_UPS = 3;
const SAMPLE_NS = 500_000;

type Figures = Record<string, number>;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    samples: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const rows = chosen(values.only);
if (values.against !== undefined) compare(resolve(values.against), Number(values.rounds));
else await measure(Number(values.samples));

function chosen(only: string | undefined): readonly EngineRow[] {
  const ids = only?.split(',');
  return ids === undefined ? ENGINE_ROWS : ENGINE_ROWS.filter(({ id }) => ids.includes(id));
}

async function measure(samples: number): Promise<void> {
  const engine = await Engine.open();
  for (const row of distinctItems(rows)) engine.fill(row);
  const runs = rows.map((row) => engine.run(row));
  for (let i = 0; i < WARM_UPS; i++) for (const run of runs) run.warmUp(WARM_UP_MS);
  const figures = Object.fromEntries(runs.map((run) => [run.row.id, leastOf(run, samples)]));
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : render(figures));
}

/** One row for each set of items that rows share. */
function distinctItems(all: readonly EngineRow[]): EngineRow[] {
  return [...new Map(all.map((row) => [`${row.valueBytes} ${row.keyCount}`, row])).values()];
}

function leastOf(run: RowRun, samples: number): number {
  const batches = Math.max(1, Math.round(SAMPLE_NS / (run.sample(100, false) * run.row.depth)));
  let served = Number.POSITIVE_INFINITY;
  let received = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) {
    served = Math.min(served, run.sample(batches, false));
    received = Math.min(received, run.sample(batches, true));
  }
  return served - received;
}

function render(figures: Figures): string {
  const lines = Object.entries(figures).map(([id, ns]) => `${id.padEnd(16)}${ns.toFixed(0).padStart(7)} ns`);
  return `${lines.join('\n')}\n`;
}

/** Runs this checkout and the other one in turn. Shows the least of each, and ours over theirs: of the least, and of the medians of the rounds. */
function compare(other: string, rounds: number): void {
  const own = fileURLToPath(new URL('../../..', import.meta.url));
  const sides: [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [side, root] of [own, other].entries()) sides[side].push(runIn(root));
  }
  for (const { id } of rows) {
    const [ours, theirs] = sides.map((figures) => figures.map((figure) => figure[id]).sort((a, b) => a - b));
    const middle = rounds >> 1;
    const least = `${ours[0].toFixed(0).padStart(7)}${theirs[0].toFixed(0).padStart(7)}`;
    const ratios = [ours[0] / theirs[0], ours[middle] / theirs[middle]].map((ratio) => ratio.toFixed(3).padStart(8));
    process.stdout.write(`${id.padEnd(16)}${least}${ratios.join('')}\n`);
  }
}

function runIn(root: string): Figures {
  const args = [resolve(root, ENTRY), '--json', '--samples', values.samples, '--only', rows.map(({ id }) => id).join()];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Figures;
}
