/**
 * The daemon's own API: POST /actions/<Action> with the parameters as JSON, over a unix socket that only its user may open.
 *
 * Opened by the daemon once it holds its data directory, closed last but one. A socket file that a dead daemon left is
 * replaced; one that somebody answers on is not.
 */
import { access, chmod, lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import type { ActionContext } from './actions/action.js';
import { runAction } from './actions/catalogue.js';
import { PoolErrorCode } from './errors.js';
import { HttpFailure } from './http-failure.js';
import { JsonServer, type JsonServerLimits } from './json-server.js';
import { ListenError, ListenErrorCode, listenErrorOf } from './listen-error.js';

const PREFIX = '/actions/';
const OWNER_ONLY = 0o600;
/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, with a zero at the end. */
const SOCKET_PATH_BYTES_MAX = 103;
const PROBE_TIMEOUT_MS = 2_000;
const CLOSE_GRACE_MS = 3_000;

const LIMITS: JsonServerLimits = {
  bodyBytesMax: 64 * 1024,
  maxConnections: 256,
  maxRequests: 64,
  receiveTimeoutMs: 10_000,
  answerTimeoutMs: 25_000,
};

export interface ApiOptions extends ActionContext {
  readonly socketPath: string;
  /** An action failed in a way that nobody foresaw. */
  readonly onFailure: (error: unknown, path: string) => void;
  readonly limits?: Partial<JsonServerLimits>;
}

export interface Api {
  readonly socketPath: string;
  /** Answers what is at work, within a bound, and removes the socket. Any number of calls. */
  close(): Promise<void>;
}

/** Rejects with a ListenError. */
export async function startApi({ socketPath, requests, control, onFailure, limits }: ApiOptions): Promise<Api> {
  const context = { requests, control };
  const server = new JsonServer({
    limits: { ...LIMITS, ...limits },
    admit: () => {},
    answer: async (path, body) => runAction(actionOf(path), body, context),
    onFailure,
  });
  await makeRoom(socketPath);
  await listenPrivately(server, socketPath);
  return { socketPath, close: () => server.close({ graceMs: CLOSE_GRACE_MS }) };
}

function actionOf(path: string): string {
  if (path.startsWith(PREFIX)) return path.slice(PREFIX.length);
  throw new HttpFailure(404, PoolErrorCode.UNKNOWN_ACTION, `Actions are asked for at ${PREFIX}<Action>`);
}

/** The mode holds from the first moment: between listen and chmod somebody else could connect. */
async function listenPrivately(server: JsonServer, socketPath: string): Promise<void> {
  const mask = process.umask(0o777 & ~OWNER_ONLY);
  const listening = server.listen({ path: socketPath });
  process.umask(mask);
  try {
    await listening;
    await chmod(socketPath, OWNER_ONLY);
  } catch (error) {
    await server.close({ graceMs: 0 });
    throw listenErrorOf(socketPath, error as NodeJS.ErrnoException);
  }
}

/** A socket in a folder that is not there would be refused with the wrong reason. */
async function makeRoom(socketPath: string): Promise<void> {
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
    throw refused(socketPath, `a path of more than ${SOCKET_PATH_BYTES_MAX} bytes is too long for a socket`);
  }
  await access(dirname(socketPath)).catch((error) => {
    throw listenErrorOf(socketPath, error);
  });
  const found = await lstat(socketPath).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) throw refused(socketPath, 'there is a file that is not a socket');
  if (await isAnswered(socketPath)) {
    throw new ListenError(
      ListenErrorCode.IN_USE,
      `Cannot listen on ${socketPath}: a pool daemon answers there already`,
    );
  }
  await unlink(socketPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw listenErrorOf(socketPath, error);
  });
}

/** Only a refused connection proves that nobody is there: one that is slow to accept is alive. */
function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: socketPath });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(true));
    socket.on('connect', () => settle(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function refused(socketPath: string, reason: string): ListenError {
  return new ListenError(ListenErrorCode.REFUSED, `Cannot listen on ${socketPath}: ${reason}`);
}
