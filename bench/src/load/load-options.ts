// The flags of `node bench/dist/load/main.js`, checked once, all problems named at once. Used by load/main.ts;
// the orchestrator builds the same record through argumentsFor() and hands it to a child process as
// flags.
import { parseArgs } from 'node:util';
import { choiceFlag, joinNegative, numberFlag } from '../flags.js';
import { DIALECTS, type DialectName, VERBS, type Verb, type Workload } from './workload.js';

export interface LoadOptions {
  host: string;
  port: number;
  /** Server process whose CPU time is read over the measured window; none = ops/s and latency only. */
  pid?: number;
  workload: Workload;
  connections: number;
  keyCount: number;
  seconds: number;
  warmupSeconds: number;
  /** Every key is there already, from a run before: store none first. */
  isStored?: boolean;
  seed: number;
  /** Core that this process is bound to; -1 = not bound. */
  cpu: number;
  isJson: boolean;
}

export const LOAD_DEFAULTS = {
  connections: 50,
  keyCount: 10_000,
  valueBytes: 100,
  keysPerGet: 50,
  warmupSeconds: 0.3,
  seed: 1,
  cpu: 1,
} as const;

const MAX_CONNECTIONS = 10_000;
const MAX_DEPTH = 1000;
const MAX_VALUE_BYTES = 1 << 20;
const MAX_KEYS = 2 ** 31 - 1;
const MAX_SECONDS = 3600;

export const LOAD_HELP = `Usage: node bench/dist/load/main.js --port PORT [flags]     load a running server, check every reply, report

  --host ADDRESS       dotted IPv4 address (127.0.0.1)
  --pid PID            also report the CPU of this server process per operation
  --workload NAME      ${VERBS.join(' | ')} (get); mix = 90 % get, 10 % set; mget = many keys a get
  --dialect NAME       ${DIALECTS.join(' | ')} (text); resp speaks to redis
  --depth N            requests sent together (1)
  --value BYTES        (${LOAD_DEFAULTS.valueBytes})      --keys N          different keys (${LOAD_DEFAULTS.keyCount})
  --keys-per-get N     of an mget (${LOAD_DEFAULTS.keysPerGet})   --connections N   (${LOAD_DEFAULTS.connections})
  --seconds S          measured (3)         --warmup S        before it (${LOAD_DEFAULTS.warmupSeconds})
  --no-preload         all keys are there already, with the values of an earlier run
  --seed N             of the choice of keys (${LOAD_DEFAULTS.seed})
  --cpu N              core to run on (${LOAD_DEFAULTS.cpu}); -1 = any
  --json               one line of JSON instead of text`;

const FLAGS = {
  host: { type: 'string' },
  port: { type: 'string' },
  pid: { type: 'string' },
  workload: { type: 'string' },
  dialect: { type: 'string' },
  depth: { type: 'string' },
  value: { type: 'string' },
  'keys-per-get': { type: 'string' },
  connections: { type: 'string' },
  keys: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  seed: { type: 'string' },
  cpu: { type: 'string' },
  'no-preload': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined when help was asked for. */
export function parseLoadOptions(args: string[]): LoadOptions | undefined {
  const { values } = parseArgs({ args: joinNegative(args), options: FLAGS });
  if (values.help) return undefined;
  const problems: string[] = [];
  const number = (name: keyof typeof FLAGS, fallback: number, allowed: { min: number; max: number }): number =>
    numberFlag({ name, text: values[name] as string | undefined, fallback, ...allowed }, problems);
  const choice = <T extends string>(name: keyof typeof FLAGS, fallback: T, allowed: readonly T[]): T =>
    choiceFlag({ name, text: values[name] as string | undefined, fallback, allowed }, problems);
  const options: LoadOptions = {
    host: values.host ?? '127.0.0.1',
    port: number('port', 0, { min: 1, max: 65535 }),
    ...(values.pid === undefined ? {} : { pid: number('pid', 0, { min: 1, max: MAX_KEYS }) }),
    workload: {
      verb: choice<Verb>('workload', 'get', VERBS),
      dialect: choice<DialectName>('dialect', 'text', [...DIALECTS, 'resp']),
      depth: number('depth', 1, { min: 1, max: MAX_DEPTH }),
      keysPerGet: number('keys-per-get', LOAD_DEFAULTS.keysPerGet, { min: 1, max: MAX_DEPTH }),
      valueBytes: number('value', LOAD_DEFAULTS.valueBytes, { min: 0, max: MAX_VALUE_BYTES }),
    },
    connections: number('connections', LOAD_DEFAULTS.connections, { min: 1, max: MAX_CONNECTIONS }),
    keyCount: number('keys', LOAD_DEFAULTS.keyCount, { min: 1, max: MAX_KEYS }),
    seconds: number('seconds', 3, { min: 0.01, max: MAX_SECONDS }),
    warmupSeconds: number('warmup', LOAD_DEFAULTS.warmupSeconds, { min: 0, max: MAX_SECONDS }),
    isStored: values['no-preload'] ?? false,
    seed: number('seed', LOAD_DEFAULTS.seed, { min: 0, max: MAX_KEYS }),
    cpu: number('cpu', LOAD_DEFAULTS.cpu, { min: -1, max: 4095 }),
    isJson: values.json ?? false,
  };
  if (options.port === 0) problems.push('--port is missing');
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return options;
}

/** The flags that parseLoadOptions() turns back into `options`. */
export function argumentsFor(options: LoadOptions): string[] {
  const { workload } = options;
  const flags: Record<string, string | number> = {
    host: options.host,
    port: options.port,
    ...(options.pid === undefined ? {} : { pid: options.pid }),
    workload: workload.verb,
    dialect: workload.dialect,
    depth: workload.depth,
    value: workload.valueBytes,
    'keys-per-get': workload.keysPerGet,
    connections: options.connections,
    keys: options.keyCount,
    seconds: options.seconds,
    warmup: options.warmupSeconds,
    seed: options.seed,
    cpu: options.cpu,
  };
  return [
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ...(options.isStored ? ['--no-preload'] : []),
    ...(options.isJson ? ['--json'] : []),
  ];
}
