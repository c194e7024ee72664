/**
 * The flags of `node bench/dist/quality/main.js`, checked once at the door: all problems are named together.
 *
 * Called by main.ts. Bounded here: the memory of a server, and with it the length of a run, which grows with the keys.
 */
import { parseArgs } from 'node:util';
import { numberFlag } from '../flags.js';
import { PARTS, type Part } from './index.js';

export interface QualityOptions {
  readonly memcached: string;
  readonly shoal?: string;
  readonly only: readonly Part[];
  readonly memoryMiB: number;
  readonly seed: number;
  readonly isSaved: boolean;
}

const MEMORY = { fallback: 64, min: 8, max: 4096 };
const SEED = { fallback: 1, min: 1, max: 2 ** 31 - 1 };

export const QUALITY_HELP = `Usage: node bench/dist/quality/main.js [flags]     what the same memory is good for, Shoal beside memcached

  --only PART,PART     these parts only: ${PARTS.join(' ')}
  --memory MIB         -m of both sides (${MEMORY.fallback}); keys, and the time it takes, grow with it
  --seed N             of the requests (${SEED.fallback}); the same seed gives the same requests
  --memcached PATH     the memcached to compare with (memcached, from PATH)
  --shoal COMMAND      something else in Shoal's place, such as another checkout's "node .../shoal.js server"
  --save               write bench/results/<date>-<commit>-quality.{md,json} and the charts as SVG beside them`;

const FLAGS = {
  only: { type: 'string' },
  memory: { type: 'string' },
  seed: { type: 'string' },
  memcached: { type: 'string' },
  shoal: { type: 'string' },
  save: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined when help was asked for. */
export function parseQualityOptions(args: string[]): QualityOptions | undefined {
  const { values } = parseArgs({ args, options: FLAGS });
  if (values.help) return undefined;
  const problems: string[] = [];
  const asked = values.only?.split(',').filter((part) => part !== '') ?? PARTS;
  for (const part of asked) {
    if (!PARTS.some((known) => known === part)) problems.push(`--only ${part}: must be one of ${PARTS.join(', ')}`);
  }
  const options: QualityOptions = {
    memcached: values.memcached ?? 'memcached',
    ...(values.shoal === undefined ? {} : { shoal: values.shoal }),
    only: PARTS.filter((part) => asked.includes(part)),
    memoryMiB: Math.floor(numberFlag({ name: 'memory', text: values.memory, ...MEMORY }, problems)),
    seed: Math.floor(numberFlag({ name: 'seed', text: values.seed, ...SEED }, problems)),
    isSaved: values.save ?? false,
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return options;
}
