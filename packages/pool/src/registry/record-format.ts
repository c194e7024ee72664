/**
 * The form in which cluster records are stored: checked member by member when they are read, whoever wrote them.
 *
 * Used by both registries. A member that is not known here is refused, not dropped: a release that adds one raises
 * FORMAT_VERSION, so that an older daemon stops with a clear message instead of writing the record back without it.
 */
import { z } from 'zod';
import { PORT_MAX } from '../limits.js';
import { type ClusterRecord, DriverKind } from '../model.js';

/** Of a record and of everything around it, in both registries. */
export const FORMAT_VERSION = 1;

/** The reason, for the middle of a sentence: `format version 7, and this release reads 1`. */
export class FormatError extends Error {}

const count = z.int().min(0);
const port = z.int().min(0).max(PORT_MAX);
const version = z.int().min(0).max(0x7fff_ffff);

const address = z.strictObject({ hostname: z.string(), ip: z.string(), port });

const node = z.strictObject({
  id: z.string().min(1),
  phase: z.enum(['creating', 'available', 'rebooting', 'draining', 'stopping']),
  address,
  listenerAddresses: z.record(z.string(), address),
  createdAtMs: z.number(),
  drainUntilAtMs: z.number().nullable(),
  failures: z.strictObject({
    count,
    lastAtMs: z.number().nullable(),
    lastReason: z.string().nullable(),
    retryAtMs: z.number().nullable(),
  }),
  instanceId: z.string().nullable(),
});

export const clusterRecord: z.ZodType<ClusterRecord> = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/),
  driver: z.enum(Object.values(DriverKind)),
  ownerId: z.string().nullable(),
  createdAtMs: z.number(),
  deleting: z.boolean(),
  completed: z.boolean(),
  endpoint: z.strictObject({ host: z.string(), port }),
  nodeSettings: z.strictObject({
    host: z.string(),
    memoryMegabytes: z.number().positive(),
    threads: count,
    ports: z.array(port),
  }),
  drainMs: z.number().min(0),
  deadReads: z.enum(['error', 'miss']),
  secret: z.string(),
  version,
  listenerPorts: z.array(port).optional(),
  nodes: z.array(node),
});

export const versionNumber = version;

/** What the schema makes of a value; a FormatError names the first members that are wrong. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new FormatError(problems.join('; '));
}

/** A record on its way in; what could not be read back is refused before it is stored. */
export function storableRecord(cluster: ClusterRecord): ClusterRecord {
  try {
    return checked(clusterRecord, cluster);
  } catch (error) {
    throw new TypeError(`Cannot save cluster ${cluster.id}: ${(error as Error).message}`, { cause: error });
  }
}

export function checkFormat(
  value: { readonly format?: unknown; readonly formatVersion?: unknown },
  name: string,
): void {
  if (value.format !== name) throw new FormatError(`it is no ${name} (its format is ${JSON.stringify(value.format)})`);
  if (value.formatVersion === FORMAT_VERSION) return;
  const written = JSON.stringify(value.formatVersion);
  throw new FormatError(`it has format version ${written}, and this release reads only ${FORMAT_VERSION}`);
}

export function parseJson(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(text.trim() === '' ? 'it is empty' : `it is no JSON (${(error as Error).message})`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new FormatError('it holds no object');
  return value as Readonly<Record<string, unknown>>;
}
