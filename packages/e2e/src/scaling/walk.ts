/**
 * Takes a cluster of a real pool from size to size under load, and measures after each step which keys moved.
 *
 * Called by main.ts. A removed node serves on for the drain, which is longer than every client here takes to look at the list:
 * so no request may fail. What must be true is in `problemsOf`; 25 nodes are the exception that docs/decisions/0021-ring.md explains.
 */
import type { CacheCluster } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';
import { PoolProcess } from '../pool/pool-process.js';
import { KeyMap } from './key-map.js';
import { type Counts, Load } from './load.js';

export interface WalkOptions {
  readonly sizes: readonly number[];
  readonly keyCount: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface Step {
  readonly from: number;
  readonly to: number;
  readonly moved: number;
  readonly lost: number;
  readonly stayed: number;
  readonly misplaced: number;
  readonly failed: number;
  /** What moved, by what has to move: 1 is ideal. */
  readonly ratio: number;
  /** libmemcached gives a node fewer points at one of both sizes. */
  readonly isUneven: boolean;
  readonly tookMs: number;
}

export interface Walk {
  readonly steps: readonly Step[];
  readonly counts: Readonly<Record<string, Counts>>;
  /** Lists that the discovering client from npm went by. */
  readonly listsFollowed: number;
}

const CLUSTER = 'walk';
const DRAIN_SECONDS = 4;
const SETTLED_MS_MAX = 120_000;
const FOLLOWED_MS_MAX = 60_000;
/** Of the sizes up to 40. */
const UNEVEN_SIZE = 25;
const STEP_DEVIATION_MAX = 0.35;
const MEAN_DEVIATION_MAX = 0.1;

export async function walk(options: WalkOptions): Promise<Walk> {
  const pool = new PoolProcess();
  try {
    await pool.start({ logLevel: 'warn' });
    await pool.client.createCacheCluster({
      CacheClusterId: CLUSTER,
      NumCacheNodes: options.sizes[0],
      Port: 0,
      MemoryMegabytes: 8,
      Threads: 1,
      DrainSeconds: DRAIN_SECONDS,
    });
    return await walkWith(pool, await settled(pool, options.sizes[0]), options);
  } finally {
    await pool.remove();
  }
}

async function walkWith(pool: PoolProcess, first: CacheCluster, { sizes, keyCount, seed, say }: WalkOptions) {
  const endpoint = `127.0.0.1:${first.ConfigurationEndpoint.Port}`;
  const names = Array.from({ length: keyCount }, (_, index) => `walk:${seed}:${index}`);
  const keys = new KeyMap(endpoint, names, portsOf(first));
  const load = new Load(endpoint);
  try {
    await keys.fill();
    await followed(load, sizes[0]);
    const steps: Step[] = [];
    for (const [index, to] of sizes.slice(1).entries()) {
      const step = await take(pool, { from: sizes[index], to, keys, load, keyCount });
      say(lineOf(step));
      steps.push(step);
    }
    const counts = await load.counts();
    return { steps, counts, listsFollowed: counts.discovering.lists };
  } finally {
    await load.close();
    await keys.close();
  }
}

interface Taking {
  readonly from: number;
  readonly to: number;
  readonly keys: KeyMap;
  readonly load: Load;
  readonly keyCount: number;
}

async function take(pool: PoolProcess, { from, to, keys, load, keyCount }: Taking): Promise<Step> {
  const failedBefore = await failedOf(load);
  const sinceMs = performance.now();
  await pool.client.modifyCacheCluster({ CacheClusterId: CLUSTER, NumCacheNodes: to });
  const cluster = await settled(pool, to);
  const tookMs = performance.now() - sinceMs;
  const moves = await keys.follow(cluster.Shoal.Version, portsOf(cluster));
  const misplaced = await keys.misplaced();
  await followed(load, to);
  const failed = (await failedOf(load)) - failedBefore;
  const ratio = moves.moved / keyCount / (Math.abs(to - from) / Math.max(to, from));
  const isUneven = from === UNEVEN_SIZE || to === UNEVEN_SIZE;
  return { from, to, ...moves, misplaced, failed, ratio, isUneven, tookMs };
}

async function settled(pool: PoolProcess, nodeCount: number): Promise<CacheCluster> {
  let cluster = await pool.describe(CLUSTER);
  await eventually(
    `the cluster to have ${nodeCount} nodes that agree`,
    async () => {
      cluster = await pool.describe(CLUSTER);
      const { CacheClusterStatus, CacheNodes = [], Shoal } = cluster;
      const isAgreed = CacheNodes.every((node) => node.Shoal.ConfigVersion === Shoal.Version);
      return CacheClusterStatus === 'available' && CacheNodes.length === nodeCount && isAgreed;
    },
    SETTLED_MS_MAX,
  );
  return cluster;
}

/** The discovering client from npm has the list as well. */
async function followed(load: Load, nodeCount: number): Promise<void> {
  await eventually(
    `memcached-elasticache to know ${nodeCount} nodes`,
    async () => (await load.counts()).discovering.nodes.length === nodeCount,
    FOLLOWED_MS_MAX,
  );
}

async function failedOf(load: Load): Promise<number> {
  return Object.values(await load.counts()).reduce((sum, { failed }) => sum + failed, 0);
}

function portsOf({ CacheNodes = [] }: CacheCluster): number[] {
  return CacheNodes.map(({ Endpoint }) => Endpoint?.Port ?? 0);
}

export function lineOf(step: Step): string {
  const { from, to, moved, lost, stayed, misplaced, failed, ratio, isUneven, tookMs } = step;
  const words = [
    `${String(from).padStart(3)} → ${String(to).padEnd(3)}`,
    `${String(moved).padStart(6)} keys moved, ${ratio.toFixed(2)} of the ideal`,
    `${failed} requests failed`,
    `${(tookMs / 1000).toFixed(1)} s`,
  ];
  if (lost + stayed + misplaced > 0) words.push(`${lost} lost, ${stayed} not moved, ${misplaced} misplaced`);
  if (isUneven) words.push(`${UNEVEN_SIZE} nodes have 156 points each`);
  return words.join(', ');
}

export function meanRatio(steps: readonly Step[]): number {
  return steps.reduce((sum, { ratio }) => sum + ratio, 0) / steps.length;
}

/** Everything that is not as it must be; nothing if all is. */
export function problemsOf({ steps, counts }: Walk): readonly string[] {
  const problems = steps.flatMap((step) => problemsOfStep(step));
  const mean = meanRatio(steps);
  if (Math.abs(mean - 1) > MEAN_DEVIATION_MAX) problems.push(`on average ${mean.toFixed(3)} of the ideal moved`);
  for (const [name, { failed, failures, requests }] of Object.entries(counts)) {
    if (failed > 0)
      problems.push(`${failed} of ${requests} requests of the ${name} client failed: ${failures.join('; ')}`);
    if (requests === 0) problems.push(`the ${name} client did nothing`);
  }
  return problems;
}

function problemsOfStep(step: Step): string[] {
  const { ratio, isUneven, lost, stayed, misplaced } = step;
  const isWrong = lost > 0 || stayed > 0 || misplaced > 0 || (!isUneven && Math.abs(ratio - 1) > STEP_DEVIATION_MAX);
  return isWrong ? [lineOf(step)] : [];
}
