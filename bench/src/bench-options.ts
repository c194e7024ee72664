// The flags of `pnpm bench`, checked once at the door: bad values and unknown row names are all reported together,
// each with what is allowed. Called by main.ts; what follows from the flags (cores, commands, rows) is decided elsewhere.
// Limits: rounds, seconds and workers are bounded here, and with them the length of a run.
import { parseArgs } from 'node:util';
import { choiceFlag, numberFlag } from './flags.js';
import { EXTRA_IDS, ROWS, TRANSPORTS, type TransportName } from './rows/rows.js';

export interface BenchOptions {
  readonly memcached: string;
  readonly peer?: string;
  readonly shoal?: string;
  readonly transport: TransportName;
  readonly workers: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly idleSeconds: number;
  /** Ids of rows and extra lines; undefined = all. */
  readonly only?: readonly string[];
  readonly isCheck: boolean;
  readonly isJson: boolean;
  /** Write bench/results/: complete tables by default, any run with --save. */
  readonly isSaved: boolean;
}

const FULL = { rounds: 7, seconds: 1.6, idleSeconds: 10 };
const QUICK = { rounds: 3, seconds: 0.5, idleSeconds: 3 };
const MAX_ROUNDS = 100;
const MAX_SECONDS = 60;
const MAX_WORKERS = 64;

export const BENCH_HELP = `Usage: pnpm bench [flags]     Shoal against memcached, interleaved, by server CPU per operation

  --quick              ${QUICK.rounds} rounds of ${QUICK.seconds} s: one to two minutes instead of ten
  --rounds N           (${FULL.rounds})     --seconds S   measured per row, side and round (${FULL.seconds})
  --only ID,ID         these lines only: ${ROWS.map((row) => row.id).join(' ')} ${EXTRA_IDS.join(' ')}
  --transport NAME     of Shoal: ${TRANSPORTS.join(' | ')} (epoll)
  --workers N          -t of both sides (1)
  --memcached PATH     the memcached to compare with (memcached, from PATH)
  --peer COMMAND       something else in memcached's place that takes memcached's flags; ratios only, no limits
  --shoal COMMAND      something else in Shoal's place, such as another checkout's "node .../shoal.js server"
  --check              exit 1 if a line misses its limit
  --json               the result as JSON on standard output
  --save, --no-save    write bench/results/ or not; complete tables are written unless --no-save or --quick`;

const FLAGS = {
  quick: { type: 'boolean' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  transport: { type: 'string' },
  workers: { type: 'string' },
  memcached: { type: 'string' },
  peer: { type: 'string' },
  shoal: { type: 'string' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  save: { type: 'boolean' },
  'no-save': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined when help was asked for. */
export function parseBenchOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({ args: args.filter((arg, i) => !(i === 0 && arg === '--')), options: FLAGS });
  if (values.help) return undefined;
  const problems: string[] = [];
  const base = values.quick ? QUICK : FULL;
  const only = values.only?.split(',').filter((id) => id !== '');
  problems.push(...unknownIds(only ?? []));
  const number = (
    name: 'rounds' | 'seconds' | 'workers',
    fallback: number,
    allowed: { min: number; max: number },
  ): number => numberFlag({ name, text: values[name], fallback, ...allowed }, problems);
  const options: BenchOptions = {
    memcached: values.memcached ?? 'memcached',
    ...(values.peer === undefined ? {} : { peer: values.peer }),
    ...(values.shoal === undefined ? {} : { shoal: values.shoal }),
    transport: choiceFlag(
      { name: 'transport', text: values.transport, fallback: 'epoll', allowed: TRANSPORTS },
      problems,
    ),
    workers: number('workers', 1, { min: 1, max: MAX_WORKERS }),
    rounds: number('rounds', base.rounds, { min: 1, max: MAX_ROUNDS }),
    seconds: number('seconds', base.seconds, { min: 0.05, max: MAX_SECONDS }),
    idleSeconds: base.idleSeconds,
    ...(only === undefined ? {} : { only }),
    isCheck: values.check ?? false,
    isJson: values.json ?? false,
    isSaved: values.save ?? (!values['no-save'] && !values.quick && only === undefined),
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return options;
}

function unknownIds(ids: readonly string[]): string[] {
  const known = new Set<string>([...ROWS.map((row) => row.id), ...EXTRA_IDS]);
  return ids.filter((id) => !known.has(id)).map((id) => `--only ${id}: must be one of ${[...known].join(', ')}`);
}
