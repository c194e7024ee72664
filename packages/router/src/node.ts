/**
 * One node as the router sees it: its name in errors, and a link in each dialect, opened by the first request.
 *
 * Made by routes.ts; kept across topologies as long as its address stays.
 */
import { type ClusterNode, Opcode } from '@shoal/protocol';
import { Exchange, ReplyShape, type ReplySink } from './exchange.js';
import type { FlushRound } from './flush-round.js';
import { type LinkTarget, NodeLink } from './node-link.js';

const SETTINGS = Buffer.from('stats settings\r\n');
const TEXT_PROBE = Buffer.from('version\r\n');
const BINARY_PROBE = binaryProbe();

function binaryProbe(): Buffer {
  const frame = Buffer.alloc(24);
  frame[0] = 0x80;
  frame[1] = Opcode.NOOP;
  return frame;
}

export interface NodeSettings {
  readonly timeoutMs: number;
  readonly round: FlushRound;
  /** A node said how large its items may be. */
  readonly onItemSize: (bytes: number) => void;
  readonly onFailure: (address: ClusterNode) => void;
}

export class Node {
  readonly name: string;
  /** The largest item that it takes; 0 until it has said so. */
  itemSizeMaxBytes = 0;
  readonly text: NodeLink;
  readonly binary: NodeLink;

  constructor(address: ClusterNode, { timeoutMs, round, onItemSize, onFailure }: NodeSettings) {
    const target = targetOf(address);
    const shared = { target, timeoutMs, round, onFailure: () => onFailure(address) };
    const note = (bytes: number) => {
      this.itemSizeMaxBytes = bytes;
      onItemSize(bytes);
    };
    this.name = target.name;
    this.text = new NodeLink({
      ...shared,
      greeting: () => settingsRequest(note),
      probe: (link) => probeOf(link, TEXT_PROBE, ReplyShape.LINE),
    });
    this.binary = new NodeLink({
      ...shared,
      greeting: () => this.#greetInText(),
      probe: (link) => probeOf(link, BINARY_PROBE, ReplyShape.FRAME),
    });
  }

  /** Settings are asked for in text, whatever clients speak. */
  #greetInText(): null {
    if (this.itemSizeMaxBytes === 0) this.text.greet();
    return null;
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

function settingsRequest(note: (itemSizeMaxBytes: number) => void): Exchange {
  const exchange = new Exchange(new SettingsSink(note), ReplyShape.LIST);
  exchange.request = SETTINGS;
  exchange.requestEnd = SETTINGS.length;
  return exchange;
}

class SettingsSink implements ReplySink {
  readonly #note: (itemSizeMaxBytes: number) => void;

  constructor(note: (itemSizeMaxBytes: number) => void) {
    this.#note = note;
  }

  receive(_exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    const found = /^STAT item_size_max (\d{1,10})\r?$/m.exec(bytes.toString('latin1', start, end));
    if (found !== null) this.#note(Number(found[1]));
  }

  /** The limit stays unknown, and the node refuses what is too large for it. */
  fail(): void {}
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
