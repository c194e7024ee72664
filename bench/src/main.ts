/**
 * `pnpm bench`: the whole comparison from flags to exit code.
 *
 * Prints progress on standard error, the result on standard output. Exit codes: 0 done, 1 a failed run, or with --check a
 * missed goal or nothing judged, 64 bad flags, 130 interrupted. However it ends, its servers end with it.
 */
import { runBench } from './bench.js';
import { BENCH_HELP, type BenchOptions, parseBenchOptions } from './bench-options.js';
import { killAll } from './peers/server-process.js';
import { reportText } from './report/report-text.js';
import { withoutPictures, writeResult } from './report/results.js';
import { missesOf } from './report/summary.js';

const EX_USAGE = 64;
const EX_INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions | undefined;
  try {
    options = parseBenchOptions([...args]);
  } catch (error) {
    console.error((error as Error).message);
    return EX_USAGE;
  }
  if (options === undefined) {
    console.log(BENCH_HELP);
    return 0;
  }
  try {
    return await compare(options, args);
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

async function compare(options: BenchOptions, args: readonly string[]): Promise<number> {
  const result = await runBench(options, args);
  console.log(options.isJson ? JSON.stringify(withoutPictures(result), null, 2) : `\n${reportText(result)}`);
  if (options.isSaved) console.error(`\nwritten to ${writeResult(result, options)}`);
  const missed = missesOf(result.checks);
  if (missed.length > 0) console.error(`\nmissed: ${missed.join(', ')}`);
  if (options.isCheck && result.checks.length === 0) console.error('nothing was judged');
  return options.isCheck && (missed.length > 0 || result.checks.length === 0) ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(EX_INTERRUPTED);
  });
}
process.exitCode = await main(process.argv.slice(2));
