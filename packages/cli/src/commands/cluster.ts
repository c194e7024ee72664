/**
 * `shoal cluster …`: makes, lists, scales, restarts and deletes the clusters of a running pool, over its unix socket.
 */
import type { CacheCluster, PoolClient } from '@shoal/pool/api-client';
import type { Argv } from 'yargs';
import { clusterTable, describeOne } from '../cluster-text.js';
import { type Command, type CommandGroup, withSeveral } from '../command.js';
import type { CommandContext } from '../context.js';
import { type DataDirectoryFlag, withDataDirectory } from '../data-directory.js';
import { ExitCode } from '../exit-code.js';
import { describeCluster, listClusters, withPool } from '../pool-connection.js';
import { readPorts } from '../ports.js';
import { type WaitFlags, waitUntilAvailable, waitUntilGone, withWait } from '../waiting.js';

interface CommonFlags extends DataDirectoryFlag {
  json: boolean;
}

interface ClusterFlags extends CommonFlags {
  cluster: string;
}

type ChangeFlags = ClusterFlags & WaitFlags;

function withCommon<Flags>(parser: Argv<Flags>): Argv<Flags & CommonFlags> {
  return withDataDirectory(parser).option('json', { type: 'boolean', default: false, describe: 'For programs' });
}

function withCluster<Flags>(parser: Argv<Flags>): Argv<Flags & ClusterFlags> {
  return withCommon(parser).positional('cluster', {
    type: 'string',
    demandOption: true,
    describe: 'Name of the cluster',
  });
}

function withChange(parser: Argv): Argv<ChangeFlags> {
  return withWait(withCluster(parser));
}

type CreateFlags = ChangeFlags & {
  nodes?: number;
  port?: number;
  memory?: number;
  threads?: number;
  'node-ports'?: string;
  drain?: number;
  'dead-reads'?: 'error' | 'miss';
  driver?: 'process' | 'docker' | 'registered';
};

const CREATE: Command<CreateFlags> = {
  command: 'create <cluster>',
  describe: 'Make a cluster',
  builder: (parser) =>
    withChange(parser)
      .option('nodes', { alias: 'n', type: 'number', describe: 'How many nodes, 1 to 40 (default: 3)' })
      .option('port', {
        alias: 'p',
        type: 'number',
        describe: 'Port of the endpoint; 0 is any free one (default: 11211)',
      })
      .option('memory', { alias: 'm', type: 'number', describe: 'Megabytes for items, each node (default: 64)' })
      .option('threads', { alias: 't', type: 'number', describe: 'Worker threads, each node' })
      .option('node-ports', { type: 'string', describe: 'Ports for the nodes: 12001,12002 or 12001-12010' })
      .option('drain', { type: 'number', describe: 'Seconds that a removed node serves on (default: 75)' })
      .option('dead-reads', { choices: ['error', 'miss'] as const, describe: 'What a read gets whose node is dead' })
      .option('driver', {
        choices: ['process', 'docker', 'registered'] as const,
        describe: 'Who runs the nodes: this machine, its Docker engine, or they come by themselves',
      }),
  handler: async (context, flags) =>
    change(context, flags, async (pool) => {
      const isRegistered = flags.driver === 'registered';
      const { CacheCluster } = await pool.createCacheCluster({
        CacheClusterId: flags.cluster,
        NumCacheNodes: flags.nodes ?? (isRegistered ? undefined : 3),
        Port: flags.port,
        MemoryMegabytes: flags.memory,
        Threads: flags.threads,
        NodePorts: flags['node-ports'] === undefined ? undefined : readPorts(flags['node-ports'], '--node-ports'),
        DrainSeconds: flags.drain,
        DeadReads: flags['dead-reads'],
        Driver: flags.driver,
      });
      return CacheCluster;
    }),
};

const LIST: Command<CommonFlags> = {
  command: 'list',
  describe: 'List the clusters of the pool',
  builder: (parser) => withCommon(parser),
  handler: async (context, flags) => {
    const clusters = await withPool(context, flags, listClusters);
    context.write(flags.json ? toJson({ CacheClusters: clusters }) : clusterTable(clusters));
    return ExitCode.OK;
  },
};

const DESCRIBE: Command<ClusterFlags> = {
  command: 'describe <cluster>',
  describe: 'Show a cluster and its nodes',
  builder: (parser) => withCluster(parser),
  handler: async (context, flags) => {
    print(context, flags, await withPool(context, flags, (pool) => describeCluster(pool, flags.cluster)));
    return ExitCode.OK;
  },
};

