/**
 * The form of every request to a pool: ElastiCache's parameters under ElastiCache's names, and Shoal's own further ones.
 * What comes back is in `results.ts`.
 *
 * Servers check requests with the schemas (`requests.ts`); clients import the types alone, which cost nothing at run time.
 * The wording here follows the name of a parameter: "NumCacheNodes must be ...". Whether a change is possible in the state
 * a cluster is in is not decided here.
 */
import * as z from 'zod';
import {
  CLUSTER_ID_BYTES_MAX,
  DRAIN_SECONDS_MAX,
  MEMORY_MEGABYTES_MAX,
  NODES_MAX,
  PORT_MAX,
  THREADS_MAX,
} from '../limits.js';
import { DriverKind } from '../model.js';

export const PAGE_RECORDS_MAX = 100;
const PAGE_RECORDS_MIN = 20;

/** Marks a problem that lies in no parameter alone: it is reported as InvalidParameterCombination. */
const COMBINATION = { combination: true } as const;

function wholeNumber(least: number, most: number) {
  return z.int(`must be a whole number from ${least} to ${most}`).min(least).max(most);
}

function unique(items: readonly unknown[]): boolean {
  return new Set(items).size === items.length;
}

function list<T extends z.ZodType>(item: T, what: string) {
  const listed = z.array(item, `must be a list of 1 to ${NODES_MAX} ${what}`).min(1).max(NODES_MAX);
  return listed.refine(unique, 'names something twice').readonly();
}

const flag = z.boolean('must be true or false');

/** Ids are compared without regard to case and kept in lower case. */
export const clusterId = z
  .string(`must be 1 to ${CLUSTER_ID_BYTES_MAX} letters, digits and single hyphens, a letter first and no hyphen last`)
  .max(CLUSTER_ID_BYTES_MAX)
  .regex(/^[a-z](-?[a-z0-9])*$/i)
  .toLowerCase();
export const nodeId = z.string('must be four digits').regex(/^\d{4}$/);
const nodeCount = z.int('must be a whole number of 1 or more').min(1);
/** Nothing is ever put off here, so a request that wants to wait for a maintenance window would not get what it asks. */
const applyImmediately = z.literal(true, 'must be true: a pool has no maintenance window and applies changes at once');

const newCluster = z.strictObject({
  CacheClusterId: clusterId,
  /** Required, but not with the driver `registered`, whose nodes come by themselves. */
  NumCacheNodes: nodeCount.optional(),
  Engine: z.literal('memcached', 'must be memcached').optional(),
  /** Port of the configuration endpoint, 11211 unless given; 0 takes any free one. */
  Port: wholeNumber(0, PORT_MAX).optional(),
  Driver: z.enum(DriverKind, `must be one of ${Object.values(DriverKind).join(', ')}`).optional(),
  MemoryMegabytes: wholeNumber(1, MEMORY_MEGABYTES_MAX).optional(),
  Threads: wholeNumber(1, THREADS_MAX).optional(),
  /** Ports for the nodes to take before any other, in this order. */
  NodePorts: list(wholeNumber(1, PORT_MAX), 'ports').optional(),
  /** How long a removed node serves on; parts of a second are welcome. */
  DrainSeconds: z.number(`must be a number from 0 to ${DRAIN_SECONDS_MAX}`).min(0).max(DRAIN_SECONDS_MAX).optional(),
  /** What a read of a key gets whose node is dead. */
  DeadReads: z.enum(['error', 'miss'], 'must be error or miss').optional(),
});

type NewCluster = z.infer<typeof newCluster>;

function isRegistered({ Driver }: Partial<NewCluster>): boolean {
  return Driver === DriverKind.REGISTERED;
}

/** Combinations are looked at even when single values are wrong, so that all problems are told at once. */
function combination(path: string, error: string) {
  return { path: [path], error, params: COMBINATION, when: ({ value }: { value: unknown }) => isObject(value) };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

const NOT_OF_REGISTERED = ['NumCacheNodes', 'MemoryMegabytes', 'Threads', 'NodePorts'] as const;

export const createCacheClusterRequest = NOT_OF_REGISTERED.reduce(
  (schema, name) =>
    schema.refine(
      (request) => !isRegistered(request) || request[name] === undefined,
      combination(name, 'cannot be given with Driver registered, whose nodes start and come by themselves'),
    ),
  newCluster.refine(
    (request) => isRegistered(request) || request.NumCacheNodes !== undefined,
    combination('NumCacheNodes', 'is required unless Driver is registered'),
  ),
);
export type CreateCacheClusterRequest = z.input<typeof createCacheClusterRequest>;

export const describeCacheClustersRequest = z.strictObject({
  /** All clusters unless given. */
  CacheClusterId: clusterId.optional(),
  /** Without it there is no CacheNodes in the answer. */
  ShowCacheNodeInfo: flag.optional(),
  MaxRecords: wholeNumber(PAGE_RECORDS_MIN, PAGE_RECORDS_MAX).optional(),
  /** What the answer before this one said: where its page ended. */
  Marker: clusterId.optional(),
});
export type DescribeCacheClustersRequest = z.input<typeof describeCacheClustersRequest>;

export const modifyCacheClusterRequest = z.strictObject({
  CacheClusterId: clusterId,
  /** Required here: there is nothing else to modify. */
  NumCacheNodes: nodeCount,
  /** Which nodes go; the ones with the highest ids unless given. */
  CacheNodeIdsToRemove: list(nodeId, 'node ids').optional(),
  ApplyImmediately: applyImmediately.optional(),
});
export type ModifyCacheClusterRequest = z.input<typeof modifyCacheClusterRequest>;

export const rebootCacheClusterRequest = z.strictObject({
  CacheClusterId: clusterId,
  CacheNodeIdsToReboot: list(nodeId, 'node ids'),
});
export type RebootCacheClusterRequest = z.input<typeof rebootCacheClusterRequest>;

export const deleteCacheClusterRequest = z.strictObject({ CacheClusterId: clusterId });
export type DeleteCacheClusterRequest = z.input<typeof deleteCacheClusterRequest>;

export const replaceCacheNodeRequest = z.strictObject({ CacheClusterId: clusterId, CacheNodeId: nodeId });
export type ReplaceCacheNodeRequest = z.input<typeof replaceCacheNodeRequest>;

export const describePoolRequest = z.strictObject({});
export type DescribePoolRequest = z.input<typeof describePoolRequest>;

export const stopPoolRequest = z.strictObject({
  /** Whether the nodes end with the daemon; unless given, as when the daemon is told to stop by a signal. */
  StopNodes: flag.optional(),
});
export type StopPoolRequest = z.input<typeof stopPoolRequest>;
