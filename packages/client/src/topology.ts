/**
 * The nodes that a client knows: their links, the ring over them, and where the list comes from.
 *
 * Owned by Client. A static list never changes; a discovered one follows TopologyPoller, whose listener applies it: links
 * of nodes that stayed are kept, those of nodes that left finish what they have, a node whose ip changed gets a new one. An
 * endpoint that knows no list is the only node until it does. Bounds: the size of a list, one poll at a time.
 */
import { type ClusterConfig, type ClusterNode, KEY_BYTES_MAX } from '@shoal/protocol';
import { type DiscoveryError, DiscoveryErrorCode } from './discovery.js';
import type { TopologyChange } from './events.js';
import { HashRing, keyHash, keyHashOf } from './hash-ring.js';
import { keyBytes, plainKey } from './keys.js';
import { type LinkOwner, NodeLink } from './node-link.js';
import type { ResolvedOptions } from './options.js';
import { RefreshPace } from './refresh-pace.js';
import type { Key } from './request.js';
import { TopologyPoller } from './topology-poller.js';

export interface TopologyOwner extends LinkOwner {
  onTopology(change: TopologyChange): void;
}

/** Keys of one node, and where each stood in the list that was asked for. */
export interface KeyGroup {
  readonly link: NodeLink;
  readonly keys: Key[];
  readonly indexes: number[];
}

/** A refresh waits no longer for news; how often it asks is refresh-pace.ts's to say. */
const REFRESH_WAIT_MS = 500;

export class Topology {
  readonly #options: ResolvedOptions;
  readonly #owner: TopologyOwner;
  readonly #poller: TopologyPoller | null;
  /** Links of nodes that left, and the promises that they are done. */
  readonly #leaving = new Set<NodeLink>();
  readonly #retiring = new Set<Promise<void>>();
  #links: readonly NodeLink[] = [];
  /** The only link, when there is one: then no key needs hashing. */
  #only: NodeLink | null = null;
  #ring: HashRing = new HashRing([]);
  #isKnown = false;
  #lastError: unknown = null;
  #refreshing: Promise<void> | null = null;
  readonly #refreshPace = new RefreshPace();
  #announceReady!: () => void;
  /** Resolves when there is a first list. */
  readonly ready = new Promise<void>((resolve) => {
    this.#announceReady = resolve;
  });

  constructor(options: ResolvedOptions, owner: TopologyOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#poller = options.source === 'discovery' ? this.#newPoller() : null;
  }

