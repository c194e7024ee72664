/**
 * `shoal pool`: the daemon for any number of clusters, until SIGTERM or Ctrl-C. `shoal cluster` and `shoal node` speak to it.
 */
import { readAddress } from '../address.js';
import { type Command, withSeveral } from '../command.js';
import { CommandError } from '../command-error.js';
import { type DataDirectoryFlag, dataDirectory, withDataDirectory } from '../data-directory.js';

const DRIVERS = ['process', 'docker', 'registered'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

interface PoolFlags extends DataDirectoryFlag {
  registry: string;
  listen: string;
  'advertised-host'?: string;
  driver?: (typeof DRIVERS)[number];
  cluster?: string[];
  port: number;
  drain: number;
  'dead-reads': 'error' | 'miss';
  registration?: string;
  'on-stop': 'keep' | 'stop';
  'set-aside-registry': boolean;
  'docker-image': string;
  'docker-network'?: string;
  'docker-socket'?: string;
  'log-level': (typeof LOG_LEVELS)[number];
}

export const POOL_COMMAND: Command<PoolFlags> = {
  command: 'pool',
  describe: 'Run the daemon for any number of clusters',
  builder: (parser) =>
    withSeveral(withDataDirectory(parser))
      .option('registry', {
        type: 'string',
        default: 'embedded',
        describe: 'Where clusters are kept: embedded (a file), or etcd://host:port,host:port/prefix',
      })
      .option('listen', {
        type: 'string',
        default: '127.0.0.1',
        describe: 'Address that endpoints and nodes listen on',
      })
      .option('advertised-host', {
        type: 'string',
        describe: 'Name or address under which clients reach it (default: --listen)',
      })
      .option('driver', {
        choices: DRIVERS,
        describe: 'Who runs the nodes of a cluster that does not say (default: process)',
      })
      .option('docker-image', {
        type: 'string',
        default: 'shoal:local',
        describe: 'Image of the nodes that the driver docker starts',
      })
      .option('docker-network', {
        type: 'string',
        describe:
          'Network of the engine whose names and addresses lists show (default: publish the ports of nodes here)',
      })
      .option('docker-socket', {
        type: 'string',
        describe: "The engine's socket (default: as DOCKER_HOST says, else /var/run/docker.sock)",
      })
      .option('cluster', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Make this cluster of nodes that register themselves, unless it exists',
      })
      .option('port', {
        alias: 'p',
        type: 'number',
        default: 11211,
        describe: 'Endpoint of the first --cluster; the next ones follow',
      })
      .option('drain', { type: 'number', default: 75, describe: 'Seconds that a removed node serves on' })
      .option('dead-reads', {
        choices: ['error', 'miss'] as const,
        default: 'error' as const,
        describe: 'What a read gets whose node is dead',
      })
      .option('registration', {
        type: 'string',
        describe: 'host:port where nodes register; away from loopback they need SHOAL_POOL_TOKEN',
      })
      .option('on-stop', {
        choices: ['keep', 'stop'] as const,
        default: 'keep' as const,
        describe: 'At the end of the daemon its nodes serve on, or stop',
      })
      .option('set-aside-registry', {
        type: 'boolean',
        default: false,
        describe: 'Rename a registry file that cannot be read, and start with no clusters',
      })
      .option('log-level', { choices: LOG_LEVELS, default: 'info' as const, describe: 'Least level that is logged' }),
  handler: async (context, flags) => {
    if (!(flags.drain >= 0))
      throw new CommandError('BAD_OPTIONS', ['--drain: a number of seconds from 0 on is wanted']);
    const pool = await context.loadPool();
    return pool.run({
      dataDirectory: dataDirectory(context, flags),
      registry: flags.registry,
      listenHost: flags.listen,
      advertisedHost: flags['advertised-host'],
      driver: flags.driver,
      docker: {
        image: flags['docker-image'],
        network: flags['docker-network'] ?? null,
        socketPath: flags['docker-socket'],
      },
      drainMs: flags.drain * 1000,
      deadReads: flags['dead-reads'],
      registration: flags.registration === undefined ? null : readAddress(flags.registration, '--registration'),
      token: context.environment.SHOAL_POOL_TOKEN ?? null,
      clusters: (flags.cluster ?? []).map((id, index) => ({
        id,
        nodeCount: 0,
        driver: 'registered',
        port: flags.port + index,
      })),
      onStop: flags['on-stop'],
      setAsideRegistry: flags['set-aside-registry'],
      logLevel: flags['log-level'],
    });
  },
};
