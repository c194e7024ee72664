/**
 * The door: what each option may be, and which options do not go together.
 *
 * `checkServerOptions` never throws and names all problems at once, for the CLI, which turns them into its own wording;
 * `resolveServerOptions` throws them together, for library users. One rule an option, in the order of options.ts.
 */
import { parseListenAddress } from './listen-address.js';
import { parseAdvertised, parsePoolAddress } from './membership/advertise.js';
import { automaticMemoryBytes } from './memory-limit.js';
import {
  HASH_ALGORITHMS,
  LOG_LEVELS,
  PROTOCOL_CHOICES,
  type ResolvedServerOptions,
  SERVER_OPTION_DEFAULTS,
  type ServerOptions,
  TRANSPORT_CHOICES,
} from './options.js';

/** What kind of problem it is; stable. */
export const OptionProblemCode = { NOT_ALLOWED: 'NOT_ALLOWED', CONFLICT: 'CONFLICT', UNKNOWN: 'UNKNOWN' } as const;
export type OptionProblemCode = (typeof OptionProblemCode)[keyof typeof OptionProblemCode];

/** One thing wrong. `allowed` reads well after "allowed:". */
export interface OptionProblem {
  readonly code: OptionProblemCode;
  readonly option: keyof ServerOptions;
  readonly value: unknown;
  readonly allowed: string;
}

/** Options that cannot be: all that is wrong with them, in `problems`. */
export class ServerOptionsError extends Error {
  readonly code = 'BAD_OPTIONS';
  readonly problems: readonly OptionProblem[];

  constructor(problems: readonly OptionProblem[]) {
    const sentences = problems.map(({ option, value, allowed }) => `${option} is ${show(value)}, allowed: ${allowed}`);
    super(`Cannot start the server: ${sentences.join('; ')}`);
    this.name = 'ServerOptionsError';
    this.problems = problems;
  }
}

interface Rule {
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
}

const MIB = 1_048_576;
/** 31.875 GiB: 32-bit item references in units of 8 bytes, less room for one page of each size class. */
const MEMORY_MAX_BYTES = 32_640 * MIB;
const UINT32_MAX = 0xffff_ffff;
const INT32_MAX = 0x7fff_ffff;
/** sockaddr_un has 108 bytes, the last one is the end mark. */
const SOCKET_PATH_BYTES_MAX = 107;
const CLUSTER_ID_LENGTH_MAX = 50;

/** Problems are printed and logged; what somebody mistyped of a secret is not. */
const SECRET_OPTIONS: readonly (keyof ServerOptions)[] = ['clusterSecret', 'poolToken'];
const HIDDEN = '(not shown)';

