/**
 * The flags of `node bench/dist/growth/main.js`, checked once, all problems named at once, and the plan that follows from them.
 *
 * The report (`pnpm bench --full`) hands measureGrowth() the same plan without flags. Bounds: rounds and seconds are limited
 * here, and with them the length of a run.
 */
import { parseArgs } from 'node:util';
import { choiceFlag, numberFlag } from '../flags.js';

export const PARTS = ['workers', 'connections', 'keys', 'values'] as const;
export type Part = (typeof PARTS)[number];

const TRANSPORTS = ['auto', 'uring', 'epoll', 'net'] as const;
export type GrowthTransport = (typeof TRANSPORTS)[number];

export interface GrowthPlan {
  readonly only: readonly Part[];
  readonly rounds: number;
  readonly seconds: number;
  /** Something else in Shoal's place, such as another checkout's "node .../shoal.js server". */
  readonly shoal?: string;
  readonly memcached: string;
  readonly transport: GrowthTransport;
}

export interface GrowthFlags extends GrowthPlan {
  readonly isSaved: boolean;
}

export const GROWTH_DEFAULTS: GrowthPlan = {
  only: PARTS,
  rounds: 5,
  seconds: 1,
  memcached: 'memcached',
  transport: 'auto',
};
const MAX_ROUNDS = 100;
const MAX_SECONDS = 60;

export const GROWTH_HELP = `Usage: node bench/dist/growth/main.js [flags]     what an operation costs as work grows, Shoal and memcached

  --only PART,PART     ${PARTS.join(' | ')} (all, which is what the model is fitted on)
  --rounds N           (${GROWTH_DEFAULTS.rounds})     --seconds S   measured per point, side and round (${GROWTH_DEFAULTS.seconds})
  --transport NAME     of Shoal: ${TRANSPORTS.join(' | ')} (${GROWTH_DEFAULTS.transport})
  --shoal COMMAND      something else in Shoal's place, such as another checkout's "node .../shoal.js server"
  --memcached PATH     the memcached to compare with (memcached, from PATH)
  --save               write bench/results/<date>-<commit>-growth.{md,json} and the charts beside them`;

const FLAGS = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  transport: { type: 'string' },
  shoal: { type: 'string' },
  memcached: { type: 'string' },
  save: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined when help was asked for. */
export function parseGrowthFlags(args: string[]): GrowthFlags | undefined {
  const { values } = parseArgs({ args, options: FLAGS });
  if (values.help) return undefined;
  const problems: string[] = [];
  const flags: GrowthFlags = {
    only: partsOf(values.only, problems),
    rounds: numberFlag(
      { name: 'rounds', text: values.rounds, fallback: GROWTH_DEFAULTS.rounds, min: 1, max: MAX_ROUNDS },
      problems,
    ),
    seconds: numberFlag(
      { name: 'seconds', text: values.seconds, fallback: GROWTH_DEFAULTS.seconds, min: 0.05, max: MAX_SECONDS },
      problems,
    ),
    transport: choiceFlag(
      { name: 'transport', text: values.transport, fallback: GROWTH_DEFAULTS.transport, allowed: TRANSPORTS },
      problems,
    ),
    ...(values.shoal === undefined ? {} : { shoal: values.shoal }),
    memcached: values.memcached ?? GROWTH_DEFAULTS.memcached,
    isSaved: values.save ?? false,
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return flags;
}

function partsOf(text: string | undefined, problems: string[]): readonly Part[] {
  if (text === undefined) return PARTS;
  const asked = text.split(',').filter((name) => name !== '');
  const unknown = asked.filter((name) => !PARTS.some((part) => part === name));
  problems.push(...unknown.map((name) => `--only ${name}: must be one of ${PARTS.join(', ')}`));
  return PARTS.filter((part) => asked.includes(part));
}
