/**
 * `node bench/dist/quality/main.js`: the quality of the cache beside memcached's, alone.
 *
 * Prints Markdown on standard output and progress on standard error; with --save writes it to bench/results/ too.
 * Exit codes: 0 done, 1 a failed run, 64 bad flags, 130 interrupted. However it ends, its servers end with it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type MachineFacts, machineFacts } from '../machine/machine.js';
import { peerCommand, shoalCommand } from '../peers/contenders.js';
import { killAll } from '../peers/server-process.js';
import type { Section } from '../report/section.js';
import { measureQuality } from './index.js';
import { parseQualityOptions, QUALITY_HELP, type QualityOptions } from './quality-options.js';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));
const EX_USAGE = 64;
const EX_INTERRUPTED = 130;

async function main(args: string[]): Promise<number> {
  let options: QualityOptions | undefined;
  try {
    options = parseQualityOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return EX_USAGE;
  }
  if (options === undefined) {
    console.log(QUALITY_HELP);
    return 0;
  }
  try {
    await measureAndTell(options, args);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

async function measureAndTell(options: QualityOptions, args: readonly string[]): Promise<void> {
  const machine = machineFacts(args, new Date());
  const sides = { ...options, transport: 'epoll', workers: 1 } as const;
  const sections = await measureQuality({
    ...options,
    servers: { shoal: shoalCommand(sides), memcached: peerCommand(sides) },
    onProgress: (what) => console.error(what),
  });
  const text = reportOf(machine, options, sections);
  console.log(text);
  if (options.isSaved) console.error(`written to ${save(machine, sections, text)}`);
}

function reportOf(machine: MachineFacts, { seed }: QualityOptions, sections: readonly Section[]): string {
  return [
    `# Cache quality, ${machine.date}`,
    '',
    `- Commit ${machine.commit}${machine.isModified ? ', with changes' : ''}, Node.js ${machine.node}, seed ${seed}`,
    `- ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}`,
    ...sections.flatMap(({ title, markdown }) => ['', `## ${title}`, '', markdown]),
  ].join('\n');
}

function save(machine: MachineFacts, sections: readonly Section[], text: string): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = `${RESULTS}/${machine.date}-${machine.commit}-quality`;
  const parts = sections.map(({ id, data }) => ({ id, data }));
  writeFileSync(`${path}.md`, `${text}\n`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ machine, parts }, null, 2)}\n`);
  for (const { name, svg } of sections.flatMap(({ charts }) => charts)) writeFileSync(`${path}-${name}.svg`, svg);
  return `${path}.md`;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(EX_INTERRUPTED);
  });
}
process.exitCode = await main(process.argv.slice(2));