const SCALE: Command<ChangeFlags & { nodes: number }> = {
  command: 'scale <cluster> <nodes>',
  describe: 'Give a cluster this many nodes; those with the highest ids go first',
  builder: (parser) =>
    withChange(parser).positional('nodes', { type: 'number', demandOption: true, describe: 'How many nodes, 1 to 40' }),
  handler: async (context, flags) =>
    change(context, flags, async (pool) => {
      const request = { CacheClusterId: flags.cluster, NumCacheNodes: flags.nodes };
      return (await pool.modifyCacheCluster(request)).CacheCluster;
    }),
};

const REMOVE_NODES: Command<ChangeFlags & { nodes: string[] }> = {
  command: 'remove-nodes <cluster> <nodes..>',
  describe: 'Remove these nodes: they leave the list, serve on for the drain, then stop',
  builder: (parser) => withNodes(withSeveral(withChange(parser))),
  handler: async (context, flags) =>
    change(context, flags, async (pool) => {
      const before = await describeCluster(pool, flags.cluster);
      const target = before.PendingModifiedValues.NumCacheNodes ?? before.NumCacheNodes;
      const request = {
        CacheClusterId: flags.cluster,
        NumCacheNodes: target - flags.nodes.length,
        CacheNodeIdsToRemove: flags.nodes,
      };
      return (await pool.modifyCacheCluster(request)).CacheCluster;
    }),
};

const REBOOT: Command<ChangeFlags & { nodes?: string[] }> = {
  command: 'reboot <cluster> [nodes..]',
  describe: 'Restart nodes one after the other, all unless named; what they hold is lost',
  builder: (parser) =>
    withSeveral(withChange(parser)).positional('nodes', {
      type: 'string',
      array: true,
      describe: 'Ids such as 0001 0002',
    }),
  handler: async (context, flags) =>
    change(context, flags, async (pool) => {
      const named = flags.nodes ?? [];
      const ids = named.length > 0 ? named : await allNodes(pool, flags.cluster);
      const request = { CacheClusterId: flags.cluster, CacheNodeIdsToReboot: ids };
      return (await pool.rebootCacheCluster(request)).CacheCluster;
    }),
};

const DELETE: Command<ChangeFlags> = {
  command: 'delete <cluster>',
  describe: 'Delete a cluster with all that its nodes hold',
  builder: (parser) => withChange(parser),
  handler: async (context, flags) => {
    await withPool(context, flags, async (pool) => {
      const { CacheCluster } = await pool.deleteCacheCluster({ CacheClusterId: flags.cluster });
      if (!flags.wait) return print(context, flags, CacheCluster);
      await waitUntilGone(context, pool, { id: flags.cluster, timeout: flags.timeout });
      if (!flags.json) context.write(`${flags.cluster} is deleted\n`);
    });
    return ExitCode.OK;
  },
};

export const CLUSTER_COMMANDS: CommandGroup = {
  command: 'cluster',
  describe: 'Make, list, scale, restart and delete clusters',
  commands: [CREATE, LIST, DESCRIBE, SCALE, REMOVE_NODES, REBOOT, DELETE],
};

function withNodes<Flags>(parser: Argv<Flags>): Argv<Flags & { nodes: string[] }> {
  const nodes = { type: 'string', array: true, demandOption: true, describe: 'Ids such as 0001 0002' } as const;
  return parser.positional('nodes', nodes) as Argv<Flags & { nodes: string[] }>;
}

async function change(
  context: CommandContext,
  flags: ChangeFlags,
  request: (pool: PoolClient) => Promise<CacheCluster>,
): Promise<number> {
  const cluster = await withPool(context, flags, async (pool) => {
    const begun = await request(pool);
    if (!flags.wait) return describeCluster(pool, begun.CacheClusterId);
    return waitUntilAvailable(context, pool, { id: begun.CacheClusterId, timeout: flags.timeout });
  });
  print(context, flags, cluster);
  return ExitCode.OK;
}

function print(context: CommandContext, { json }: CommonFlags, cluster: CacheCluster): void {
  context.write(json ? toJson({ CacheCluster: cluster }) : describeOne(cluster));
}

function toJson(result: object): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

async function allNodes(pool: PoolClient, id: string): Promise<string[]> {
  const { CacheNodes = [] } = await describeCluster(pool, id);
  const listed = CacheNodes.filter(({ Endpoint }) => Endpoint !== undefined);
  return listed.map(({ CacheNodeId }) => CacheNodeId);
}
