// The rows of the bench table: what each one loads and which ratio it must reach. Read by bench.ts (what to run) and table.ts (verdicts).
// Limits are those of the first speed issue, by transport; goals are the later ones of the design and are printed, not judged.
// A ratio is Shoal's CPU per operation over memcached's in the same run.
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { DialectName, Verb, Workload } from '../load/workload.js';

export const TRANSPORTS = ['epoll', 'net'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly workload: Workload;
  readonly limits: Partial<Record<TransportName, number>>;
  readonly goal?: number;
  /** Row whose memcached figure judges this one when memcached is older than SINGLE_SEND_VERSION. */
  readonly oldPeerReference?: string;
}

/** Since this version memcached sends all replies of a pipelined text get together; before, each by itself, at five times the cost. */
export const SINGLE_SEND_VERSION = '1.6.45';

const ONE_AT_A_TIME = { epoll: 1.0, net: 1.5 };
const ONE_AT_A_TIME_EPOLL_ONLY = { epoll: 1.0 };
const BATCHED_EPOLL_ONLY = { epoll: 0.75 };
const PIPELINE_DEPTH = 16;
const ONE_GOAL = 0.9;
const BATCH_GOAL = 0.6;
const LARGE_GOAL = 1.0;

function workload(verb: Verb, more: { dialect?: DialectName; depth?: number; valueBytes?: number } = {}): Workload {
  const { keysPerGet, valueBytes } = LOAD_DEFAULTS;
  return { verb, dialect: 'text', depth: 1, keysPerGet, valueBytes, ...more };
}

function pipelined(verb: 'get' | 'set', dialect: DialectName): Row {
  return {
    id: `${verb}16-${dialect}`,
    label: `${verb}, 16 pipelined, ${dialect}`,
    workload: workload(verb, { dialect, depth: PIPELINE_DEPTH }),
    limits: BATCHED_EPOLL_ONLY,
    goal: BATCH_GOAL,
    ...(verb === 'get' && dialect === 'text' ? { oldPeerReference: 'get16-binary' } : {}),
  };
}

function sized(verb: 'get' | 'set', valueBytes: number): Row {
  const isLarge = valueBytes >= 8000;
  return {
    id: `${verb}-${valueBytes}`,
    label: `${verb}, ${valueBytes.toLocaleString('en')}-byte values`,
    workload: workload(verb, { valueBytes }),
    limits: isLarge ? {} : ONE_AT_A_TIME_EPOLL_ONLY,
    goal: isLarge ? LARGE_GOAL : ONE_GOAL,
  };
}

export const ROWS: readonly Row[] = [
  { id: 'get', label: 'get', workload: workload('get'), limits: ONE_AT_A_TIME, goal: ONE_GOAL },
  { id: 'set', label: 'set', workload: workload('set'), limits: ONE_AT_A_TIME, goal: ONE_GOAL },
  { id: 'mix', label: 'mix, 90 % get', workload: workload('mix'), limits: {} },
  {
    id: 'mget',
    label: 'get of 50 keys, per key',
    workload: workload('mget'),
    limits: { epoll: 0.75, net: 1.5 },
    goal: BATCH_GOAL,
  },
  pipelined('get', 'text'),
  pipelined('get', 'meta'),
  pipelined('get', 'binary'),
  pipelined('set', 'text'),
  pipelined('set', 'meta'),
  pipelined('set', 'binary'),
  sized('get', 10),
  sized('get', 1000),
  sized('get', 8000),
  sized('set', 10),
  sized('set', 1000),
  sized('set', 8000),
];

/** Extra lines of the bench that `--only` knows beside the rows. */
export const EXTRA_IDS = ['help', 'idle'] as const;

/** The rows named, in the table's order, and with them every row that another one is judged by. */
export function selectRows(ids: readonly string[] | undefined): readonly Row[] {
  if (ids === undefined) return ROWS;
  const wanted = new Set(ids);
  for (const row of ROWS)
    if (wanted.has(row.id) && row.oldPeerReference !== undefined) wanted.add(row.oldPeerReference);
  return ROWS.filter((row) => wanted.has(row.id));
}
