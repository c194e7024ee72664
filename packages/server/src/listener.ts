/**
 * Opens the listening sockets of a server, and owns the choice of who accepts on them (docs/decisions/0004-accepting.md).
 *
 * With libc the main thread binds and listens here: on uring and epoll worker 0 gets the descriptors, on net every worker a duplicate
 * of each. Without libc worker 0 of the net transport listens by itself at the addresses that this file resolves. An address
 * that names several (every interface, a host name) is bound at those of them that this machine has. A port that is taken
 * at one of them is an error, where memcached is content with the others: half a server helps nobody.
 */
import { lookup } from 'node:dns/promises';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { addressText, type Endpoint, Family } from './connection-table.js';
import { parseListenAddress } from './listen-address.js';
import type { ResolvedServerOptions } from './options.js';
import { listenError } from './start-errors.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  errorName,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  type Libc,
  type NativeMemory,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR_BYTES_MAX,
  SOL_SOCKET,
  TCP_NODELAY,
} from './transport/libc.js';
import { readSocketAddress, writeSocketAddress } from './transport/socket-address.js';

export interface OpenListener {
  readonly descriptor: number;
  readonly endpoint: Endpoint;
}

/** The addresses that one `-l` word, or its absence, stands for. */
export interface ListenTarget {
  /** As an error names it. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

const DOMAINS = { [Family.UNIX]: AF_UNIX, [Family.IPV4]: AF_INET, [Family.IPV6]: AF_INET6 } as const;
const EVERY_INTERFACE = ['0.0.0.0', '::'] as const;
/** What an interface that a kernel without IPv6 lacks answers; such an address of several is left out. */
const ABSENT = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'];

/** Where TCP listens. Rejects with a ServerStartError for a host that cannot be resolved. */
export async function resolveTcpTargets(options: ResolvedServerOptions): Promise<ListenTarget[]> {
  const { port: defaultPort, listen, unixSocket } = options;
  if (unixSocket !== null || defaultPort === null) return [];
  const texts = listen.length === 0 ? ['*'] : listen;
  return Promise.all(
    texts.map(async (text) => {
      const { host, port } = parseListenAddress(text) ?? { host: text, port: null };
      const name = `${host ?? 'every interface'}, port ${port ?? defaultPort}`;
      const addresses = host === null ? EVERY_INTERFACE : await resolveHost(host, name);
      return { name, endpoints: addresses.map((address) => tcpEndpoint(address, port ?? defaultPort)) };
    }),
  );
}

async function resolveHost(host: string, name: string): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return found.map(({ address }) => address);
  } catch (error) {
    throw listenError(name, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

function tcpEndpoint(address: string, port: number): Endpoint {
  return { family: isIP(address) === 6 ? Family.IPV6 : Family.IPV4, address, port };
}

/** Opens sockets through libc: all are bound first, then all listen. The caller closes what it got, also after an error. */
export class ListenerOpener {
  readonly opened: OpenListener[] = [];
  readonly #libc: Libc;
  readonly #backlog: number;
  readonly #address: NativeMemory;
  readonly #one: NativeMemory;

  constructor(libc: Libc, backlog: number) {
    this.#libc = libc;
    this.#backlog = backlog;
    this.#address = libc.allocate(SOCKADDR_BYTES_MAX + Uint32Array.BYTES_PER_ELEMENT);
    this.#one = libc.allocate(Int32Array.BYTES_PER_ELEMENT);
    this.#one.view.setInt32(0, 1, true);
  }

  /** Throws a ServerStartError unless all of the target's addresses that exist here can be bound. */
  bindTcp({ name, endpoints }: ListenTarget): void {
    let port = 0;
    let absence = 'EADDRNOTAVAIL';
    let bound = 0;
    for (const endpoint of endpoints) {
      // A free port chosen for the first address is taken for the others too, if it is free there.
      const ports = endpoint.port === 0 && port !== 0 ? [port, 0] : [endpoint.port];
      const outcome = this.#bindFirst(ports.map((number) => ({ ...endpoint, port: number })));
      if (typeof outcome !== 'string') {
        port = outcome.endpoint.port;
        bound++;
      } else if (ABSENT.includes(outcome) && endpoints.length > 1) {
        absence = outcome;
      } else {
        throw listenError(name, outcome);
      }
    }
    if (bound === 0) throw listenError(name, absence);
  }

  /** A stale socket of the same path is removed, anything else is not. */
  bindUnix(path: string, mask: number): void {
    removeStaleSocket(path);
    const outcome = this.#bind({ family: Family.UNIX, address: path, port: 0 });
    if (typeof outcome === 'string') throw listenError(path, outcome);
    // Nobody can connect before it listens.
    chmodSync(path, mask);
  }

  /** From now on clients can connect. */
  listen(): void {
    for (const { descriptor, endpoint } of this.opened) {
      if (this.#libc.listen(descriptor, this.#backlog) === 0) continue;
      throw listenError(addressText(endpoint), errorName(this.#libc.errno()));
    }
  }

  closeAll(): void {
    for (const { descriptor } of this.opened) this.#libc.close(descriptor);
    this.opened.length = 0;
  }

  #bindFirst(endpoints: readonly Endpoint[]): OpenListener | string {
    let outcome: OpenListener | string = '';
    for (const endpoint of endpoints) {
      outcome = this.#bind(endpoint);
      if (typeof outcome !== 'string') return outcome;
    }
    return outcome;
  }

  /** The socket, or the name of the errno that kept it from being bound. */
  #bind(endpoint: Endpoint): OpenListener | string {
    const libc = this.#libc;
    const descriptor = libc.socket(DOMAINS[endpoint.family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errorName(libc.errno());
    this.#setOptions(descriptor, endpoint.family);
    const { address, view } = this.#address;
    if (libc.bind(descriptor, address, writeSocketAddress(view, endpoint)) !== 0) {
      const failure = errorName(libc.errno());
      libc.close(descriptor);
      return failure;
    }
    const isUnix = endpoint.family === Family.UNIX;
    const listener = { descriptor, endpoint: isUnix ? endpoint : this.#boundEndpoint(descriptor) };
    this.opened.push(listener);
    return listener;
  }

  /** Accepted sockets inherit TCP_NODELAY and SO_KEEPALIVE from their listener. */
  #setOptions(descriptor: number, family: Family): void {
    const { address, bytes } = this.#one;
    const turnOn = (level: number, name: number) =>
      this.#libc.setsockopt(descriptor, level, name, address, bytes.length);
    turnOn(SOL_SOCKET, SO_REUSEADDR);
    turnOn(SOL_SOCKET, SO_KEEPALIVE);
    if (family === Family.IPV6) turnOn(IPPROTO_IPV6, IPV6_V6ONLY);
    if (family !== Family.UNIX) turnOn(IPPROTO_TCP, TCP_NODELAY);
  }

  #boundEndpoint(descriptor: number): Endpoint {
    const { address, view } = this.#address;
    view.setUint32(SOCKADDR_BYTES_MAX, SOCKADDR_BYTES_MAX, true);
    this.#libc.getsockname(descriptor, address, address + SOCKADDR_BYTES_MAX);
    return readSocketAddress(view);
  }
}

/** Also for a worker that listens by itself. */
export function removeStaleSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw listenError(path, code);
  }
}
