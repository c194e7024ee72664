/**
 * What a node says of its addresses when it registers: one for everybody, and others for single listeners.
 *
 * Called by member.ts before each registration, because names may come to mean something else. What `--advertise`
 * leaves open is found out: the host's name, the first port that the node listens on, and as the IP address that of the
 * interface that reaches the pool. A name that means a loopback address, as a machine's own often does, counts as unknown.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { ClusterNode } from '@shoal/protocol';
import { type AdvertisedAddress, parseAdvertised } from './advertise.js';

export interface OwnAddresses {
  readonly address: ClusterNode;
  /** By port of the listener. */
  readonly listenerAddresses: Readonly<Record<string, ClusterNode>>;
}

export interface AddressesAsked {
  /** As checked by option-checks.ts. */
  readonly advertise: readonly string[];
  /** The first port that the node listens on. */
  readonly port: number;
  /** Of the interface that reaches the pool. */
  readonly interfaceIp: string;
}

/** Rejects when the host of a listener's address cannot be resolved. */
export async function findAddresses({ advertise, port, interfaceIp }: AddressesAsked): Promise<OwnAddresses> {
  const advertised = advertise.map(parseAdvertised).filter((address) => address !== null);
  const main = advertised.find(({ listener }) => listener === null) ?? ownAddress(port);
  const listenerAddresses: Record<string, ClusterNode> = {};
  for (const { listener, host, port: listenerPort } of advertised) {
    if (listener === null) continue;
    const ip = await resolveIp(host);
    if (ip === null) throw new Error(`the host name ${host} cannot be resolved`);
    listenerAddresses[listener] = { hostname: host, ip, port: listenerPort };
  }
  const resolved = await resolveIp(main.host);
  const isUseful = resolved !== null && (isIP(main.host) !== 0 || !isLoopback(resolved));
  const ip = isUseful ? resolved : interfaceIp;
  return { address: { hostname: main.host, ip, port: main.port }, listenerAddresses };
}

/** Characters that a list cannot show, such as the underscore of some machine's name, become hyphens. */
function ownAddress(port: number): AdvertisedAddress {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-');
  return { listener: null, host, port };
}

/** IPv4 where there is one: many clients read nothing else. null when nobody knows the name. */
async function resolveIp(host: string): Promise<string | null> {
  if (isIP(host) !== 0) return host;
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return (found.find(({ family }) => family === 4) ?? found[0])?.address ?? null;
  } catch {
    return null;
  }
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}
