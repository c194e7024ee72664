/**
 * The text of one `-l` address: `host`, `host:port`, `[v6]:port`, a bare IPv6 address, or `*` for every interface.
 *
 * Called by option-checks.ts at the door and by listener.ts, which resolves and binds; this file is pure. memcached's
 * prefixes for TLS (`notls:`), for its proxy (`tag[x]:`) and for a listener's dialect (`proto[ascii]:`) are not taken.
 */
import { isIPv6 } from 'node:net';

export interface ListenAddress {
  /** null is every interface. */
  readonly host: string | null;
  /** null is the server's port. */
  readonly port: number | null;
}

const PORT_MAX = 65_535;

/** null for text that is no address. */
export function parseListenAddress(text: string): ListenAddress | null {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(text);
  if (bracketed) return isIPv6(bracketed[1]) ? withPort(bracketed[1], bracketed[2]) : null;
  const colon = text.indexOf(':');
  const isBareIpv6 = colon >= 0 && text.indexOf(':', colon + 1) >= 0;
  if (isBareIpv6) return isIPv6(text) ? { host: text, port: null } : null;
  if (colon < 0) return withPort(text, undefined);
  return withPort(text.slice(0, colon), text.slice(colon + 1));
}

function withPort(host: string, port: string | undefined): ListenAddress | null {
  if (!/^(?:\*|[\w.:%-]+)$/.test(host)) return null;
  const name = host === '*' ? null : host;
  if (port === undefined) return { host: name, port: null };
  const isPort = /^\d{1,5}$/.test(port) && Number(port) <= PORT_MAX;
  return isPort ? { host: name, port: Number(port) } : null;
}
