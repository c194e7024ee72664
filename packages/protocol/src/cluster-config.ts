/**
 * The discovery payload: which nodes a cluster has, as ElastiCache's clients read it (reference/elasticache.md 0, 1).
 *
 *     <version> LF <hostname>|<ip>|<port>[ <hostname>|<ip>|<port>]... LF
 *
 * Exactly so: a bare LF after the version and after the nodes, one blank between nodes and none at the end, because
 * each deviation breaks a client that exists. Built by whoever publishes a cluster, read by clients, checked by both.
 */

import { CONFIG_BYTES_MAX } from './limits.js';
import { ascii } from './status.js';

/** Key under which the configuration stands in `config get`. */
export const CONFIG_KEY = 'cluster';

/** Key under which engines before 1.4.14 kept it as an ordinary item; still asked for with `get`. */
export const LEGACY_CONFIG_KEY = 'AmazonElastiCache:cluster';

/** Several clients read the version as an int32. */
export const CONFIG_VERSION_MAX = 0x7fff_ffff;

const PORT_MAX = 65_535;
const HOSTNAME_BYTES_MAX = 255;

export interface ClusterNode {
  /** Lower case, never empty. */
  readonly hostname: string;
  /** Dotted IPv4, or IPv6 in a cluster that is IPv6; may be empty. */
  readonly ip: string;
  readonly port: number;
}

export interface ClusterConfig {
  /** 1 or more, and more with every change. */
  readonly version: number;
  /** In the order of the list, which clients with a modulo locator depend on. */
  readonly nodes: readonly ClusterNode[];
}

/** Why a configuration is refused, one sentence a problem; empty if it is good. */
export function clusterConfigProblems(config: ClusterConfig): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(config.version) || config.version < 1 || config.version > CONFIG_VERSION_MAX) {
    problems.push(`Version ${config.version} is not a whole number from 1 to ${CONFIG_VERSION_MAX}`);
  }
  if (config.nodes.length === 0) problems.push('A configuration without nodes crashes clients');
  const seen = new Set<string>();
  for (const node of config.nodes) {
    problems.push(...nodeProblems(node));
    const address = `${node.hostname}:${node.port}`;
    if (seen.has(address)) problems.push(`Node ${address} is listed twice`);
    seen.add(address);
  }
  const length = compose(config).length;
  if (length > CONFIG_BYTES_MAX) problems.push(`${length} bytes exceed the limit of ${CONFIG_BYTES_MAX}`);
  return problems;
}

function nodeProblems(node: ClusterNode): string[] {
  const problems: string[] = [];
  const { hostname, ip, port } = node;
  if (!/^[a-z0-9.-]+$/.test(hostname) || hostname.length > HOSTNAME_BYTES_MAX) {
    problems.push(`Hostname "${hostname}" is not made of a-z, 0-9, dots and hyphens`);
  }
  if (ip !== '' && !isIpv4(ip) && !isIpv6(ip)) problems.push(`Address "${ip}" is neither IPv4 nor IPv6`);
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    problems.push(`Port ${port} is not a whole number from 1 to ${PORT_MAX}`);
  }
  return problems;
}

function isIpv4(ip: string): boolean {
  const parts = ip.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Loosely: hexadecimal groups and colons, perhaps an IPv4 tail. Clients hand it to their own resolver. */
function isIpv6(ip: string): boolean {
  return ip.includes(':') && /^[0-9a-f:.]{2,45}$/i.test(ip);
}

/** The payload's bytes. Throws a RangeError that names every problem: what is published must be right. */
export function encodeClusterConfig(config: ClusterConfig): Uint8Array {
  const problems = clusterConfigProblems(config);
  if (problems.length > 0) throw new RangeError(`Cannot encode the cluster configuration: ${problems.join('; ')}`);
  return ascii(compose(config));
}

function compose(config: ClusterConfig): string {
  const nodes = config.nodes.map((node) => `${node.hostname}|${node.ip}|${node.port}`);
  return `${config.version}\n${nodes.join(' ')}\n`;
}

/**
 * Reads a payload, or says what is wrong with it. As tolerant as AWS's own clients: CR before LF, a missing last LF and
 * blanks at the end are passed over; the form of each node is not negotiable.
 */
export function parseClusterConfig(payload: Uint8Array): ClusterConfig | string {
  if (payload.length > CONFIG_BYTES_MAX) return `${payload.length} bytes exceed the limit of ${CONFIG_BYTES_MAX}`;
  const [versionLine, nodeLine, ...rest] = latin1(payload).split(/\r?\n/);
  if (!/^\d{1,10}$/.test(versionLine)) return `"${versionLine}" is not a version`;
  if (nodeLine === undefined || rest.some((line) => line !== '')) return 'Not two lines';
  const nodes: ClusterNode[] = [];
  for (const word of nodeLine.trim().split(' ')) {
    const node = parseNode(word);
    if (node === undefined) return `"${word}" is not hostname|ip|port`;
    nodes.push(node);
  }
  const config = { version: Number(versionLine), nodes };
  return clusterConfigProblems(config)[0] ?? config;
}

function parseNode(word: string): ClusterNode | undefined {
  const fields = word.split('|');
  if (fields.length !== 3 || !/^\d{1,5}$/.test(fields[2])) return undefined;
  return { hostname: fields[0].toLowerCase(), ip: fields[1], port: Number(fields[2]) };
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
