// `pnpm simulate`, or after a build `node bench/dist/simulation/main.js [--nodes N] [--clients N] [--seed N] [--help]`: prints what a
// large cluster and its clients do to each other. The result goes to standard output and is the same for the same flags; how
// it goes on is told on standard error. Exit code 64 for flags that cannot be.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCommand, type SimulationCommand, SimulationUsageError, USAGE } from './options.js';
import { reportText } from './report-text.js';
import { simulate } from './simulate.js';

const USAGE_EXIT_CODE = 64;
const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));

try {
  const command = readCommand(process.argv.slice(2));
  if (command === null) process.stdout.write(USAGE);
  else await run(command);
} catch (error) {
  if (!(error instanceof SimulationUsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = USAGE_EXIT_CODE;
}

async function run({ options, kinds, isJson, isSaved }: SimulationCommand): Promise<void> {
  const startedAtMs = performance.now();
  const say = (line: string): void => {
    const afterSeconds = (performance.now() - startedAtMs) / 1000;
    process.stderr.write(`${afterSeconds.toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const report = await simulate({ options, kinds, say });
  say('done');
  const text = `${reportText(report)}\n`;
  const json = `${JSON.stringify(report, null, 2)}\n`;
  process.stdout.write(isJson ? json : text);
  if (!isSaved) return;
  mkdirSync(RESULTS, { recursive: true });
  const name = `${RESULTS}/simulation-${options.nodes}x${options.clients}-seed-${options.seed}`;
  writeFileSync(`${name}.md`, text);
  writeFileSync(`${name}.json`, json);
}
