/**
 * The text of one `--advertise` address, `HOST:PORT` or `LISTENER=HOST:PORT`: where clients reach this node, for all of
 * them or for those that come in through the listener on port LISTENER.
 *
 * Called by option-checks.ts at the door and by addresses.ts, which finds the IP addresses. Pure. A host is a name as a
 * list can show it or an IPv4 address; lists have no place for the colons of an IPv6 address.
 */
export interface AdvertisedAddress {
  /** Port of a listener of this node; null is the address for everybody else. */
  readonly listener: number | null;
  /** Lower case. */
  readonly host: string;
  readonly port: number;
}

/** An address of the pool daemon's registration listener. */
export interface PoolAddress {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;
const HOST_LENGTH_MAX = 253;

/** null for text that is no such address. */
export function parseAdvertised(text: string): AdvertisedAddress | null {
  const [, listener, host, port] = /^(?:(\d{1,5})=)?([A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || host.length > HOST_LENGTH_MAX || !isPort(port)) return null;
  if (listener !== undefined && !isPort(listener)) return null;
  const advertised = listener === undefined ? null : Number(listener);
  return { listener: advertised, host: host.toLowerCase(), port: Number(port) };
}

/** `HOST:PORT` or `[IPv6]:PORT`; null for text that is neither. */
export function parsePoolAddress(text: string): PoolAddress | null {
  const [, ipv6, host, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  return isPort(port) ? { host: ipv6 ?? host, port: Number(port) } : null;
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && Number(text) >= 1 && Number(text) <= PORT_MAX;
}
