/**
 * `shoal config get`: what discovery says at an address, of Shoal or of anyone: a configuration endpoint, a node,
 * ElastiCache itself. Asks once, as a client does.
 */
import { DiscoveryError, fetchClusterConfig, formatAddress } from '@shoal/client';
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';
import { readAddress } from '../address.js';
import type { Command, CommandGroup } from '../command.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { table } from '../table.js';

interface ConfigGetFlags {
  endpoint: string;
  json: boolean;
  timeout: number;
}

const CONFIG_GET: Command<ConfigGetFlags> = {
  command: 'get [endpoint]',
  describe: 'What discovery says: the version and the nodes of a cluster',
  builder: (parser) =>
    parser
      .positional('endpoint', {
        type: 'string',
        default: '127.0.0.1:11211',
        describe: 'host:port of an endpoint or a node',
      })
      .option('json', { type: 'boolean', default: false, describe: 'For programs' })
      .option('timeout', { type: 'number', default: 5, describe: 'Seconds to wait for the answer' }),
  handler: async (context, { endpoint, json, timeout }) => {
    const address = readAddress(endpoint, 'endpoint');
    const config = await ask(address, timeout);
    context.write(json ? `${JSON.stringify(config, null, 2)}\n` : describeConfig(config));
    return ExitCode.OK;
  },
};

export const CONFIG_COMMANDS: CommandGroup = {
  command: 'config',
  describe: 'Ask what clients discover',
  commands: [CONFIG_GET],
};

async function ask(address: { host: string; port: number }, timeoutSeconds: number): Promise<ClusterConfig> {
  if (!(timeoutSeconds > 0))
    throw new CommandError('BAD_OPTIONS', ['--timeout: a number of seconds above 0 is wanted']);
  try {
    return await fetchClusterConfig(address, { timeoutMs: timeoutSeconds * 1000 });
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw new CommandError('UNREACHABLE', [error.message]);
  }
}

function describeConfig({ version, nodes }: ClusterConfig): string {
  const count = nodes.length === 1 ? '1 node' : `${nodes.length} nodes`;
  return `Version ${version}, ${count}\n\n${table(['HOSTNAME', 'IP', 'PORT', 'ADDRESS'], nodes.map(row))}`;
}

function row({ hostname, ip, port }: ClusterNode): string[] {
  return [hostname, ip, String(port), formatAddress({ host: hostname, port })];
}
