/**
 * The kernel's form of a socket address (struct sockaddr of Linux) and an Endpoint, in both directions.
 *
 * Used when binding and when accepting, never per request. Ports and addresses are big-endian, the family is not.
 *
 *   IPv4  u16 family, u16 port, 4 bytes address            16 bytes
 *   IPv6  u16 family, u16 port, u32 flow, 16 bytes, u32 scope   28 bytes
 *   unix  u16 family, path, NUL                            up to 110 bytes
 */
import { type Endpoint, Family } from '../connection-table.js';
import { AF_INET, AF_INET6, AF_UNIX } from './libc.js';

const PATH_OFFSET = 2;
const PORT_OFFSET = 2;
const IPV4_OFFSET = 4;
const IPV6_OFFSET = 8;
const SCOPE_OFFSET = 24;
const IPV4_BYTES = 16;
const IPV6_BYTES = 28;

/** Answers the length of what it wrote. The address must be numeric; a zone (`fe80::1%2`) must be an interface's index. */
export function writeSocketAddress(view: DataView, { family, address, port }: Endpoint): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
  switch (family) {
    case Family.IPV4:
      view.setUint16(0, AF_INET, true);
      view.setUint16(PORT_OFFSET, port);
      bytes.set(address.split('.').map(Number), IPV4_OFFSET);
      return IPV4_BYTES;
    case Family.IPV6: {
      const [plain, zone = '0'] = address.split('%');
      view.setUint16(0, AF_INET6, true);
      view.setUint16(PORT_OFFSET, port);
      for (const [index, group] of parseIpv6(plain).entries()) view.setUint16(IPV6_OFFSET + 2 * index, group);
      view.setUint32(SCOPE_OFFSET, Number(zone), true);
      return IPV6_BYTES;
    }
    case Family.UNIX: {
      view.setUint16(0, AF_UNIX, true);
      const path = Buffer.from(address);
      bytes.set(path, PATH_OFFSET);
      return PATH_OFFSET + path.length + 1;
    }
  }
}

/** What accept4 or getsockname left behind. A unix address counts as nameless: clients have none. */
export function readSocketAddress(view: DataView): Endpoint {
  switch (view.getUint16(0, true)) {
    case AF_INET: {
      const parts = [0, 1, 2, 3].map((index) => view.getUint8(IPV4_OFFSET + index));
      return { family: Family.IPV4, address: parts.join('.'), port: view.getUint16(PORT_OFFSET) };
    }
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(IPV6_OFFSET + 2 * index));
      return { family: Family.IPV6, address: formatIpv6(groups), port: view.getUint16(PORT_OFFSET) };
    }
    default:
      return { family: Family.UNIX, address: '', port: 0 };
  }
}

/** The eight groups of a valid IPv6 address. */
export function parseIpv6(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number);
    return parseIpv6(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [left, right] = text.split('::');
  const head = groupsOf(left);
  if (right === undefined) return head;
  const tail = groupsOf(right);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`; a mapped IPv4 address ends in dots. */
export function formatIpv6(groups: readonly number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high, low] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const run = longestZeroRun(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
