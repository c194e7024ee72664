/**
 * What a client is told: where its nodes are, and how patient and how large it may be. Types, defaults and the one check.
 *
 * Read by Client's constructor, which throws a BadOptionsError that names every problem at once. Two servers of a static
 * list or two endpoints are told apart by their text, `host:port`.
 */
import type { ConnectionOptions } from 'node:tls';
import { parseAddress, type ServerAddress } from './discovery.js';
import { BadOptionsError } from './errors.js';

/**
 * One address is a configuration endpoint, asked for the nodes; a list is the nodes themselves, and nobody is asked.
 * The two objects say it outright, as for several endpoints or a list with one node.
 */
export type ClientTarget =
  | string
  | readonly string[]
  | { readonly endpoint: string | readonly string[] }
  | { readonly nodes: readonly string[] };

export interface ClientOptions {
  /** For an operation from the call to the reply, retry included, unless the call says otherwise. */
  readonly timeoutMs?: number;
  /** For one attempt to connect to one address. */
  readonly connectTimeoutMs?: number;
  /** A connection whose oldest request is past its deadline by this is dropped. */
  readonly stallTimeoutMs?: number;
  /** Between two questions for the list of nodes. */
  readonly pollIntervalMs?: number;
  /** First and longest pause before a dead node is tried again; it doubles, and up to half of it is taken off at random. */
  readonly reconnectMinMs?: number;
  readonly reconnectMaxMs?: number;
  /** True: TLS with Node's defaults. Certificates are checked against the hostname of the list. */
  readonly tls?: boolean | ConnectionOptions;
  /** Reads of a key whose node cannot be reached in time: an error, or a miss. */
  readonly deadReads?: 'error' | 'miss';
  /** Most requests, and bytes of requests not sent yet, for one node. */
  readonly maxQueuedRequests?: number;
  readonly maxQueuedBytes?: number;
  /** Values that are larger are neither sent nor received. */
  readonly maxValueBytes?: number;
}

export interface ResolvedOptions extends Required<ClientOptions> {
  /** `discover` and `static` of the target. */
  readonly source: 'discovery' | 'static';
  readonly addresses: readonly ServerAddress[];
}

const TIMEOUT_MS = 1000;
const MEBIBYTE = 1024 * 1024;

export const CLIENT_DEFAULTS = {
  timeoutMs: TIMEOUT_MS,
  connectTimeoutMs: 1000,
  stallTimeoutMs: 2000,
  pollIntervalMs: 60_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 5000,
  tls: false,
  deadReads: 'error',
  maxQueuedRequests: 100_000,
  maxQueuedBytes: 256 * MEBIBYTE,
  maxValueBytes: 128 * MEBIBYTE,
} as const satisfies Required<ClientOptions>;

/** setTimeout cannot wait longer. */
export const MS_MAX = 0x7fff_ffff;
const NODES_MAX = 1000;
/** An array has to hold them, and a Buffer the bytes. */
const BOUNDS: Readonly<Record<string, { min: number; max: number }>> = {
  timeoutMs: { min: 1, max: MS_MAX },
  connectTimeoutMs: { min: 1, max: MS_MAX },
  stallTimeoutMs: { min: 0, max: MS_MAX },
  pollIntervalMs: { min: 10, max: MS_MAX },
  reconnectMinMs: { min: 1, max: MS_MAX },
  reconnectMaxMs: { min: 1, max: MS_MAX },
  maxQueuedRequests: { min: 1, max: 0x0100_0000 },
  maxQueuedBytes: { min: 1024, max: 1024 * MEBIBYTE },
  maxValueBytes: { min: 0, max: 1024 * MEBIBYTE },
};

/** Throws a BadOptionsError. */
export function resolveOptions(target: ClientTarget, options: ClientOptions = {}): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const merged: Required<ClientOptions> = { ...CLIENT_DEFAULTS, ...Object.fromEntries(given) };
  const problems = optionProblems(merged);
  const { source, texts } = readTarget(target);
  const addresses: ServerAddress[] = [];
  if (texts.length === 0 || texts.length > NODES_MAX) problems.push(`1 to ${NODES_MAX} addresses are needed`);
  for (const text of texts) {
    try {
      addresses.push(parseAddress(String(text)));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (new Set(addresses.map(({ host, port }) => `${host}:${port}`)).size < addresses.length) {
    problems.push('an address is given twice');
  }
  if (problems.length > 0) throw new BadOptionsError(problems);
  return { ...merged, source, addresses };
}

function readTarget(target: ClientTarget): { source: 'discovery' | 'static'; texts: readonly string[] } {
  if (typeof target === 'string') return { source: 'discovery', texts: [target] };
  if (Array.isArray(target)) return { source: 'static', texts: target };
  if (target !== null && typeof target === 'object' && 'endpoint' in target) {
    return { source: 'discovery', texts: [target.endpoint].flat() };
  }
  const nodes = target !== null && typeof target === 'object' && 'nodes' in target ? target.nodes : [];
  return { source: 'static', texts: nodes };
}

function optionProblems(options: Required<ClientOptions>): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    const bounds = BOUNDS[name];
    if (bounds === undefined) {
      if (!(name in CLIENT_DEFAULTS)) problems.push(`there is no option ${name}`);
    } else if (!Number.isInteger(value) || (value as number) < bounds.min || (value as number) > bounds.max) {
      problems.push(`${name} is not a whole number from ${bounds.min} to ${bounds.max}`);
    }
  }
  if (options.reconnectMinMs > options.reconnectMaxMs) problems.push('reconnectMinMs is above reconnectMaxMs');
  if (options.deadReads !== 'error' && options.deadReads !== 'miss')
    problems.push('deadReads is neither error nor miss');
  return problems;
}
