/**
 * The embedded registry: every record in one file of the data directory, written anew with each change.
 *
 * Made by the daemon, which holds the lock of the data directory, so nobody else writes the file. Changes run one after
 * the other; each is on the disk before it is acknowledged and delivered. Leads at once, since there is nobody else.
 * A write that fails leaves the registry as it was, and the file is read again before the next one.
 */
import { stat } from 'node:fs/promises';
import type { ClusterRecord } from '../model.js';
import { storableRecord } from './record-format.js';
import {
  type Registry,
  RegistryError,
  RegistryErrorCode,
  type RegistryEvents,
  type StoredCluster,
} from './registry.js';
import { EMPTY_CONTENT, type RegistryContent, readRegistryFile, writeRegistryFile } from './registry-file.js';

type Entry = RegistryContent['clusters'][string];

export class EmbeddedRegistry implements Registry {
  readonly name: string;
  readonly isExclusive = true;
  #events: RegistryEvents | null = null;
  #content: RegistryContent = EMPTY_CONTENT;
  /** Which file #content was read from or written to; anything else on the disk is read before it is replaced. */
  #identity: string | null = null;
  #isReachable = true;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.name = path;
  }

  get isLeader(): boolean {
    return this.#events !== null;
  }

  async open(events: RegistryEvents): Promise<void> {
    await this.#inTurn(() => this.#refresh());
    this.#events = events;
    for (const entry of Object.values(this.#content.clusters)) events.onChange(entry.cluster.id, storedOf(entry));
    events.onLeadership(true);
  }

  load(): Promise<readonly StoredCluster[]> {
    return this.#inTurn(async () => {
      await this.#refresh();
      return Object.values(this.#content.clusters).map(storedOf);
    });
  }

  async loadOne(clusterId: string): Promise<StoredCluster | null> {
    return (await this.load()).find(({ cluster }) => cluster.id === clusterId) ?? null;
  }

  save(cluster: ClusterRecord, revision: string | null): Promise<string> {
    return this.#inTurn(async () => {
      const record = storableRecord(cluster);
      await this.#refresh();
      this.#requireRevision(record.id, revision);
      const next = this.#content.revision + 1;
      const entry = { revision: next, cluster: record };
      await this.#write({
        ...this.#content,
        revision: next,
        clusters: inOrder({ ...this.#content.clusters, [record.id]: entry }),
      });
      const stored = storedOf(entry);
      this.#events?.onChange(record.id, stored);
      return stored.revision;
    });
  }

  remove(clusterId: string, revision: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#refresh();
      this.#requireRevision(clusterId, revision);
      const floor = this.#floorOf(clusterId);
      const { [clusterId]: _removed, ...clusters } = this.#content.clusters;
      await this.#write({
        ...this.#content,
        revision: this.#content.revision + 1,
        clusters,
        versionFloors: { ...this.#content.versionFloors, [clusterId]: floor },
      });
      this.#events?.onChange(clusterId, null);
    });
  }

  versionFloor(clusterId: string): Promise<number> {
    return this.#inTurn(async () => {
      await this.#refresh();
      return this.#floorOf(clusterId);
    });
  }

  /** Nobody else has this file, so no other daemon can be there. */
  async isPresent(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    this.#events = null;
    await this.#turn;
  }

  #floorOf(clusterId: string): number {
    const { clusters, versionFloors, leastFloor = 0 } = this.#content;
    return Math.max(clusters[clusterId]?.cluster.version ?? 0, versionFloors[clusterId] ?? 0, leastFloor);
  }

  #requireRevision(clusterId: string, revision: string | null): void {
    const entry = this.#content.clusters[clusterId];
    const current = entry === undefined ? null : String(entry.revision);
    if (current === revision) return;
    const what = current === null ? 'it is gone' : revision === null ? 'it exists' : 'somebody changed it meanwhile';
    throw new RegistryError(RegistryErrorCode.CONFLICT, `Cannot write cluster ${clusterId}: ${what}`);
  }

  async #refresh(): Promise<void> {
    const identity = await this.#identityOnDisk();
    if (identity === this.#identity) return;
    this.#content = (await readRegistryFile(this.name)) ?? EMPTY_CONTENT;
    this.#identity = identity;
  }

  async #write(content: RegistryContent): Promise<void> {
    // Until the write is known to have worked, nobody knows which of the two texts is there.
    this.#identity = null;
    try {
      await writeRegistryFile(this.name, content);
    } catch (error) {
      this.#setReachable(false, (error as Error).message);
      throw error;
    }
    this.#content = content;
    this.#identity = await this.#identityOnDisk();
    this.#setReachable(true);
  }

  async #identityOnDisk(): Promise<string> {
    const found = await stat(this.name, { bigint: true }).catch(() => null);
    return found === null ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`;
  }

  #setReachable(isReachable: boolean, reason?: string): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    this.#events?.onReachable(isReachable, reason);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function storedOf({ revision, cluster }: Entry): StoredCluster {
  return { cluster, revision: String(revision) };
}

/** By id, so that the file and what is delivered first do not depend on the order of creation. */
function inOrder(clusters: RegistryContent['clusters']): RegistryContent['clusters'] {
  return Object.fromEntries(Object.entries(clusters).sort(([a], [b]) => (a < b ? -1 : 1)));
}
