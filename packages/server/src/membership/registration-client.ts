/**
 * The requests of a node to its pool: register, heartbeat and leave, as JSON over HTTP (docs/command-line.md, membership).
 *
 * Called by member.ts, one request at a time. Given several addresses it stays with the one that answered last and
 * tries the others in turn; each attempt has a deadline and an answer a bound. A request that is refused, or that nobody
 * answers, rejects with a PoolRequestError; its message is for the log and never holds token or secret.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { isClusterSecret } from '../option-checks.js';
import type { OwnAddresses } from './addresses.js';
import type { PoolAddress } from './advertise.js';

export const PoolRequestCode = {
  /** No address of the pool answered in time. */
  UNREACHABLE: 'UNREACHABLE',
  /** The pool does not know this node: it has to register again. */
  UNKNOWN_NODE: 'UNKNOWN_NODE',
  /** The pool answered with an error. */
  REFUSED: 'REFUSED',
  /** The answer is none that a pool gives. */
  UNREADABLE: 'UNREADABLE',
} as const;
export type PoolRequestCode = (typeof PoolRequestCode)[keyof typeof PoolRequestCode];

export class PoolRequestError extends Error {
  readonly code: PoolRequestCode;

  constructor(code: PoolRequestCode, message: string) {
    super(message);
    this.name = 'PoolRequestError';
    this.code = code;
  }
}

/** What the pool answers a node that has registered. */
export interface Admission {
  readonly nodeId: string;
  readonly secret: string;
  readonly heartbeatMs: number;
  readonly drainMs: number;
}

/** Who asks: the node as the pool knows it. */
export interface Membership {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly instanceId: string;
}

export interface RegistrationClientOptions {
  readonly addresses: readonly PoolAddress[];
  /** null where the pool listens on a loopback address and asks for none. */
  readonly token: string | null;
  readonly deadlineMs: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** Made once the connection stands, because the node's own address is known only then. */
type BodyOf = (interfaceIp: string) => Promise<object> | object;

const ANSWER_BYTES_MAX = 65_536;
const UNKNOWN_NODE_CODE = 'CacheNodeNotFound';
const HEARTBEAT_MS = { min: 100, max: 60_000 };
const DRAIN_MS_MAX = 86_400_000;

export class RegistrationClient {
  readonly #options: RegistrationClientOptions;
  /** Index of the address that answered last. */
  #preferred = 0;

  constructor(options: RegistrationClientOptions) {
    this.#options = options;
  }

  /** For the log. */
  get address(): string {
    const { host, port } = this.#options.addresses[this.#preferred];
    return `${host}:${port}`;
  }

  async register(
    identity: Omit<Membership, 'nodeId'>,
    addressesAt: (interfaceIp: string) => Promise<OwnAddresses>,
  ): Promise<Admission> {
    return readAdmission(await this.#ask('register', async (ip) => ({ ...identity, ...(await addressesAt(ip)) })));
  }

  async heartbeat(membership: Membership): Promise<void> {
    await this.#ask('heartbeat', () => membership);
  }

  /** Answers how long the node should serve on. */
  async leave(membership: Membership): Promise<number> {
    const { drainMs } = (await this.#ask('leave', () => membership)) as { drainMs?: unknown };
    if (!isWhole(drainMs, 0, DRAIN_MS_MAX)) throw unreadable();
    return drainMs;
  }

  /** Asks one address after the other until one answers. */
  async #ask(path: string, bodyOf: BodyOf): Promise<object> {
    const { addresses } = this.#options;
    let failure = new PoolRequestError(PoolRequestCode.UNREACHABLE, 'no address');
    for (let turn = 0; turn < addresses.length; turn++) {
      const index = (this.#preferred + turn) % addresses.length;
      try {
        const answer = await this.#askOne(addresses[index], path, bodyOf);
        this.#preferred = index;
        return answer;
      } catch (error) {
        if (!(error instanceof PoolRequestError)) throw error;
        failure = error;
        if (error.code !== PoolRequestCode.UNREACHABLE) break;
      }
    }
    throw failure;
  }

  async #askOne(address: PoolAddress, path: string, bodyOf: BodyOf): Promise<object> {
    const { token, deadlineMs, signal: stopping } = this.#options;
    const abort = new AbortController();
    const { signal } = abort;
    const end = () => abort.abort();
    const timer = setTimeout(end, deadlineMs);
    stopping.addEventListener('abort', end);
    if (stopping.aborted) end();
    const socket = connect({ ...address, noDelay: true });
    // Also between two waits, when nobody else listens.
    socket.on('error', () => {});
    const where = `${address.host}:${address.port}`;
    try {
      const interfaceIp = await connected(socket, where, signal);
      const body = JSON.stringify(await unlessAborted(Promise.resolve(bodyOf(interfaceIp)), where, signal));
      const response = await send({ socket, where, path, body: Buffer.from(body), token, signal });
      return readAnswer(response, await readBody(response, where, signal));
    } finally {
      clearTimeout(timer);
      stopping.removeEventListener('abort', end);
      socket.destroy();
    }
  }
}

/** The address of the interface through which the connection goes. */
async function connected(socket: Socket, where: string, signal: AbortSignal): Promise<string> {
  await once(socket, 'connect', { signal }).catch((error) => {
    throw unreachable(where, error);
  });
  return (socket.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '').split('%')[0];
}

/** Resolving names, which cannot be aborted, may take longer than the deadline. */
function unlessAborted<T>(work: Promise<T>, where: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const lose = () => reject(new PoolRequestError(PoolRequestCode.UNREACHABLE, `${where}: no answer in time`));
    signal.addEventListener('abort', lose, { once: true });
    work.then(resolve, reject);
  });
}

