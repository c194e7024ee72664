/**
 * The names of the host's files in a data directory. The host makes them, the driver finds the host through them.
 */
import { join } from 'node:path';
import { dataPaths } from '../data-directory.js';
import { DriverError, DriverErrorCode } from '../drivers/driver.js';

export interface HostFiles {
  readonly folder: string;
  readonly socket: string;
  /** The identity of the host that owns the directory. */
  readonly lock: string;
  /** The identities of its nodes, for a host that comes after it. */
  readonly nodes: string;
  readonly log: string;
  readonly nodeLogs: string;
}

/** Room for a path in sockaddr_un, without its final zero; Node.js would cut a longer one without a word. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;

/** Throws a DriverError where the path of the socket would be too long. */
export function hostFilesIn(dataDir: string): HostFiles {
  const { directory: folder, hostSocket: socket, hostPidFile: lock, hostLog: log } = dataPaths(dataDir);
  const bytes = Buffer.byteLength(socket);
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    const reason = `a socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes, this one ${bytes}`;
    throw new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot use ${socket}: ${reason}`);
  }
  return { folder, socket, lock, log, nodes: join(folder, 'host.nodes'), nodeLogs: join(folder, 'logs') };
}
