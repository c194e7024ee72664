/**
 * Entry of a node's process: a worker of node:cluster that the host forks. Asks the host what to be, then is a server
 * until it is told to stop, and ends with the server's exit code.
 *
 * It never outlives its host. The channel to the host closes with the host, however that died, and then this process kills
 * itself: what a node holds is expendable, while an orderly exit would wait for worker threads that block in the kernel.
 */
import cluster from 'node:cluster';
import type { ServerOptions } from '@shoal/server';
import { runServer } from '@shoal/server/main';
import type { NodeLaunch } from '../drivers/driver.js';
import { parseLaunch } from './host-protocol.js';

const BYTES_PER_MEGABYTE = 1_048_576;

function endWithHost(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Over the channel and not in argv or the environment, which others can read: it holds the secret. */
function askForLaunch(): Promise<NodeLaunch> {
  return new Promise((resolve) => {
    process.once('message', (message) => resolve(parseLaunch(message)));
    process.send?.({ kind: 'launch-wanted' });
  });
}

function serverOptions({ host, port, memoryMegabytes, threads, secret }: NodeLaunch): ServerOptions {
  return {
    listen: [host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`],
    port,
    memoryLimitBytes: memoryMegabytes * BYTES_PER_MEGABYTE,
    threads,
    clusterSecret: secret,
    // Whoever runs the pool has decided about the user: that of the pool.
    user: process.getuid?.() === 0 ? 'root' : null,
  };
}

if (cluster.worker === undefined) throw new Error('Cannot serve: node-process.ts is forked by the host');
cluster.worker.on('disconnect', endWithHost);
const launch = await askForLaunch();
process.title = `shoal node ${launch.clusterId}/${launch.nodeId} ${launch.host}:${launch.port}`;
process.exit(await runServer(serverOptions(launch)));
