// `node bench/dist/growth/main.js`: what an operation costs as work grows, measured and fitted; prints Markdown on standard output, progress on
// standard error, and with --save writes bench/results/<date>-<commit>-growth.{md,json} and the charts as SVG beside them.
// Exit codes: 0 done, 1 a failed run, 64 bad flags, 130 interrupted. However it ends, its servers end with it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { busyWarning, type MachineFacts, machineFacts } from '../machine/machine.js';
import { killAll } from '../peers/server-process.js';
import type { Section } from '../report/section.js';
import { measureGrowth } from './index.js';
import { GROWTH_HELP, type GrowthFlags, parseGrowthFlags } from './plan.js';

const EX_USAGE = 64;
const EX_INTERRUPTED = 130;
const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));

async function main(args: string[]): Promise<number> {
  let flags: GrowthFlags | undefined;
  try {
    flags = parseGrowthFlags(args);
  } catch (error) {
    console.error((error as Error).message);
    return EX_USAGE;
  }
  if (flags === undefined) {
    console.log(GROWTH_HELP);
    return 0;
  }
  try {
    await measureAndTell(flags, args);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

async function measureAndTell(flags: GrowthFlags, args: string[]): Promise<void> {
  const machine = machineFacts(args, new Date());
  const sections = await measureGrowth(flags);
  const text = reportOf(machine, flags, sections);
  console.log(text);
  if (flags.isSaved) console.error(`written to ${save(machine, sections, text)}`);
}

function reportOf(machine: MachineFacts, flags: GrowthFlags, sections: readonly Section[]): string {
  const warning = busyWarning(machine);
  return [
    `# Cost as work grows, ${machine.date}`,
    '',
    `- Commit ${machine.commit}${machine.isModified ? ', with changes' : ''}, Node.js ${machine.node}, transport ${flags.transport}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    `- Medians of ${flags.rounds} rounds of ${flags.seconds} s a point and side; 100-byte values unless the point says otherwise`,
    ...(warning === undefined ? [] : [`- Warning: ${warning}`]),
    ...sections.flatMap(({ title, markdown }) => ['', `## ${title}`, '', markdown]),
  ].join('\n');
}

function save(machine: MachineFacts, sections: readonly Section[], text: string): string {
  mkdirSync(RESULTS, { recursive: true });
  const base = `${RESULTS}/${machine.date}-${machine.commit}`;
  const path = `${base}-growth`;
  const data = { machine, sections: sections.map(({ id, title, data }) => ({ id, title, data })) };
  writeFileSync(`${path}.json`, `${JSON.stringify(data, null, 2)}\n`);
  writeFileSync(`${path}.md`, `${text}\n`);
  for (const { name, svg } of sections.flatMap(({ charts }) => charts)) writeFileSync(`${base}-${name}.svg`, svg);
  return `${path}.md`;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(EX_INTERRUPTED);
  });
}
process.exitCode = await main(process.argv.slice(2));