interface Sending {
  readonly socket: Socket;
  readonly where: string;
  readonly path: string;
  readonly body: Buffer;
  readonly token: string | null;
  readonly signal: AbortSignal;
}

async function send({ socket, where, path, body, token, signal }: Sending): Promise<IncomingMessage> {
  const outgoing = request({
    createConnection: () => socket,
    method: 'POST',
    path: `/v1/${path}`,
    headers: {
      host: where,
      connection: 'close',
      'content-type': 'application/json',
      'content-length': body.length,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  outgoing.on('error', () => {});
  const answered = once(outgoing, 'response', { signal });
  outgoing.end(body);
  const [response] = await answered.catch((error) => {
    throw unreachable(where, error);
  });
  return response as IncomingMessage;
}

async function readBody(response: IncomingMessage, where: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const cut = () => response.destroy(new Error('no whole answer in time'));
  signal.addEventListener('abort', cut, { once: true });
  try {
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length;
      if (bytes > ANSWER_BYTES_MAX) throw unreadable();
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw error instanceof PoolRequestError ? error : unreachable(where, error);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

function readAnswer({ statusCode = 0 }: IncomingMessage, text: string): object {
  const answer = parseObject(text);
  if (statusCode === 200 && answer !== null) return answer;
  if (statusCode < 400 || answer === null) throw unreadable();
  const { code, message } = answer as { code?: unknown; message?: unknown };
  const isUnknown = code === UNKNOWN_NODE_CODE;
  throw new PoolRequestError(
    isUnknown ? PoolRequestCode.UNKNOWN_NODE : PoolRequestCode.REFUSED,
    `${code ?? statusCode}: ${message ?? 'no reason given'}`,
  );
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function readAdmission(answer: object): Admission {
  const { nodeId, secret, heartbeatMs, drainMs } = answer as Record<keyof Admission, unknown>;
  const isGood =
    typeof nodeId === 'string' &&
    isClusterSecret(secret) &&
    isWhole(heartbeatMs, HEARTBEAT_MS.min, HEARTBEAT_MS.max) &&
    isWhole(drainMs, 0, DRAIN_MS_MAX);
  if (!isGood) throw unreadable();
  return { nodeId, secret, heartbeatMs, drainMs };
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

function unreachable(where: string, error: unknown): PoolRequestError {
  const { code, name, message } = error as NodeJS.ErrnoException;
  const reason = name === 'AbortError' ? 'no answer in time' : (code ?? message);
  return new PoolRequestError(PoolRequestCode.UNREACHABLE, `${where}: ${reason}`);
}

function unreadable(): PoolRequestError {
  return new PoolRequestError(PoolRequestCode.UNREADABLE, 'the answer is not that of a Shoal pool');
}
