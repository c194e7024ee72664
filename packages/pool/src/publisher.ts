/**
 * Hands a version of a cluster's list to one of its nodes: `config set` with the cluster's secret over a connection of its own.
 *
 * Called by the supervisor, for many nodes at the same time. All goes in one write: lists of other listeners, withdrawals of
 * those that there are no more, and `cluster` last, so a node whose `cluster` has the version has all of it. Resolves when
 * each was taken, rejects with a PublishError otherwise, never later than the deadline. Knows nothing of who has what: the
 * supervisor remembers that.
 */
import { connect } from 'node:net';
import { type ClusterConfig, CONFIG_KEY, encodeClusterConfig } from '@shoal/protocol';
import { type ClusterRecord, configOf, listedNodes, type NodeAddress, type NodeRecord } from './model.js';

const PUSH_DEADLINE_MS = 700;
/** A reply is a word, or an error of one line. */
const REPLY_BYTES_MAX = 4096;

export class PublishError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`Cannot push the configuration: ${reason}`, options);
    this.name = 'PublishError';
  }
}

/** One `config set`: the key and its payload. */
export interface PublishedList {
  readonly key: string;
  readonly payload: Uint8Array;
}

export type Publish = (node: NodeRecord, cluster: ClusterRecord) => Promise<void>;

export const publish: Publish = async (node, cluster) => {
  const { request, replyCount } = pushOf(cluster);
  await converse(reachOf(node.address), request, replyCount);
};

interface Push {
  readonly request: Buffer;
  readonly replyCount: number;
}

/** Every node of a cluster is sent the same bytes, and composing them takes as long as the list is. */
const pushes = new WeakMap<ClusterRecord, Push>();

function pushOf(cluster: ClusterRecord): Push {
  const known = pushes.get(cluster);
  if (known !== undefined) return known;
  const lists = listsOf(cluster);
  if (lists.length === 0) throw new PublishError('the cluster has no list');
  const withdrawn = withdrawnKeys(cluster);
  const request = composePush(lists, withdrawn, cluster.secret);
  const push = { request, replyCount: lists.length + withdrawn.length };
  pushes.set(cluster, push);
  return push;
}

/** Where the pool reaches a node: its ip needs no resolver. */
export function reachOf({ hostname, ip, port }: NodeAddress): { readonly host: string; readonly port: number } {
  return { host: ip === '' ? hostname : ip, port };
}

/** The ports of listeners for which some listed node has an address of its own, in order. */
export function listenerPorts(cluster: ClusterRecord): readonly number[] {
  const ports = listedNodes(cluster).flatMap((node) => Object.keys(node.listenerAddresses).map(Number));
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** A listener's list that cannot be told, because two nodes claim one address there, is left out: its clients get `cluster`. */
export function listenerConfigs(cluster: ClusterRecord): ReadonlyMap<number, ClusterConfig> {
  const configs = new Map<number, ClusterConfig>();
  for (const port of listenerPorts(cluster)) {
    const config = configOf(cluster, port);
    if (config !== null && namesEachNodeOnce(config)) configs.set(port, config);
  }
  return configs;
}

function namesEachNodeOnce({ nodes }: ClusterConfig): boolean {
  return new Set(nodes.map(({ hostname, port }) => `${hostname}:${port}`)).size === nodes.length;
}

export function listsOf(cluster: ClusterRecord): readonly PublishedList[] {
  const config = configOf(cluster);
  if (config === null) return [];
  const others = [...listenerConfigs(cluster)].map(([port, each]) => listOf(`${CONFIG_KEY}:${port}`, each));
  return [...others, listOf(CONFIG_KEY, config)];
}

/** Lists of listeners that once were and are not published now: who comes in there gets `cluster` once they are gone. */
export function withdrawnKeys(cluster: ClusterRecord): readonly string[] {
  const published = listenerConfigs(cluster);
  const ports = new Set([...(cluster.listenerPorts ?? []), ...listenerPorts(cluster)]);
  return [...ports].filter((port) => !published.has(port)).map((port) => `${CONFIG_KEY}:${port}`);
}

function listOf(key: string, config: ClusterConfig): PublishedList {
  return { key, payload: encodeClusterConfig(config) };
}

function composePush(lists: readonly PublishedList[], withdrawn: readonly string[], secret: string): Buffer {
  const deletions = withdrawn.map((key) => Buffer.from(`config delete ${key} ${secret}\r\n`));
  const sets = lists.flatMap(({ key, payload }) => [
    Buffer.from(`config set ${key} 0 ${payload.length} ${secret}\r\n`),
    payload,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...deletions, ...sets]);
}

/** What a node says that did as it was told; NOT_FOUND: it never had the list that is withdrawn. */
const AGREEMENTS: readonly string[] = ['STORED', 'DELETED', 'NOT_FOUND'];

/** Writes, and reads as many lines as there are commands; the first that is no agreement is the reason of the failure. */
function converse(address: { host: string; port: number }, request: Buffer, replyCount: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    let replies = '';
    const settle = (error: PublishError | null) => {
      clearTimeout(timer);
      socket.destroy();
      if (error === null) resolve();
      else reject(error);
    };
    const timer = setTimeout(
      () => settle(new PublishError(`no answer within ${PUSH_DEADLINE_MS} ms`)),
      PUSH_DEADLINE_MS,
    );
    socket.on('error', (error) => settle(new PublishError(error.message, { cause: error })));
    socket.on('close', () => settle(new PublishError('the node closed the connection')));
    socket.on('data', (bytes: Buffer) => {
      replies += bytes.toString('latin1');
      const lines = replies.split('\r\n').slice(0, -1);
      const refusal = lines.find((line) => !AGREEMENTS.includes(line));
      if (refusal !== undefined) settle(new PublishError(refusal));
      else if (lines.length >= replyCount) settle(null);
      else if (replies.length > REPLY_BYTES_MAX) settle(new PublishError('the answer is no line'));
    });
    socket.write(request);
  });
}