const RULES: Record<keyof ServerOptions, Rule> = {
  port: orNull(whole(0, 65_535)),
  listen: list('an address: host, host:port, [v6]:port or *', (text) => parseListenAddress(text) !== null),
  unixSocket: orNull({
    allowed: `a path of 1 to ${SOCKET_PATH_BYTES_MAX} bytes`,
    accepts: (value) => isText(value) && Buffer.byteLength(value) <= SOCKET_PATH_BYTES_MAX,
  }),
  unixMask: { allowed: '0o000 to 0o777', accepts: whole(0, 0o777).accepts },
  backlog: whole(1, INT32_MAX),
  protocol: oneOf(PROTOCOL_CHOICES),
  transport: oneOf(TRANSPORT_CHOICES),
  memoryLimitBytes: {
    allowed: `auto or ${whole(MIB, MEMORY_MAX_BYTES).allowed}`,
    accepts: (value) => value === 'auto' || whole(MIB, MEMORY_MAX_BYTES).accepts(value),
  },
  evictions: yesNo(),
  itemSizeMaxBytes: whole(1024, 1024 * MIB),
  slabChunkMaxBytes: whole(1024, MIB),
  growthFactor: above(1),
  minSizeBytes: whole(1, MIB),
  cas: yesNo(),
  slabReassign: yesNo(),
  slabAutomove: whole(0, 2),
  slabAutomoveRatio: {
    allowed: 'a number above 0, up to 1',
    accepts: (value) => above(0).accepts(value) && Number(value) <= 1,
  },
  slabAutomoveWindow: whole(3, 1800),
  hashPower: {
    allowed: '0 or a whole number from 12 to 28',
    accepts: (value) => value === 0 || whole(12, 28).accepts(value),
  },
  hashAlgorithm: oneOf(HASH_ALGORITHMS),
  trackSizes: yesNo(),
  lruSegmented: yesNo(),
  lruMaintainer: yesNo(),
  lruCrawler: yesNo(),
  lruCrawlerSleepMicroseconds: whole(0, 1_000_000),
  lruCrawlerToCrawl: whole(0, UINT32_MAX),
  hotLruPercent: whole(1, 79),
  warmLruPercent: whole(1, 79),
  hotMaxFactor: above(0),
  warmMaxFactor: above(0),
  temporaryLru: yesNo(),
  temporaryTtlSeconds: whole(0, UINT32_MAX),
  threads: whole(1, 512),
  maxConnections: whole(1, 4_000_000),
  maxConnectionsFast: yesNo(),
  idleTimeoutSeconds: whole(0, INT32_MAX),
  requestsPerEvent: whole(1, INT32_MAX),
  readBufferMemoryLimitBytes: whole(0, Number.MAX_SAFE_INTEGER),
  flushAll: yesNo(),
  dumping: yesNo(),
  watch: yesNo(),
  shutdownCommand: yesNo(),
  debugCommands: yesNo(),
  prefixDelimiter: { allowed: 'one ASCII character', accepts: (value) => isText(value) && /^[\x21-\x7e]$/.test(value) },
  statsDetail: yesNo(),
  clusterSecret: orNull({ allowed: '32 lower-case hex digits', accepts: isClusterSecret }),
  poolAddresses: list('host:port of a pool daemon', (text) => parsePoolAddress(text) !== null),
  clusterId: orNull({
    allowed: '1 to 50 lower-case letters, digits and single hyphens, a letter first',
    accepts: isClusterId,
  }),
  advertise: list('host:port or listener=host:port', (text) => parseAdvertised(text) !== null),
  poolToken: orNull({ allowed: 'printable ASCII without blanks', accepts: isToken }),
  verbosity: whole(0, 3),
  logLevel: orNull(oneOf(LOG_LEVELS)),
  watcherLogBufferBytes: whole(1024, 1024 * MIB),
  workerLogBufferBytes: whole(1024, 1024 * MIB),
  user: orNull({ allowed: 'the name of a user', accepts: isText }),
  daemon: yesNo(),
  pidFile: orNull({ allowed: 'a path', accepts: isText }),
  coreDumps: yesNo(),
  ineffective: list('the text of a flag', () => true),
};

/** All that is wrong with the options; nothing wrong is an empty list. */
export function checkServerOptions(options: ServerOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  for (const [option, value] of Object.entries(options) as [keyof ServerOptions, unknown][]) {
    const rule = RULES[option];
    if (rule === undefined) {
      problems.push({ code: OptionProblemCode.UNKNOWN, option, value, allowed: 'no option of this name' });
    } else if (value !== undefined && !rule.accepts(value)) {
      const shown = SECRET_OPTIONS.includes(option) ? HIDDEN : value;
      problems.push({ code: OptionProblemCode.NOT_ALLOWED, option, value: shown, allowed: rule.allowed });
    }
  }
  return problems.length > 0 ? problems : checkRelations(withDefaults(options));
}

/** The options with their defaults filled in. Throws a ServerOptionsError that names every problem. */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const problems = checkServerOptions(options);
  if (problems.length > 0) throw new ServerOptionsError(problems);
  return Object.freeze(withDefaults(options));
}

