/**
 * What is measured: one point is one kind of work on servers set up in one way. Pure tables; sampling.ts runs them, the sections show them.
 *
 * Points that share a setup share the two servers, which keep what earlier points stored. Values of a size are stored under keys of their own
 * (key-space.ts), so points do not disturb each other as long as all of them fit `memoryMib`.
 */
import { LOAD_DEFAULTS } from '../load/load-options.js';
import type { Verb, Workload } from '../load/workload.js';
import type { Part } from './plan.js';

/** The flags of both servers. */
export interface Setup {
  readonly workers: number;
  readonly memoryMib: number;
  readonly maxConnections: number;
  /** -I, which has to be above the largest value. */
  readonly itemSizeMax: string;
}

export interface Point {
  readonly part: Part;
  readonly label: string;
  readonly workload: Workload;
  /** Connections that send. */
  readonly busy: number;
  /** Connections beside them that are open and silent. */
  readonly idle: number;
  readonly keyCount: number;
  readonly setup: Setup;
}

export const PIPELINE_DEPTH = 16;
const PLAIN: Setup = { workers: 1, memoryMib: 1024, maxConnections: 1024, itemSizeMax: '1m' };

export const WORKER_COUNTS = [1, 2] as const;
export const CONNECTION_COUNTS = [1, 50, 1000, 10_000] as const;
export const KEY_COUNTS = [10_000, 100_000, 1_000_000] as const;
/** Stored by the measurement of a growing table, one server at a time. */
export const MOST_KEYS = 10_000_000;
export const MOST_KEYS_SETUP: Setup = { ...PLAIN, memoryMib: 4096 };
export const VALUE_BYTES = [10, 100, 1000, 8000, 65_536, 524_288, 1_048_576] as const;
/** Enough of every size to be beyond the second-level cache, and no more than that fits. */
const VALUES_OF_A_SIZE_BYTES = 128 * 2 ** 20;

export function workload(verb: Verb, more: Partial<Workload> = {}): Workload {
  const { keysPerGet, valueBytes } = LOAD_DEFAULTS;
  return { verb, dialect: 'text', depth: 1, keysPerGet, valueBytes, ...more };
}

const GET = workload('get');
const SET = workload('set');
/** Binary, because an old memcached sends every reply of pipelined text gets by itself. */
const GET_16 = workload('get', { dialect: 'binary', depth: PIPELINE_DEPTH });
const SET_16 = workload('set', { dialect: 'binary', depth: PIPELINE_DEPTH });

function point(part: Part, label: string, work: Workload, more: Partial<Point> = {}): Point {
  const { connections: busy, keyCount } = LOAD_DEFAULTS;
  return { part, label, workload: work, busy, idle: 0, keyCount, setup: PLAIN, ...more };
}

const HOT_KEY = { keyCount: 1 };

function workerPoints(workers: number): Point[] {
  const setup = { ...PLAIN, workers };
  return [
    point('workers', 'get', GET, { setup }),
    point('workers', 'set', SET, { setup }),
    point('workers', 'get, 16 pipelined', GET_16, { setup }),
    point('workers', 'set, 16 pipelined', SET_16, { setup }),
    point('workers', 'get of one hot key, 16 pipelined', GET_16, { setup, ...HOT_KEY }),
    point('workers', 'set of one hot key, 16 pipelined', SET_16, { setup, ...HOT_KEY }),
  ];
}

/** @param most fewer than the largest count where the limit of open files is too low. */
export function connectionPoints(most: number): Point[] {
  const { connections } = LOAD_DEFAULTS;
  const counts = [...new Set(CONNECTION_COUNTS.map((count) => Math.min(count, most)))];
  const setup = { ...PLAIN, maxConnections: Math.max(...counts) + connections };
  const mostlyIdle = counts.map((count) => {
    const busy = Math.min(count, connections);
    const label = count > busy ? `${count.toLocaleString('en')}, of which ${busy} busy` : `${count}, all busy`;
    return point('connections', label, GET, { setup, busy, idle: count - busy });
  });
  const allBusy = counts
    .filter((count) => count > connections)
    .map((count) => point('connections', `${count.toLocaleString('en')}, all busy`, GET, { setup, busy: count }));
  return [...mostlyIdle, ...allBusy];
}

/** Asked at every number of keys. */
export function keyPoints(keyCount: number, setup: Setup = PLAIN): Point[] {
  return [
    point('keys', 'get', GET, { setup, keyCount }),
    point('keys', 'get, 16 pipelined', GET_16, { setup, keyCount }),
    point('keys', 'set, 16 pipelined', SET_16, { setup, keyCount }),
  ];
}

function valuePoints(): Point[] {
  const setup = { ...PLAIN, memoryMib: 2048, itemSizeMax: '2m' };
  return VALUE_BYTES.flatMap((valueBytes) => {
    const keyCount = Math.min(LOAD_DEFAULTS.keyCount, Math.floor(VALUES_OF_A_SIZE_BYTES / valueBytes));
    const more = { setup, keyCount };
    return [
      point('values', 'get', workload('get', { valueBytes }), more),
      point('values', 'set', workload('set', { valueBytes }), more),
    ];
  });
}

/** Those of a part, grouped by the servers that they run on. */
export function pointGroups(part: Part, mostConnections: number): Point[][] {
  switch (part) {
    case 'workers':
      return WORKER_COUNTS.map(workerPoints);
    case 'connections':
      return [connectionPoints(mostConnections)];
    case 'keys':
      return [KEY_COUNTS.flatMap((keyCount) => keyPoints(keyCount))];
    case 'values':
      return [valuePoints()];
  }
}