  /** Begins to know nodes; its events come later than the constructor of whoever listens. */
  start(): void {
    if (this.#poller === null) this.#apply({ version: 0, nodes: this.#givenNodes() });
    else this.#poller.start();
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get isRefreshing(): boolean {
    return this.#refreshing !== null;
  }

  get links(): readonly NodeLink[] {
    return this.#links;
  }

  /** Of the last poll, if it failed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Who owns this key. Throws a BadKeyError; there must be a list. */
  linkOf(key: Key): NodeLink {
    return this.#only ?? this.#links[this.#ring.ownerOfHash(hashOf(key))];
  }

  /** The keys by owner. Throws a BadKeyError. */
  groups(keys: readonly Key[]): KeyGroup[] {
    const groups = new Map<NodeLink, KeyGroup>();
    for (const [index, key] of keys.entries()) {
      const link = this.linkOf(key);
      let group = groups.get(link);
      if (group === undefined) {
        group = { link, keys: [], indexes: [] };
        groups.set(link, group);
      }
      group.keys.push(key);
      group.indexes.push(index);
    }
    return [...groups.values()];
  }

  /** Asks for news now, unless it was just asked in vain; resolves when they are applied, or after a short while without. */
  refresh(): Promise<void> {
    const poller = this.#poller;
    if (this.#refreshing !== null) return this.#refreshing;
    if (poller === null || !this.#refreshPace.isDue(performance.now())) return Promise.resolve();
    const known = poller.current;
    this.#refreshing = this.#poll(poller).finally(() => {
      this.#refreshing = null;
      this.#refreshPace.noteEnd(performance.now(), poller.current !== known, Math.random());
    });
    return this.#refreshing;
  }

  stopPolling(): void {
    this.#poller?.stop();
  }

  /** Resolves when all connections have finished what they had. */
  async close(): Promise<void> {
    this.stopPolling();
    for (const link of this.#links) this.#retire(link);
    await Promise.all(this.#retiring);
  }

  destroy(): void {
    this.stopPolling();
    for (const link of [...this.#links, ...this.#leaving]) link.destroy();
  }

  #newPoller(): TopologyPoller {
    const { addresses, pollIntervalMs, timeoutMs, connectTimeoutMs, tls } = this.#options;
    const poller = new TopologyPoller(addresses, {
      intervalMs: pollIntervalMs,
      timeoutMs: timeoutMs + connectTimeoutMs,
      tls,
    });
    poller.onTopology((config) => this.#apply(config));
    poller.onError((error) => this.#pollFailed(error));
    return poller;
  }

  async #poll(poller: TopologyPoller): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, REFRESH_WAIT_MS);
    });
    await Promise.race([poller.pollNow(), patience]);
    clearTimeout(timer);
  }

  /** A server without discovery is a cluster of itself. */
  #pollFailed(error: unknown): void {
    this.#lastError = error;
    const { code } = error as DiscoveryError;
    const isAlone = code === DiscoveryErrorCode.NOT_SUPPORTED || code === DiscoveryErrorCode.NO_NODES;
    if (isAlone && !this.#isKnown) this.#apply({ version: 0, nodes: this.#givenNodes() });
  }

  #givenNodes(): ClusterNode[] {
    return this.#options.addresses.map(({ host, port }) => ({ hostname: host, ip: '', port }));
  }

  #apply({ version, nodes }: ClusterConfig): void {
    const before = new Map(this.#links.map((link) => [identityOf(link.target), link]));
    const links = nodes.map((node) => before.get(identityOf(targetOf(node))) ?? this.#newLink(node));
    const old = this.#links;
    this.#links = links;
    this.#only = links.length === 1 ? links[0] : null;
    this.#ring = new HashRing(nodes);
    this.#isKnown = true;
    this.#lastError = null;
    for (const link of old) if (!links.includes(link)) this.#retire(link);
    const names = new Set(links.map(({ name }) => name));
    const oldNames = new Set(old.map(({ name }) => name));
    this.#announceReady();
    this.#owner.onTopology({
      version,
      nodes,
      added: [...names].filter((name) => !oldNames.has(name)),
      removed: [...oldNames].filter((name) => !names.has(name)),
    });
  }

  #newLink(node: ClusterNode): NodeLink {
    return new NodeLink(targetOf(node), this.#options, this.#owner);
  }

  #retire(link: NodeLink): void {
    this.#leaving.add(link);
    const gone = link.retire().finally(() => {
      this.#retiring.delete(gone);
      this.#leaving.delete(link);
    });
    this.#retiring.add(gone);
  }
}

const scratch = new Uint8Array(KEY_BYTES_MAX);

function hashOf(key: Key): number {
  const end = typeof key === 'string' ? plainKey(scratch, 0, key) : -1;
  return end === -1 ? keyHash(keyBytes(key)) : keyHashOf(scratch, 0, end);
}

/** The ip of the list first, its hostname when that does not connect. */
function targetOf({ hostname, ip, port }: ClusterNode): NodeLink['target'] {
  const hosts = ip === '' || ip === hostname ? [hostname] : [ip, hostname];
  return { name: `${hostname}:${port}`, hosts, port, hostname };
}

function identityOf({ hosts, port }: NodeLink['target']): string {
  return `${hosts.join(' ')} ${port}`;
}
