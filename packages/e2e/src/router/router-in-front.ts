/**
 * A router of this process in front of real Shoal nodes, each a process of its own. Used by the tests of this folder and by
 * the transcripts that are played through a router.
 */
import type { ClusterNode } from '@shoal/protocol';
import { ROUTER_DEFAULTS, type Router, type RouterOptions, startRouter } from '@shoal/router';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

const NODE_TIMEOUT_MS = 60_000;

export interface RouterInFront {
  readonly router: Router;
  readonly nodes: readonly ServerProcess[];
  readonly address: { readonly host: string; readonly port: number };
  stop(): Promise<void>;
}

export function addressOf({ port }: { readonly port: number }): ClusterNode {
  return { hostname: '127.0.0.1', ip: '127.0.0.1', port };
}

export async function startRouterInFront(
  nodeCount: number,
  options: Partial<RouterOptions> = {},
  flags: readonly string[] = ['-t', '1'],
): Promise<RouterInFront> {
  const nodes = await Promise.all(
    Array.from({ length: nodeCount }, () => ServerProcess.start(shoalOnPort(Transport.EPOLL, flags))),
  );
  const router = await startRouter({
    ...ROUTER_DEFAULTS,
    listen: [{ host: '127.0.0.1', port: 0 }],
    topology: { config: { version: 1, nodes: nodes.map(addressOf) } },
    // On a busy machine a node may be a while without a core.
    nodeTimeoutMs: NODE_TIMEOUT_MS,
    ...options,
  });
  const stop = async () => {
    await router.destroy();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  return { router, nodes, address: { host: '127.0.0.1', port: router.addresses[0].port }, stop };
}
