/**
 * The data directory of a daemon: its paths, its lock and the daemon's id. Opened first thing by `shoal pool` and `shoal up`.
 *
 * The lock survives kill -9 of its holder without ever letting two in. A daemon listens on a socket of its own, then links
 * a file `lock-<n>`, one number above the highest there is, that names the socket and its pid. The highest file is the
 * lock; it is held as long as its socket takes connections, and who no longer listens never listens again. The highest
 * file is never removed, only surpassed, and only one daemon can link a number: see openLock.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { writeDurably } from './durable-file.js';
import { RegistryError, RegistryErrorCode } from './registry/registry.js';

export interface DataPaths {
  readonly directory: string;
  readonly registryFile: string;
  /** The daemon's own API. */
  readonly poolSocket: string;
  readonly daemonIdFile: string;
  readonly hostSocket: string;
  readonly hostPidFile: string;
  readonly hostLog: string;
}

export interface DataDirectory extends DataPaths {
  /** A uuid, made when the directory was first used. */
  readonly daemonId: string;
  /** Lets the next daemon in. Any number of calls. */
  release(): Promise<void>;
}

/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, with a zero at the end; longer paths are cut without a word. */
const MAX_SOCKET_PATH_BYTES = 103;
const LOCK_FILE = /^lock-(\d+)$/;
const MAX_ATTEMPTS = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function dataPaths(path: string): DataPaths {
  const directory = resolve(path);
  return {
    directory,
    registryFile: join(directory, 'registry.json'),
    poolSocket: join(directory, 'pool.sock'),
    daemonIdFile: join(directory, 'daemon-id'),
    hostSocket: join(directory, 'host.sock'),
    hostPidFile: join(directory, 'host.pid'),
    hostLog: join(directory, 'host.log'),
  };
}

/** Makes the directory if need be and locks it. LOCKED names the pid of the holder. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const paths = dataPaths(path);
  const { directory } = paths;
  if (Buffer.byteLength(lockSocketPath(directory)) > MAX_SOCKET_PATH_BYTES) {
    const reason = `its path is too long for the sockets in it; ${MAX_SOCKET_PATH_BYTES - SOCKET_NAME_BYTES} bytes fit`;
    throw new RegistryError(RegistryErrorCode.UNAVAILABLE, `Cannot use the data directory ${directory}: ${reason}`);
  }
  const lock = await orUnavailable(directory, async () => {
    await makeDirectory(directory);
    return openLock(directory);
  });
  try {
    const daemonId = await orUnavailable(directory, () => readDaemonId(paths.daemonIdFile));
    return { ...paths, daemonId, release: () => closed(lock) };
  } catch (error) {
    await closed(lock);
    throw error;
  }
}

/** Step by step: Node's own recursive mkdir never returns where a folder refuses to hold others, as /proc does. */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(directory))) throw error;
    await makeDirectory(dirname(directory));
    await mkdir(directory, { mode: 0o700 });
  }
}

/**
 * Why two never hold it: a number is linked once as long as its file stands, and a file goes away only after a higher one
 * was linked. So who links a number while a higher one stands finds that out by looking again, and steps back; and who
 * links the highest knows that all below are dead, because they were found dead, and the dead stay dead.
 */
async function openLock(directory: string): Promise<Server> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const highest = (await lockNumbers(directory)).at(-1) ?? 0;
    if (highest > 0) await requireDead(directory, highest);
    const lock = await linkLock(directory, highest + 1);
    if (lock !== null) return lock;
  }
  throw new RegistryError(RegistryErrorCode.LOCKED, `Cannot lock ${directory}: too many daemons start there at once`);
}

/** Null if somebody else was faster. */
async function linkLock(directory: string, number: number): Promise<Server | null> {
  const socket = lockSocketPath(directory);
  const server = await listening(socket);
  const draft = `${socket}.draft`;
  const path = join(directory, `lock-${number}`);
  try {
    await writeFile(draft, `${JSON.stringify({ pid: process.pid, socket: socket.slice(directory.length + 1) })}\n`, {
      mode: 0o600,
    });
    await link(draft, path);
    const numbers = await lockNumbers(directory);
    if (numbers.at(-1) === number) {
      await removeSurpassed(directory, numbers.slice(0, -1));
      return server;
    }
    await rm(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      await closed(server);
      throw error;
    }
  } finally {
    await rm(draft, { force: true });
  }
  await closed(server);
  return null;
}

async function requireDead(directory: string, number: number): Promise<void> {
  const holder = await holderOf(directory, number);
  if (holder === null || !(await isListening(join(directory, holder.socket)))) return;
  throw new RegistryError(
    RegistryErrorCode.LOCKED,
    `Cannot use the data directory ${directory}: the daemon with pid ${holder.pid} uses it`,
  );
}

/** Null for a file that is gone, surpassed by a higher one. A link appears whole, so what is there is what was written. */
async function holderOf(directory: string, number: number): Promise<{ pid: number; socket: string } | null> {
  try {
    return JSON.parse(await readFile(join(directory, `lock-${number}`), 'utf8'));
  } catch {
    return null;
  }
}

async function removeSurpassed(directory: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const holder = await holderOf(directory, number);
    if (holder !== null) await rm(join(directory, holder.socket), { force: true });
    await rm(join(directory, `lock-${number}`), { force: true });
  }
}

async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  const numbers = names.flatMap((name) => LOCK_FILE.exec(name)?.slice(1).map(Number) ?? []);
  return numbers.sort((a, b) => a - b);
}

const SOCKET_NAME_BYTES = '/lock-00000000.sock'.length;

function lockSocketPath(directory: string): string {
  return join(directory, `lock-${randomBytes(4).toString('hex')}.sock`);
}

function listening(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).destroy());
    server.unref();
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      // A connection that cannot be accepted concerns who wanted to know; it got in as far as the kernel's queue.
      server.off('error', reject).on('error', () => undefined);
      resolve(server);
    });
  });
}

/** A full queue, a stopped process or a missing permission count as alive: only a refusal proves that nobody listens. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

async function readDaemonId(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) {
    const id = randomUUID();
    await writeDurably(path, `${id}\n`);
    return id;
  }
  if (UUID.test(text.trim())) return text.trim();
  const help = 'Write back the id that the cluster records name as ownerId, or remove the file to get a new one';
  throw new RegistryError(RegistryErrorCode.UNREADABLE, `Cannot read ${path}: it holds no uuid. ${help}`);
}

async function orUnavailable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(
      RegistryErrorCode.UNAVAILABLE,
      `Cannot use the data directory ${directory}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
