/**
 * `shoal node …`: the nodes of a cluster, and the replacement of one.
 */
import { describeOne, nodeTable } from '../cluster-text.js';
import type { Command, CommandGroup } from '../command.js';
import { type DataDirectoryFlag, withDataDirectory } from '../data-directory.js';
import { ExitCode } from '../exit-code.js';
import { describeCluster, listClusters, withPool } from '../pool-connection.js';
import { type WaitFlags, waitUntilAvailable, withWait } from '../waiting.js';

interface ListFlags extends DataDirectoryFlag {
  cluster?: string;
  json: boolean;
}

const LIST: Command<ListFlags> = {
  command: 'list [cluster]',
  describe: 'List the nodes of a cluster, or of all',
  builder: (parser) =>
    withDataDirectory(parser)
      .positional('cluster', { type: 'string', describe: 'Name of the cluster' })
      .option('json', { type: 'boolean', default: false, describe: 'For programs' }),
  handler: async (context, flags) => {
    const { cluster } = flags;
    const clusters = await withPool(context, flags, async (pool) =>
      cluster === undefined ? listClusters(pool) : [await describeCluster(pool, cluster)],
    );
    if (flags.json) {
      const nodes = clusters.map(({ CacheClusterId, CacheNodes = [] }) => ({ CacheClusterId, CacheNodes }));
      context.write(`${JSON.stringify(nodes, null, 2)}\n`);
    } else {
      const tables = clusters.map(
        (each) => (cluster === undefined ? `${each.CacheClusterId}\n` : '') + nodeTable(each),
      );
      context.write(tables.join('\n'));
    }
    return ExitCode.OK;
  },
};

type ReplaceFlags = DataDirectoryFlag & WaitFlags & { cluster: string; node: string; json: boolean };

const REPLACE: Command<ReplaceFlags> = {
  command: 'replace <cluster> <node>',
  describe: 'Replace a node by a new, empty one with the same id, address and place',
  builder: (parser) =>
    withWait(withDataDirectory(parser))
      .positional('cluster', { type: 'string', demandOption: true, describe: 'Name of the cluster' })
      .positional('node', { type: 'string', demandOption: true, describe: 'Id of the node, such as 0002' })
      .option('json', { type: 'boolean', default: false, describe: 'For programs' }),
  handler: async (context, flags) => {
    const cluster = await withPool(context, flags, async (pool) => {
      await pool.replaceCacheNode({ CacheClusterId: flags.cluster, CacheNodeId: flags.node });
      if (!flags.wait) return describeCluster(pool, flags.cluster);
      return waitUntilAvailable(context, pool, { id: flags.cluster, timeout: flags.timeout });
    });
    context.write(flags.json ? `${JSON.stringify({ CacheCluster: cluster }, null, 2)}\n` : describeOne(cluster));
    return ExitCode.OK;
  },
};

export const NODE_COMMANDS: CommandGroup = {
  command: 'node',
  describe: 'List and replace nodes',
  commands: [LIST, REPLACE],
};
