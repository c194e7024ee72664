/**
 * The flags of `pnpm bench`, checked once at the door: bad values and unknown names are all reported together, each with
 * what is allowed.
 *
 * Called by main.ts; what follows from the flags (cores, commands, rows) is decided elsewhere. Windows, seconds and workers
 * are bounded here, and with them the length of a run.
 */
import { parseArgs } from 'node:util';
import { numberFlag } from './flags.js';
import { type FieldOptions, PEERS, type PeerName } from './peers/field.js';
import { PART_IDS } from './rows/part-ids.js';
import { ASKED_TRANSPORTS, ROWS } from './rows/rows.js';

export interface Windows {
  /** Measured windows of each server and row. */
  readonly windows: number;
  readonly seconds: number;
  /** CPU that each worker of Shoal uses under load before the first window of a row counts. */
  readonly warmupSeconds: number;
}

export interface BenchOptions extends FieldOptions, Windows {
  readonly workers: readonly number[];
  /** Ids of rows and parts; undefined = all that are judged. */
  readonly only?: readonly string[];
  readonly isFull: boolean;
  readonly isQuick: boolean;
  readonly isCheck: boolean;
  readonly isJson: boolean;
  /** Write bench/results/: complete runs by default, any run with --save. */
  readonly isSaved: boolean;
}

const DEFAULT: Windows = { windows: 17, seconds: 0.25, warmupSeconds: 2 };
const QUICK: Windows = { windows: 5, seconds: 0.2, warmupSeconds: 1 };
const FULL: Windows = { windows: 25, seconds: 0.4, warmupSeconds: 4 };
const MIN_WINDOWS = 5;
const MAX_WINDOWS = 1000;
const MAX_SECONDS = 60;
const MAX_WORKERS = 64;
const LINE_IDS: readonly string[] = [...ROWS.map((row) => row.id), ...PART_IDS];

export const BENCH_HELP = `Usage: pnpm bench [flags]     Shoal against memcached, in turns, by server CPU per operation: about ten minutes

  --check              exit 1 if a line misses its goal
  --full               more windows, then cost as work grows and cache quality: up to an hour
  --quick              ${QUICK.windows} windows of ${QUICK.seconds} s, shorter everywhere: two to three minutes, more noise
  --only ID,ID         these lines only: ${ROWS.map((row) => row.id).join(' ')}
                       ${PART_IDS.join(' ')}
  --transport NAME,…   of Shoal: ${ASKED_TRANSPORTS.join(' | ')} (every one that works here)
  --workers N,N        -t of both sides; one table for each (1)
  --peer NAME,…        ${PEERS.join(' | ')} (both; redis stands beside get and set, for reference)
  --memcached PATH     the memcached to compare with (memcached, from PATH)
  --windows N          (${DEFAULT.windows})     --seconds S   length of a window (${DEFAULT.seconds})
  --warmup S           CPU that each worker of Shoal uses before the first window of a row (${DEFAULT.warmupSeconds})
  --shoal COMMAND      another Shoal, such as another checkout's "node .../shoal.js server"
  --against COMMAND    something in memcached's place that takes memcached's flags; ratios only, no goals
  --json               the result as JSON on standard output
  --save, --no-save    write bench/results/ or not; complete runs are written unless --no-save or --quick`;

const FLAGS = {
  quick: { type: 'boolean' },
  full: { type: 'boolean' },
  windows: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  only: { type: 'string' },
  transport: { type: 'string' },
  workers: { type: 'string' },
  memcached: { type: 'string' },
  peer: { type: 'string' },
  shoal: { type: 'string' },
  against: { type: 'string' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  save: { type: 'boolean' },
  'no-save': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Given = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'];

/** Undefined when help was asked for. */
export function parseBenchOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({ args: args.filter((arg, i) => !(i === 0 && arg === '--')), options: FLAGS });
  if (values.help) return undefined;
  const problems: string[] = [];
  const only = listFlag({ name: 'only', text: values.only, allowed: LINE_IDS }, problems);
  const transports = listFlag({ name: 'transport', text: values.transport, allowed: ASKED_TRANSPORTS }, problems);
  const options: BenchOptions = {
    memcached: values.memcached ?? 'memcached',
    peers: listFlag({ name: 'peer', text: values.peer, allowed: PEERS }, problems) ?? peersFor(values),
    ...(values.against === undefined ? {} : { against: values.against }),
    ...(values.shoal === undefined ? {} : { shoal: values.shoal }),
    ...(transports === undefined ? {} : { transports }),
    workers: workersFlag(values.workers, problems),
    ...windowFlags(values, problems),
    ...(only === undefined ? {} : { only }),
    isFull: values.full ?? false,
    isQuick: values.quick ?? false,
    isCheck: values.check ?? false,
    isJson: values.json ?? false,
    isSaved: values.save ?? (!values['no-save'] && !values.quick && only === undefined),
  };
  if (values.full && values.quick) problems.push('--full --quick: one or the other');
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return options;
}

function windowFlags(values: Given, problems: string[]): Windows {
  const base = values.quick ? QUICK : values.full ? FULL : DEFAULT;
  const flag = (name: 'windows' | 'seconds' | 'warmup', fallback: number, allowed: { min: number; max: number }) =>
    numberFlag({ name, text: values[name], fallback, ...allowed }, problems);
  return {
    windows: flag('windows', base.windows, { min: MIN_WINDOWS, max: MAX_WINDOWS }),
    seconds: flag('seconds', base.seconds, { min: 0.05, max: MAX_SECONDS }),
    warmupSeconds: flag('warmup', base.warmupSeconds, { min: 0, max: MAX_SECONDS }),
  };
}

/** Between two checkouts redis is no reference. */
function peersFor({ against }: Given): readonly PeerName[] {
  return against === undefined ? PEERS : ['memcached'];
}

function workersFlag(text: string | undefined, problems: string[]): number[] {
  return (text ?? '1')
    .split(',')
    .map((part) => numberFlag({ name: 'workers', text: part, fallback: 1, min: 1, max: MAX_WORKERS }, problems));
}

interface ListFlag<Name extends string> {
  readonly name: string;
  readonly text: string | undefined;
  readonly allowed: readonly Name[];
}

function listFlag<Name extends string>(
  { name, text, allowed }: ListFlag<Name>,
  problems: string[],
): readonly Name[] | undefined {
  if (text === undefined) return undefined;
  const asked = text.split(',').filter((part) => part !== '');
  const unknown = asked.filter((part) => !allowed.some((one) => one === part));
  problems.push(...unknown.map((part) => `--${name} ${part}: must be one of ${allowed.join(', ')}`));
  return allowed.filter((one) => asked.includes(one));
}
