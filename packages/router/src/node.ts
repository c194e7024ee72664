/**
 * One node as the router sees it: its name in errors, and a link in each dialect, opened by the first request.
 *
 * Made by routes.ts; kept across topologies as long as its address stays.
 */
import { type ClusterNode, Opcode } from '@shoal/protocol';
import { Exchange, ReplyShape, type ReplySink } from './exchange.js';
import type { FlushRound } from './flush-round.js';
import { type LinkTarget, NodeLink } from './node-link.js';

const TEXT_PROBE = Buffer.from('version\r\n');
const BINARY_PROBE = binaryProbe();

function binaryProbe(): Buffer {
  const frame = Buffer.alloc(24);
  frame[0] = 0x80;
  frame[1] = Opcode.NOOP;
  return frame;
}

export class Node {
  readonly name: string;
  readonly text: NodeLink;
  readonly binary: NodeLink;

  constructor(address: ClusterNode, timeoutMs: number, round: FlushRound) {
    const target = targetOf(address);
    this.name = target.name;
    this.text = new NodeLink({ target, timeoutMs, round, probe: (link) => probeOf(link, TEXT_PROBE, ReplyShape.LINE) });
    this.binary = new NodeLink({
      target,
      timeoutMs,
      round,
      probe: (link) => probeOf(link, BINARY_PROBE, ReplyShape.FRAME),
    });
  }

  get isIdle(): boolean {
    return this.text.pendingCount + this.binary.pendingCount === 0;
  }

  /** Finishes what is under way, then lets go. */
  retire(): void {
    this.text.retire();
    this.binary.retire();
  }

  destroy(): void {
    this.text.destroy();
    this.binary.destroy();
  }
}

/** The same for the same node at the same place. */
export function identityOf({ hostname, ip, port }: ClusterNode): string {
  return `${hostname}|${ip}|${port}`;
}

/** The ip first: names of containers and of clouds resolve late. */
function targetOf({ hostname, ip, port }: ClusterNode): LinkTarget {
  const hosts = ip === '' || ip === hostname ? [hostname] : [ip, hostname];
  return { name: `${hostname}:${port}`, hosts, port };
}

/** Asked first of all after a failure; any whole answer will do. */
function probeOf(link: NodeLink, request: Buffer, shape: number): Exchange {
  const exchange = new Exchange(new ProbeSink(link), shape);
  exchange.request = request;
  exchange.requestEnd = request.length;
  return exchange;
}

class ProbeSink implements ReplySink {
  readonly #link: NodeLink;

  constructor(link: NodeLink) {
    this.#link = link;
  }

  receive(): void {
    this.#link.admit();
  }

  /** The link goes down again by itself. */
  fail(): void {}
}
