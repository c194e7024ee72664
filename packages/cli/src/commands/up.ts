/**
 * `shoal up`: a pool with one cluster in this very process, for as long as the terminal is open. What the first command of
 * the README runs. The cluster outlives a kill -9: the next `shoal up` finds its nodes and goes on with them.
 */
import { availableParallelism } from 'node:os';
import { formatAddress } from '@shoal/client';
import type { CacheCluster, CacheNode, PoolClient } from '@shoal/pool/api-client';
import { endpointOf } from '../cluster-text.js';
import type { Command } from '../command.js';
import type { CommandContext } from '../context.js';
import { type DataDirectoryFlag, dataDirectory, withDataDirectory } from '../data-directory.js';
import { ExitCode } from '../exit-code.js';
import { describeIfAny, withPoolAt } from '../pool-connection.js';
import { readPorts } from '../ports.js';
import { properties, table } from '../table.js';
import { waitUntilAvailable, waitUntilGone } from '../waiting.js';

interface UpFlags extends DataDirectoryFlag {
  port: number;
  nodes: number;
  memory: number;
  threads?: number;
  name: string;
  'node-ports'?: string;
  listen: string;
  drain?: number;
  timeout: number;
}

export const UP_COMMAND: Command<UpFlags> = {
  command: 'up',
  describe: 'Run a cluster on this machine until Ctrl-C',
  builder: (parser) =>
    withDataDirectory(parser)
      .option('port', { alias: 'p', type: 'number', default: 11211, describe: 'Port of the endpoint' })
      .option('nodes', { alias: 'n', type: 'number', default: 3, describe: 'How many nodes, 1 to 40' })
      .option('memory', { alias: 'm', type: 'number', default: 64, describe: 'Megabytes for items, each node' })
      .option('threads', {
        alias: 't',
        type: 'number',
        describe: 'Worker threads, each node (default: the cores of this machine shared out, at least 1)',
      })
      .option('name', { type: 'string', default: 'dev', describe: 'Name of the cluster' })
      .option('node-ports', {
        type: 'string',
        describe: 'Ports for the nodes, 12001,12002 or 12001-12010 (default: those after the endpoint)',
      })
      .option('listen', { type: 'string', default: '127.0.0.1', describe: 'Address for the endpoint and the nodes' })
      .option('drain', { type: 'number', describe: 'Seconds that a removed node serves on (default: 75)' })
      .option('timeout', {
        type: 'number',
        default: 120,
        describe: 'Give up when the nodes do not serve after this many seconds',
      }),
  handler: up,
};

async function up(context: CommandContext, flags: UpFlags): Promise<number> {
  const asked = context.untilStopped();
  const entry = await context.loadPool();
  const pool = await entry.start({
    dataDirectory: dataDirectory(context, flags),
    listenHost: flags.listen,
    logLevel: 'warn',
  });
  const ended = Promise.race([asked, pool.stopped]).then(() => null);
  try {
    const serving = withPoolAt(pool.socketPath, (client) => bringUp(context, client, flags));
    serving.catch(() => {}); // told below, unless Ctrl-C came first
    const cluster = await Promise.race([serving, ended]);
    if (cluster !== null) context.write(summary(cluster));
    await ended;
    context.write('\nStopping…\n');
  } finally {
    await pool.shutDown();
  }
  return ExitCode.OK;
}

/** Goes on with the cluster of an earlier run if it is what was asked for, else makes it anew: nothing in it is of worth. */
async function bringUp(context: CommandContext, pool: PoolClient, flags: UpFlags): Promise<CacheCluster> {
  const waiting = { id: flags.name, timeout: flags.timeout };
  const existing = await describeIfAny(pool, flags.name);
  if (existing !== null && !isAsAsked(existing, flags)) {
    context.writeError(`${flags.name} is made anew, with other settings than it had\n`);
    await pool.deleteCacheCluster({ CacheClusterId: flags.name });
    await waitUntilGone(context, pool, waiting);
    await pool.createCacheCluster(newCluster(flags));
  } else if (existing === null) {
    await pool.createCacheCluster(newCluster(flags));
  } else if (existing.NumCacheNodes !== flags.nodes) {
    await pool.modifyCacheCluster({ CacheClusterId: flags.name, NumCacheNodes: flags.nodes });
  }
  return waitUntilAvailable(context, pool, waiting);
}

function isAsAsked({ ConfigurationEndpoint, Shoal }: CacheCluster, flags: UpFlags): boolean {
  return (
    ConfigurationEndpoint.Port === flags.port &&
    ConfigurationEndpoint.Address === flags.listen &&
    Shoal.MemoryMegabytes === flags.memory &&
    Shoal.Threads === threadsOf(flags) &&
    flags['node-ports'] === undefined
  );
}

function newCluster(flags: UpFlags) {
  const ports = flags['node-ports'];
  return {
    CacheClusterId: flags.name,
    NumCacheNodes: flags.nodes,
    Port: flags.port,
    MemoryMegabytes: flags.memory,
    Threads: threadsOf(flags),
    NodePorts: ports === undefined ? undefined : readPorts(ports, '--node-ports'),
    DrainSeconds: flags.drain,
  };
}

function threadsOf({ threads, nodes }: UpFlags): number {
  return threads ?? Math.max(1, Math.floor(availableParallelism() / nodes));
}

function summary(cluster: CacheCluster): string {
  const endpoint = endpointOf(cluster);
  const { Address, Port } = cluster.ConfigurationEndpoint;
  const nodes = cluster.CacheNodes ?? [];
  const count = nodes.length === 1 ? 'one node' : `${nodes.length} nodes`;
  return `${cluster.CacheClusterId} is up: ${count} behind one endpoint

${table(['', 'ADDRESS', 'MEMORY', 'THREADS'], [['endpoint', endpoint, '', ''], ...nodes.map((node) => nodeRow(node, cluster))])}
${properties([
  ['by hand', `telnet ${Address} ${Port}`],
  ['memjs', `memjs.Client.create('${endpoint}')`],
  ['with discovery', `new Client('${endpoint}') of @shoal/client, or any ElastiCache client`],
  ['more nodes', `npx shoal cluster scale ${cluster.CacheClusterId} ${nodes.length + 2}`],
])}
Ctrl-C stops everything.
`;
}

function nodeRow({ CacheNodeId, Shoal: { Location } }: CacheNode, { Shoal }: CacheCluster): string[] {
  const address = formatAddress({ host: Location.Hostname, port: Location.Port });
  return [`node ${CacheNodeId}`, address, `${Shoal.MemoryMegabytes} MB`, String(Shoal.Threads)];
}
