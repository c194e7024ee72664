/**
 * The rows of CPU per operation: what each one loads and which ratio it must reach.
 *
 * Read by operations.ts (what to run) and table.ts (verdicts). A ratio is Shoal's CPU per operation over memcached's in the
 * same run; the limits are the project's goals, by the transport that the server says it runs on. Rows that are not judged
 * anywhere run only when --only names them.
 */
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { DialectName, Verb, Workload } from '../load/workload.js';

export const TRANSPORTS = ['epoll', 'uring', 'net'] as const;
export type TransportName = (typeof TRANSPORTS)[number];
/** `auto` leaves it to the server. */
export const ASKED_TRANSPORTS = ['auto', ...TRANSPORTS] as const;
export type AskedTransport = (typeof ASKED_TRANSPORTS)[number];

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly workload: Workload;
  readonly limits: Partial<Record<TransportName, number>>;
  /** Dialect whose memcached figure judges this row when memcached is older than SINGLE_SEND_VERSION. */
  readonly oldPeerDialect?: DialectName;
  /** redis stands beside it. */
  readonly hasRedis?: boolean;
}

/** Since this version memcached sends all replies of a pipelined text get together; before, each by itself, at five times the cost. */
export const SINGLE_SEND_VERSION = '1.6.45';

const NET_LIMIT = 1.45;
/** These two are not the design's any more: docs/decisions/0033-two-rows.md. */
const ONE_AT_A_TIME = { epoll: 0.95, uring: 0.95 };
const PIPELINED = { epoll: 0.8, uring: 0.75 };
const MANY_KEYS = { epoll: 0.6, uring: 0.6 };
const LARGE = { epoll: 1, uring: 1 };
const PIPELINE_DEPTH = 16;

function workload(verb: Verb, more: { dialect?: DialectName; depth?: number; valueBytes?: number } = {}): Workload {
  const { keysPerGet, valueBytes } = LOAD_DEFAULTS;
  return { verb, dialect: 'text', depth: 1, keysPerGet, valueBytes, ...more };
}

function pipelined(verb: 'get' | 'set', dialect: DialectName): Row {
  return {
    id: `${verb}16-${dialect}`,
    label: `${verb}, 16 pipelined, ${dialect}`,
    workload: workload(verb, { dialect, depth: PIPELINE_DEPTH }),
    limits: PIPELINED,
    ...(verb === 'get' && dialect === 'text' ? { oldPeerDialect: 'binary' as const } : {}),
  };
}

function sized(verb: 'get' | 'set', valueBytes: number, limits: Row['limits'] = {}): Row {
  return {
    id: `${verb}-${valueBytes}`,
    label: `${verb}, ${valueBytes.toLocaleString('en')}-byte values`,
    workload: workload(verb, { valueBytes }),
    limits,
  };
}

const ONE_LIMITS = { ...ONE_AT_A_TIME, net: NET_LIMIT };

export const ROWS: readonly Row[] = [
  { id: 'get', label: 'get', workload: workload('get'), limits: ONE_LIMITS, hasRedis: true },
  { id: 'set', label: 'set', workload: workload('set'), limits: ONE_LIMITS, hasRedis: true },
  pipelined('get', 'text'),
  pipelined('get', 'meta'),
  pipelined('get', 'binary'),
  pipelined('set', 'text'),
  pipelined('set', 'meta'),
  pipelined('set', 'binary'),
  {
    id: 'mget',
    label: 'get of 50 keys, per key',
    workload: workload('mget'),
    limits: { ...MANY_KEYS, net: NET_LIMIT },
  },
  sized('get', 8000, LARGE),
  sized('set', 8000, LARGE),
  { id: 'mix', label: 'mix, 90 % get', workload: workload('mix'), limits: {} },
  sized('get', 10),
  sized('set', 10),
  sized('get', 1000),
  sized('set', 1000),
];

/** The rows named, in the table's order; without names those that are judged. */
export function selectRows(ids: readonly string[] | undefined): readonly Row[] {
  if (ids === undefined) return ROWS.filter((row) => Object.keys(row.limits).length > 0);
  return ROWS.filter((row) => ids.includes(row.id));
}
