/**
 * The registry: where cluster records live, behind one interface. `embedded.ts` keeps them in one file, `etcd.ts` in etcd.
 *
 * Called by the supervisor and the request handlers. What `save` and `remove` acknowledge survives kill -9 at any moment.
 * Every write names the revision it builds on, so two writers never overwrite each other: the loser gets a
 * RegistryError CONFLICT, reads again and decides anew.
 */
import { CodedError } from '../coded-error.js';
import type { ClusterRecord } from '../model.js';

/** A record and the revision to name when it is written again. Revisions mean nothing else and are compared as equal or not. */
export interface StoredCluster {
  readonly cluster: ClusterRecord;
  readonly revision: string;
}

export const RegistryErrorCode = {
  /** Somebody else wrote in between. */
  CONFLICT: 'CONFLICT',
  /** No answer, or no quorum, within the deadline. May work later. */
  UNAVAILABLE: 'UNAVAILABLE',
  /** What is stored cannot be read: damaged, or written by a future release. Nothing was changed. */
  UNREADABLE: 'UNREADABLE',
  /** Another daemon holds the data directory. */
  LOCKED: 'LOCKED',
} as const;
export type RegistryErrorCode = (typeof RegistryErrorCode)[keyof typeof RegistryErrorCode];

export class RegistryError extends CodedError<RegistryErrorCode> {}

export interface RegistryEvents {
  /** The record of a cluster changed (by anyone, this process included), or it is gone (null). */
  readonly onChange: (clusterId: string, stored: StoredCluster | null) => void;
  /** This daemon became, or is no longer, the one that acts for registered clusters. The embedded registry leads at once. */
  readonly onLeadership: (isLeader: boolean) => void;
  /** The registry went away or came back: told once a change. Watches resume without losing a change. */
  readonly onReachable: (isReachable: boolean, reason?: string) => void;
}

export interface Registry {
  /** For messages: `/var/lib/shoal/registry.json`, `etcd://127.0.0.1:2379`. */
  readonly name: string;
  readonly isLeader: boolean;
  /** No other daemon uses it: what it holds is this daemon's, whoever's it was. */
  readonly isExclusive: boolean;
  /** Opens, and delivers from now on. Rejects with a RegistryError. Every cluster that exists is delivered first. */
  open(events: RegistryEvents): Promise<void>;
  /** As of now, read through to what is stored. */
  load(): Promise<readonly StoredCluster[]>;
  loadOne(clusterId: string): Promise<StoredCluster | null>;
  /** Writes a record; `revision` null creates it and conflicts with one that exists. Answers the new revision. */
  save(cluster: ClusterRecord, revision: string | null): Promise<string>;
  /** Removes a record and keeps its version as the floor of a later cluster of the same id. */
  remove(clusterId: string, revision: string): Promise<void>;
  /** The last version that any cluster of this id ever had; 0 if none. */
  versionFloor(clusterId: string): Promise<number>;
  /** Whether the daemon of this id runs and reaches the registry, as far as that knows. Rejects with a RegistryError. */
  isPresent(daemonId: string): Promise<boolean>;
  /** Lets go. Any number of calls. */
  close(): Promise<void>;
}