/** What memcached refuses with exit code 64 as well. */
function checkRelations(options: ResolvedServerOptions): OptionProblem[] {
  const { memoryLimitBytes, itemSizeMaxBytes, slabChunkMaxBytes } = options;
  const problems: OptionProblem[] = [];
  const demand: Demand = (isMet, option, allowed) => {
    if (!isMet) problems.push({ code: OptionProblemCode.CONFLICT, option, value: options[option], allowed });
  };
  demand(
    itemSizeMaxBytes <= memoryLimitBytes / 2,
    'itemSizeMaxBytes',
    `up to ${memoryLimitBytes / 2}, half of memoryLimitBytes`,
  );
  demand(slabChunkMaxBytes <= itemSizeMaxBytes, 'slabChunkMaxBytes', `up to ${itemSizeMaxBytes}, itemSizeMaxBytes`);
  demand(
    slabChunkMaxBytes > itemSizeMaxBytes || itemSizeMaxBytes % slabChunkMaxBytes === 0,
    'itemSizeMaxBytes',
    `a multiple of ${slabChunkMaxBytes}, slabChunkMaxBytes`,
  );
  demand(MIB % slabChunkMaxBytes === 0, 'slabChunkMaxBytes', `a divisor of ${MIB}, the bytes of a page`);
  demand(
    options.hotLruPercent + options.warmLruPercent <= 80,
    'hotLruPercent',
    `up to ${80 - options.warmLruPercent}, which leaves 20 percent beside warmLruPercent`,
  );
  demand(!options.temporaryLru || options.lruMaintainer, 'temporaryLru', 'false without lruMaintainer');
  demandMembership(options, demand);
  return problems;
}

type Demand = (isMet: boolean, option: keyof ServerOptions, allowed: string) => void;

/** What belongs to joining a cluster comes together, and with an address that clients can reach. */
function demandMembership(options: ResolvedServerOptions, demand: Demand): void {
  const { poolAddresses, clusterId, advertise, clusterSecret, port, unixSocket } = options;
  const joins = poolAddresses.length > 0;
  const named = joins ? 'the name of a cluster, with poolAddresses' : 'null without poolAddresses';
  demand(joins === (clusterId !== null), 'clusterId', named);
  demand(joins || advertise.length === 0, 'advertise', 'nothing without poolAddresses');
  demand(!joins || clusterSecret === null, 'clusterSecret', 'null with poolAddresses: the pool hands one over');
  demand(!joins || (port !== null && unixSocket === null), 'poolAddresses', 'nothing without a TCP port');
  const listeners = advertise.map((text) => parseAdvertised(text)?.listener ?? null);
  demand(new Set(listeners).size === listeners.length, 'advertise', 'one address a listener, and one for the others');
  const ports = portsOf(options);
  const isListener = (listener: number | null) => listener === null || ports.includes(listener) || ports.includes(0);
  demand(listeners.every(isListener), 'advertise', `listeners among the ports of this node: ${ports.join(', ')}`);
}

function portsOf({ listen, port }: ResolvedServerOptions): number[] {
  const asked = listen.map((text) => parseListenAddress(text)?.port ?? port);
  return (asked.length === 0 ? [port] : asked).filter((number) => number !== null);
}

function withDefaults(options: ServerOptions): ResolvedServerOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const whole: Required<ServerOptions> = { ...SERVER_OPTION_DEFAULTS, ...Object.fromEntries(given) };
  const { memoryLimitBytes, itemSizeMaxBytes, threads } = whole;
  if (memoryLimitBytes !== 'auto') return { ...whole, memoryLimitBytes };
  return { ...whole, memoryLimitBytes: automaticMemoryBytes({ threads, leastBytes: 2 * itemSizeMaxBytes }) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && !value.includes('\0');
}

/** ElastiCache's rule for the name of a cluster. */
function isClusterId(value: unknown): boolean {
  return isText(value) && value.length <= CLUSTER_ID_LENGTH_MAX && /^[a-z](?:-?[a-z0-9])*$/.test(value);
}

/** What an HTTP header can carry as it is. */
function isToken(value: unknown): boolean {
  return isText(value) && /^[\x21-\x7e]+$/.test(value);
}

/** What a pool gives its nodes: see ServerOptions.clusterSecret. */
export function isClusterSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

function whole(least: number, most: number): Rule {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

function above(limit: number): Rule {
  return {
    allowed: `a number above ${limit}`,
    accepts: (value) => typeof value === 'number' && Number.isFinite(value) && value > limit,
  };
}

function yesNo(): Rule {
  return { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };
}

function oneOf(choices: readonly string[]): Rule {
  return { allowed: choices.join(', '), accepts: (value) => typeof value === 'string' && choices.includes(value) };
}

function list(what: string, accepts: (text: string) => boolean): Rule {
  return {
    allowed: `a list, each ${what}`,
    accepts: (value) => Array.isArray(value) && value.every((entry) => isText(entry) && accepts(entry)),
  };
}

function orNull(rule: Rule): Rule {
  return { allowed: `null or ${rule.allowed}`, accepts: (value) => value === null || rule.accepts(value) };
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
