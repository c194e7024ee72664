/**
 * Asks one server for the nodes of its cluster: `config get cluster` over a connection of its own.
 *
 * Called by TopologyPoller, by `shoal config get` and by whoever wants the list once. The name is resolved anew for every
 * question. discovery-reply.ts bounds what is read; the deadline bounds the name, the connection, TLS and the answer
 * together.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { ClusterConfig } from '@shoal/protocol';
import { type DiscoveryReply, DiscoveryReplyReader } from './discovery-reply.js';

export const DiscoveryErrorCode = {
  /** The name does not resolve, nobody listens, TLS failed, or the connection broke before the answer was whole. */
  UNREACHABLE: 'UNREACHABLE',
  TIMEOUT: 'TIMEOUT',
  /** `ERROR`: a plain memcached. */
  NOT_SUPPORTED: 'NOT_SUPPORTED',
  /** `END`: a server that knows the question and has no list. */
  NO_NODES: 'NO_NODES',
  MALFORMED: 'MALFORMED',
  /** The caller's signal. */
  ABORTED: 'ABORTED',
} as const;
export type DiscoveryErrorCode = (typeof DiscoveryErrorCode)[keyof typeof DiscoveryErrorCode];

export class DiscoveryError extends Error {
  readonly code: DiscoveryErrorCode;
  /** Who was asked, as `host:port`. */
  readonly address: string;

  constructor(code: DiscoveryErrorCode, address: string, reason: string, options?: ErrorOptions) {
    super(`Cannot discover the nodes of ${address}: ${reason}`, options);
    this.name = 'DiscoveryError';
    this.code = code;
    this.address = address;
  }
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface DiscoveryOptions {
  /** For everything together; 2,000 unless given. */
  readonly timeoutMs?: number;
  /** True: TLS with Node's defaults. The certificate is checked against the host that was asked. */
  readonly tls?: boolean | ConnectionOptions;
  readonly signal?: AbortSignal;
}

const DEFAULT_PORT = 11211;
const DEFAULT_TIMEOUT_MS = 2000;
const PORT_MAX = 65_535;

/** Reads `host`, `host:port`, `[::1]:port` or a bare IPv6 address; the port is 11211 unless given. Throws a RangeError. */
export function parseAddress(text: string): ServerAddress {
  if (isIP(text) === 6) return { host: text, port: DEFAULT_PORT };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]|,/]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  const badIpv6 = match?.[1] !== undefined && isIP(match[1]) !== 6;
  if (host === undefined || badIpv6 || port < 1 || port > PORT_MAX) {
    throw new RangeError(`Cannot read the address "${text}": it is not host:port`);
  }
  return { host, port };
}

/** The same text that parseAddress reads, IPv6 in brackets. */
export function formatAddress({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The list that this server answers with; a DiscoveryError if there is none. A RangeError: the address cannot be read. */
export async function fetchClusterConfig(
  address: string | ServerAddress,
  options: DiscoveryOptions = {},
): Promise<ClusterConfig> {
  const target = typeof address === 'string' ? parseAddress(address) : address;
  const outcome = await ask(target, options);
  if (outcome.kind === 'config') return outcome.config;
  const { code, reason, cause } = failureOf(outcome);
  throw new DiscoveryError(code, formatAddress(target), reason, { cause });
}

interface Failure {
  readonly kind: 'failure';
  readonly code: DiscoveryErrorCode;
  readonly reason: string;
  readonly cause?: unknown;
}

function failureOf(outcome: Exclude<DiscoveryReply, { kind: 'config' }> | Failure): Omit<Failure, 'kind'> {
  switch (outcome.kind) {
    case 'failure':
      return outcome;
    case 'no-nodes':
      return { code: DiscoveryErrorCode.NO_NODES, reason: 'it has no list of nodes' };
    case 'not-supported':
      return { code: DiscoveryErrorCode.NOT_SUPPORTED, reason: 'it does not know "config get cluster"' };
    case 'malformed':
      return { code: DiscoveryErrorCode.MALFORMED, reason: `its answer cannot be read: ${outcome.reason}` };
  }
}

/** Whatever comes first: the answer, the end of the connection, the deadline or the caller's signal. */
function ask(
  target: ServerAddress,
  { timeoutMs = DEFAULT_TIMEOUT_MS, tls = false, signal }: DiscoveryOptions,
): Promise<DiscoveryReply | Failure> {
  if (signal?.aborted) return Promise.resolve(withdrawn(signal));
  return new Promise((resolve) => {
    const reader = new DiscoveryReplyReader();
    const socket = open(target, tls);
    const finish = (outcome: DiscoveryReply | Failure): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', withdraw);
      socket.removeAllListeners('data').destroy();
      resolve(outcome);
    };
    const deadline = setTimeout(() => finish(late(timeoutMs)), timeoutMs);
    const withdraw = (): void => finish(withdrawn(signal));
    signal?.addEventListener('abort', withdraw);
    socket.on('data', (piece) => {
      const reply = reader.push(piece);
      if (reply !== undefined) finish(reply);
    });
    socket.on('error', (error) => finish(unreachable(error)));
    socket.on('close', () => finish(unreachable(`it hung up after ${reader.receivedBytes} bytes of its answer`)));
    socket.write('config get cluster\r\n');
  });
}

function open({ host, port }: ServerAddress, tls: boolean | ConnectionOptions): Socket {
  if (tls === false) return connectTcp({ host, port });
  const servername = isIP(host) === 0 ? host : undefined;
  return connectTls({ servername, ...(tls === true ? {} : tls), host, port });
}

function late(timeoutMs: number): Failure {
  return { kind: 'failure', code: DiscoveryErrorCode.TIMEOUT, reason: `no answer within ${timeoutMs} ms` };
}

function withdrawn(signal: AbortSignal | undefined): Failure {
  const reason = 'the question was withdrawn';
  return { kind: 'failure', code: DiscoveryErrorCode.ABORTED, reason, cause: signal?.reason };
}

/** When a name has several addresses, Node's error for all of them has a code and no message. */
function unreachable(cause: (Error & { code?: string }) | string): Failure {
  const reason = typeof cause === 'string' ? cause : cause.message || String(cause.code ?? cause.name);
  return { kind: 'failure', code: DiscoveryErrorCode.UNREACHABLE, reason, cause };
}
