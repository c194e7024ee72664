// What the engine takes for an operation, without sockets: `node bench/dist/engine/main.js`. All rows are warmed up in one
// process, as in a server that has seen all dialects; then each gets many short samples, and the least of them counts:
// what others do on the machine only makes samples longer. With --against another built checkout both are sampled in turn.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Compared, compareEngines } from './comparison.js';
import { Engine } from './engine.js';
import { ENGINE_ROWS, type EngineRow } from './workloads.js';

const ENTRY = fileURLToPath(new URL('main.js', import.meta.url));
const PLACE_IN_CHECKOUT = 'bench/dist/engine/main.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    samples: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    against: { type: 'string' },
  },
});
const ids = values.only?.split(',');
const rows: readonly EngineRow[] = ENGINE_ROWS.filter(({ id }) => ids === undefined || ids.includes(id));
const samples = Number(values.samples);

if (process.send !== undefined) await sampleOnDemand();
else if (values.against === undefined) await measure();
else await compare(resolve(values.against));

async function measure(): Promise<void> {
  for (const run of (await Engine.open(rows)).runs) {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < samples; i++) least = Math.min(least, run.sample());
    process.stdout.write(`${run.row.id.padEnd(16)}${least.toFixed(0).padStart(7)} ns\n`);
  }
}

/** As one side of a comparison: says when it is warm, then takes one sample of the row with each number it is sent. */
async function sampleOnDemand(): Promise<void> {
  const { runs } = await Engine.open(rows);
  process.on('message', (index: number) => process.send?.(runs[index].sample()));
  process.send?.('ready');
}

async function compare(other: string): Promise<void> {
  const entry = other.endsWith('.js') ? other : resolve(other, PLACE_IN_CHECKOUT);
  const only = rows.map(({ id }) => id);
  const compared = await compareEngines({ ours: ENTRY, theirs: entry, only, samples, rounds: Number(values.rounds) });
  process.stdout.write(`${''.padEnd(16)}   ours  theirs   least  median  rounds\n`);
  for (const row of compared) process.stdout.write(lineOf(row));
}

/** Nanoseconds of both sides, then ours over theirs: of the least, and the median over pairs of samples, in all and by round. */
function lineOf({ id, ours, theirs, ratio, rounds }: Compared): string {
  const times = `${ours.toFixed(0).padStart(7)} ${theirs.toFixed(0).padStart(7)} `;
  const ratios = [ours / theirs, ratio, ...rounds].map((each) => each.toFixed(3).padStart(7));
  return `${id.padEnd(16)}${times}${ratios.join(' ')}\n`;
}
