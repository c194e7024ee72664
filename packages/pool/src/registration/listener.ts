/**
 * Where nodes register that somebody else starts and stops: HTTP with JSON on an address of the daemon's own.
 *
 * POST /v1/register, /v1/heartbeat, /v1/leave. Any daemon of a pool may hear any node: registrations and farewells are
 * written to the registry. Heartbeats stay with the daemon that heard them, unless the one that leads can neither reach
 * nor hear the node and says so in its record: then the daemon that hears it objects there (plan-registered.ts).
 */
import { withRegistryTrouble } from '../api/actions/catalogue.js';
import { PoolErrorCode } from '../api/errors.js';
import { HttpFailure } from '../api/http-failure.js';
import { JsonServer, type JsonServerLimits } from '../api/json-server.js';
import { ListenError, ListenErrorCode, listenErrorOf } from '../api/listen-error.js';
import { checkedRequest } from '../api/requests.js';
import type { Admission, PoolRequests } from '../pool-requests.js';
import { memberRequest, registerRequest } from './shapes.js';
import { isLoopback, TokenCheck } from './token.js';

const CLOSE_GRACE_MS = 2_000;

const LIMITS: JsonServerLimits = {
  bodyBytesMax: 16 * 1024,
  maxConnections: 1024,
  maxRequests: 256,
  receiveTimeoutMs: 5_000,
  answerTimeoutMs: 10_000,
};

type RegistrationRequests = Pick<PoolRequests, 'registerNode' | 'heartbeat' | 'deregisterNode' | 'describe'>;

export interface RegistrationOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What nodes have to show. Null: nothing, which a loopback address alone allows. */
  readonly token: string | null;
  readonly requests: RegistrationRequests;
  /** A request failed in a way that nobody foresaw. */
  readonly onFailure: (error: unknown, path: string) => void;
  readonly limits?: Partial<JsonServerLimits>;
}

export interface RegistrationListener {
  readonly host: string;
  /** The port it got. */
  readonly port: number;
  /** Any number of calls. */
  close(): Promise<void>;
}

/** Rejects with a ListenError. */
export async function startRegistration(options: RegistrationOptions): Promise<RegistrationListener> {
  const { host, port, token, requests, onFailure, limits } = options;
  checkToken(options);
  const check = new TokenCheck(token);
  const server = new JsonServer({
    limits: { ...LIMITS, ...limits },
    admit: ({ headers }) => check.admit(headers.authorization),
    answer: async (path, body) => withRegistryTrouble(() => answer(path, body, requests)),
    onFailure,
  });
  await server.listen({ host, port }).catch((error) => {
    throw listenErrorOf(`${host}:${port}`, error);
  });
  const { address } = server;
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return { host, port: bound, close: () => server.close({ graceMs: CLOSE_GRACE_MS }) };
}

function checkToken({ host, port, token }: RegistrationOptions): void {
  const where = `${host}:${port}`;
  if (token === null && !isLoopback(host)) {
    const reason = 'other machines reach this address: set SHOAL_POOL_TOKEN, here and for the nodes';
    throw new ListenError(ListenErrorCode.TOKEN_REQUIRED, `Cannot listen for registrations on ${where}: ${reason}`);
  }
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    const reason = 'a token is printable ASCII without blanks, and not empty';
    throw new ListenError(ListenErrorCode.TOKEN_REQUIRED, `Cannot listen for registrations on ${where}: ${reason}`);
  }
}

async function answer(path: string, body: unknown, requests: RegistrationRequests): Promise<object> {
  switch (path) {
    case '/v1/register':
      return register(body, requests);
    case '/v1/heartbeat':
      return heartbeat(body, requests);
    case '/v1/leave':
      return leave(body, requests);
    default:
      throw new HttpFailure(404, PoolErrorCode.UNKNOWN_ACTION, 'There are /v1/register, /v1/heartbeat and /v1/leave');
  }
}

function register(body: unknown, requests: RegistrationRequests): Promise<Admission> {
  return requests.registerNode(checkedRequest('register', registerRequest, body));
}

async function heartbeat(body: unknown, requests: RegistrationRequests): Promise<object> {
  const { clusterId, nodeId, instanceId } = checkedRequest('take the heartbeat', memberRequest, body);
  await requests.heartbeat(clusterId, nodeId, instanceId);
  return {};
}

/** The drain is asked for first: once it has left, the node has to hear how long to serve on. */
async function leave(body: unknown, requests: RegistrationRequests): Promise<object> {
  const { clusterId, nodeId, instanceId } = checkedRequest('leave', memberRequest, body);
  const { drainMs } = (await requests.describe(clusterId)).cluster;
  await requests.deregisterNode(clusterId, nodeId, instanceId);
  return { drainMs };
}
