/**
 * Which ports are free on an address of this machine, found out by listening there for a moment.
 *
 * Called when a cluster or a node is created. Nobody reserves a port by looking at it: a driver may still answer
 * PORT_IN_USE when the node starts.
 */
import { createServer } from 'node:net';
import { PoolError, PoolErrorCode } from './api/errors.js';
import { PORT_MAX } from './limits.js';

export interface PortSearch {
  readonly host: string;
  /** The search begins with the next one. */
  readonly above: number;
  readonly count: number;
  /** Not to be considered: promised to others. */
  readonly taken: ReadonlySet<number>;
}

/** Rejects with a PoolError where nobody could listen on any port of this address. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(false);
      else reject(new PoolError(PoolErrorCode.INVALID_VALUE, `Cannot listen on ${host}: ${message}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** The lowest ones, in order. Rejects with a PoolError when there are too few. */
export async function nextFreePorts({ host, above, count, taken }: PortSearch): Promise<readonly number[]> {
  const found: number[] = [];
  for (let port = above + 1; port <= PORT_MAX && found.length < count; port++) {
    if (!taken.has(port) && (await isPortFree(host, port))) found.push(port);
  }
  if (found.length === count) return found;
  const reason = `only ${found.length} of ${count} are free`;
  throw new PoolError(PoolErrorCode.INSUFFICIENT_CAPACITY, `Cannot find ports above ${above} on ${host}: ${reason}`);
}
