/**
 * `shoal proxy`: the discovering client as a router on this machine, for programs whose library discovers nothing. They
 * speak to it as to one memcached; it follows the list of the cluster and sends each key to its owner.
 */
import { formatAddress, type ServerAddress, TopologyPoller } from '@shoal/client';
import { ROUTER_DEFAULTS, type Router, startRouter } from '@shoal/router';
import { readAddress, readListenAddress } from '../address.js';
import type { Command } from '../command.js';
import { CommandError } from '../command-error.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit-code.js';

interface ProxyFlags {
  endpoint: string;
  listen: string;
  interval: number;
  'dead-reads': 'error' | 'miss';
}

export const PROXY_COMMAND: Command<ProxyFlags> = {
  command: 'proxy',
  describe: 'Route for programs whose library discovers nothing',
  builder: (parser) =>
    parser
      .option('endpoint', {
        type: 'string',
        demandOption: true,
        describe: 'host:port of the configuration endpoint to follow',
      })
      .option('listen', {
        type: 'string',
        default: '127.0.0.1:11311',
        describe: 'host:port for the programs; port 0 is any',
      })
      .option('interval', { type: 'number', default: 60, describe: 'Seconds between two looks at the list' })
      .option('dead-reads', {
        choices: ['error', 'miss'] as const,
        default: ROUTER_DEFAULTS.deadReads as 'error' | 'miss',
        describe: 'What a read gets whose node cannot be reached',
      }),
  handler: async (context, flags) => {
    if (!(flags.interval >= 1)) throw new CommandError('BAD_OPTIONS', ['--interval: at least 1 second is wanted']);
    const endpoint = readAddress(flags.endpoint, '--endpoint');
    const listen = readListenAddress(flags.listen, '--listen');
    const poller = new TopologyPoller([endpoint], { intervalMs: flags.interval * 1000 });
    const router = await openRouter(poller, { listen, deadReads: flags['dead-reads'] });
    return runUntilStopped(context, router, poller);
  },
};

/** Asks for the list as soon as a node fails, and not only when the next look is due. */
async function openRouter(
  poller: TopologyPoller,
  { listen, deadReads }: { listen: ServerAddress; deadReads: 'error' | 'miss' },
): Promise<Router> {
  const onNodeFailure = () => void poller.pollNow();
  try {
    return await startRouter({ ...ROUTER_DEFAULTS, listen: [listen], topology: null, deadReads, onNodeFailure });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandError('UNREACHABLE', [`Cannot start the proxy: ${error.message}`]);
  }
}

async function runUntilStopped(context: CommandContext, router: Router, poller: TopologyPoller): Promise<number> {
  let lastProblem = '';
  poller.onTopology((config) => {
    lastProblem = '';
    router.apply({ config });
    const nodes = config.nodes.map(({ hostname, port }) => formatAddress({ host: hostname, port }));
    context.write(`Version ${config.version}: ${nodes.join(' ')}\n`);
  });
  poller.onError((error) => {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== lastProblem) context.writeError(`${problem}\n`);
    lastProblem = problem;
  });
  poller.start();
  for (const address of router.addresses) context.write(`Routing on ${formatAddress(address)}; Ctrl-C stops it\n`);
  await context.untilStopped();
  poller.stop();
  await router.close();
  return ExitCode.OK;
}
