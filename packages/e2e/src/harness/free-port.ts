/**
 * A port for a program that has to be told one: free when it was looked at, and not of those that the kernel hands out.
 *
 * Used where port 0 does not do: a node that advertises its port before it listens, etcd, which comes back on the same one.
 * The kernel takes the ports of connections from 32768 on (on other systems from 49152), thousands a minute while
 * transcripts are played, and one that was closed lately cannot be listened on either.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Away from where pools look for the ports of their nodes. */
const LEAST = 13_000;
const MOST = 20_000;

export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(LEAST, MOST);
    if (await isFree(host, port)) return port;
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
