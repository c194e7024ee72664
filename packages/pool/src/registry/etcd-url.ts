/**
 * `etcd://[user:password@]host:port[,host:port…][/prefix]` of the daemon's --registry, `etcds://` for TLS (with the
 * certificate authorities that Node.js trusts, NODE_EXTRA_CA_CERTS included). Parsed once, when the registry is made.
 */
import { RegistryError, RegistryErrorCode } from './registry.js';

export interface EtcdLocation {
  /** `http://10.0.0.1:2379`, in the order in which they are tried first. */
  readonly endpoints: readonly string[];
  /** Of every key; ends in a slash. */
  readonly prefix: string;
  readonly credentials: { readonly name: string; readonly password: string } | null;
  /** The URL without the password, for messages. */
  readonly name: string;
}

const DEFAULT_PORT = 2379;
const MAX_ENDPOINTS = 16;
const SHAPE = /^(etcds?):\/\/(?:([^@/]*)@)?([^/@]+)(\/.*)?$/;

export function isEtcdUrl(text: string): boolean {
  return /^etcds?:/.test(text);
}

export function parseEtcdUrl(text: string): EtcdLocation {
  const [, scheme, user, hosts, path = ''] = SHAPE.exec(text) ?? [];
  if (hosts === undefined)
    throw refused(withoutPassword(text), 'it has the form etcd://host:port[,host:port…][/prefix]');
  const inner = path.replace(/^\/+|\/+$/g, '');
  const name = `${scheme}://${hosts}${inner === '' ? '' : `/${inner}`}`;
  const list = hosts.split(',');
  if (list.length > MAX_ENDPOINTS) throw refused(name, `it names more than ${MAX_ENDPOINTS} endpoints`);
  return {
    endpoints: list.map((host) => endpointOf(scheme === 'etcds' ? 'https' : 'http', host, name)),
    prefix: `${inner === '' ? 'shoal' : inner}/`,
    credentials: user === undefined ? null : credentialsOf(user, name),
    name,
  };
}

function endpointOf(scheme: string, host: string, name: string): string {
  const withPort = /:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`;
  const isHost = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d+$/i.test(withPort);
  if (!isHost || !URL.canParse(`${scheme}://${withPort}`)) throw refused(name, `"${host}" is no host:port`);
  return `${scheme}://${withPort}`;
}

function credentialsOf(user: string, name: string): { name: string; password: string } {
  const colon = user.indexOf(':');
  if (colon < 1) throw refused(name, 'before the @ stands user:password');
  try {
    return { name: decodeURIComponent(user.slice(0, colon)), password: decodeURIComponent(user.slice(colon + 1)) };
  } catch {
    throw refused(name, 'user and password are not percent-encoded');
  }
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^@]*@/, '//');
}

function refused(name: string, reason: string): RegistryError {
  return new RegistryError(RegistryErrorCode.UNAVAILABLE, `Cannot open the registry ${name}: ${reason}`);
}
