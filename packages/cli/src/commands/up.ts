/**
 * `shoal up`: a pool with one cluster in this very process, for as long as the terminal is open. What the first command of
 * the README runs, and gone with Ctrl-C. It outlives a kill -9: the next `shoal up` finds its nodes and goes on with them.
 */
import { availableParallelism } from 'node:os';
import { formatAddress } from '@shoal/client';
import { type CacheCluster, type CacheNode, PoolApiError, PoolClient } from '@shoal/pool/api-client';
import { endpointOf } from '../cluster-text.js';
import type { Command } from '../command.js';
import { CommandError } from '../command-error.js';
import type { CommandContext } from '../context.js';
import { type DataDirectoryFlag, dataDirectory, withDataDirectory } from '../data-directory.js';
import { ExitCode } from '../exit-code.js';
import { describeIfAny, listClusters, withPoolAt } from '../pool-connection.js';
import { readPorts } from '../ports.js';
import { properties, table } from '../table.js';
import { waitUntilAvailable, waitUntilGone } from '../waiting.js';

const NODES_MAX = 40;
/** Nodes have a few seconds to finish what is in flight. */
const FORGET_SECONDS_MAX = 20;

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
  if (!(Number.isInteger(flags.nodes) && flags.nodes >= 1 && flags.nodes <= NODES_MAX)) {
    throw new CommandError('BAD_OPTIONS', [`--nodes: a whole number from 1 to ${NODES_MAX} is wanted`]);
  }
  const asked = context.untilStopped();
  const entry = await context.loadPool();
  const directory = dataDirectory(context, flags);
  const pool = await entry.start({ dataDirectory: directory, listenHost: flags.listen, logLevel: 'warn' });
  const ended = Promise.race([asked, pool.stopped]).then(() => null);
  try {
    await withPoolAt(pool.socketPath, (client) => refuseOtherClusters(client, flags.name, directory));
  } catch (error) {
    await pool.close();
    throw error;
  }
  try {
    const serving = withPoolAt(pool.socketPath, (client) => bringUp(context, client, flags));
    serving.catch(() => {}); // told below, unless Ctrl-C came first
    const cluster = await Promise.race([serving, ended]);
    if (cluster !== null) context.write(summary(cluster, flags));
    await ended;
    context.write('\nStopping…\n');
    await forget(context, pool.socketPath, flags.name);
  } finally {
    await pool.shutDown();
  }
  return ExitCode.OK;
}

/** They belong to a `shoal pool` whose nodes would end with this command. Who refuses lets them serve on. */
async function refuseOtherClusters(pool: PoolClient, name: string, directory: string): Promise<void> {
  const others = (await listClusters(pool)).filter(({ CacheClusterId }) => CacheClusterId !== name.toLowerCase());
  if (others.length === 0) return;
  const names = others.map(({ CacheClusterId }) => CacheClusterId).join(', ');
  throw new CommandError('NOT_NOW', [
    `Cannot run ${name} in ${directory}: a pool keeps other clusters there (${names}); choose another --data-dir`,
  ]);
}

/**
 * A cluster of an earlier run that was killed is gone on with if it is what was asked for, else made anew. Creation is
 * tried first: so what is wrong with the flags is told before anything is deleted.
 */
async function bringUp(context: CommandContext, pool: PoolClient, flags: UpFlags): Promise<CacheCluster> {
  const waiting = { id: flags.name, timeout: flags.timeout };
  if (await createUnlessThere(pool, flags)) return waitUntilAvailable(context, pool, waiting);
  const existing = await describeIfAny(pool, flags.name);
  if (existing === null || existing.CacheClusterStatus === 'deleting') {
    await waitUntilGone(context, pool, waiting);
    await pool.createCacheCluster(newCluster(flags));
  } else if (!isAsAsked(existing, flags)) {
    context.writeError(`${flags.name} is made anew, with other settings than it had\n`);
    await pool.deleteCacheCluster({ CacheClusterId: flags.name });
    await waitUntilGone(context, pool, waiting);
    await pool.createCacheCluster(newCluster(flags));
  } else if (existing.NumCacheNodes !== flags.nodes) {
    await pool.modifyCacheCluster({ CacheClusterId: flags.name, NumCacheNodes: flags.nodes });
  }
  return waitUntilAvailable(context, pool, waiting);
}

/** False: a cluster of this name is there already. */
async function createUnlessThere(pool: PoolClient, flags: UpFlags): Promise<boolean> {
  try {
    await pool.createCacheCluster(newCluster(flags));
    return true;
  } catch (error) {
    if (error instanceof PoolApiError && error.code === 'CacheClusterAlreadyExists') return false;
    throw error;
  }
}

/** The next `up` begins afresh. A cluster that cannot be deleted now is found again by it: nothing is lost. */
async function forget(context: CommandContext, socketPath: string, id: string): Promise<void> {
  const pool = new PoolClient(socketPath);
  try {
    await pool.deleteCacheCluster({ CacheClusterId: id });
    await waitUntilGone({ ...context, writeError: () => {} }, pool, { id, timeout: FORGET_SECONDS_MAX });
  } catch (error) {
    if (!(error instanceof PoolApiError) && !(error instanceof CommandError)) throw error;
  }
}

function isAsAsked({ CacheNodes = [], ConfigurationEndpoint, Shoal }: CacheCluster, flags: UpFlags): boolean {
  const ports = nodePorts(flags);
  return (
    (flags.port === 0 || ConfigurationEndpoint.Port === flags.port) &&
    ConfigurationEndpoint.Address === flags.listen &&
    Shoal.MemoryMegabytes === flags.memory &&
    (flags.threads === undefined || Shoal.Threads === flags.threads) &&
    (flags.drain === undefined || Shoal.DrainSeconds === flags.drain) &&
    (ports === undefined || CacheNodes.every((node, index) => node.Shoal.Location.Port === ports[index]))
  );
}

function newCluster(flags: UpFlags) {
  return {
    CacheClusterId: flags.name,
    NumCacheNodes: flags.nodes,
    Port: flags.port,
    MemoryMegabytes: flags.memory,
    Threads: flags.threads ?? Math.max(1, Math.floor(availableParallelism() / flags.nodes)),
    NodePorts: nodePorts(flags),
    DrainSeconds: flags.drain,
  };
}

function nodePorts(flags: UpFlags): number[] | undefined {
  const ports = flags['node-ports'];
  return ports === undefined ? undefined : readPorts(ports, '--node-ports');
}

function summary(cluster: CacheCluster, flags: UpFlags): string {
  const where = flags['data-dir'] === undefined ? '' : ` --data-dir ${flags['data-dir']}`;
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
  ['more nodes', `npx shoal cluster scale ${cluster.CacheClusterId} ${nodes.length + 2}${where}`],
])}
Ctrl-C stops everything.
`;
}

function nodeRow({ CacheNodeId, Shoal: { Location } }: CacheNode, { Shoal }: CacheCluster): string[] {
  const address = formatAddress({ host: Location.Hostname, port: Location.Port });
  return [`node ${CacheNodeId}`, address, `${Shoal.MemoryMegabytes} MB`, String(Shoal.Threads)];
}
