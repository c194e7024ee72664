// What the control plane did in a story, in order: the script that the simulated clients are then played against, once for
// every kind of client, because what they do changes nothing about it. Written by control-plane.ts. Types only, and how a
// list is weighed.
import { type ClusterConfig, encodeClusterConfig } from '@shoal/protocol';
import type { ChangeName } from './story.js';

export type Happening =
  /** A node answers with this version from now on. */
  | { readonly kind: 'told'; readonly atMs: number; readonly node: number; readonly version: number }
  /** The endpoint answers with it. */
  | { readonly kind: 'shown'; readonly atMs: number; readonly version: number }
  /** Nodes that stopped answering at one moment without having left. */
  | { readonly kind: 'lost'; readonly atMs: number; readonly nodes: readonly number[]; readonly isSilent: boolean }
  /** Nodes that ended after they had left. */
  | { readonly kind: 'ended'; readonly atMs: number; readonly nodes: readonly number[] };

export interface PublishedList {
  readonly config: ClusterConfig;
  /** Of a whole answer to `config get cluster`. */
  readonly answerBytes: number;
}

/** What the pool made of one change of the story. */
export interface ChangeReport {
  readonly name: ChangeName;
  readonly atMs: number;
  /** First and last version that it led to. */
  readonly firstVersion: number;
  readonly lastVersion: number;
  /** From the change until these were saved. */
  readonly firstAfterMs: number;
  readonly lastAfterMs: number;
  /** From the change until every node that can be reached had the last. */
  readonly toldAfterMs: number;
  readonly pushes: number;
  readonly failedPushes: number;
  readonly nodesListed: number;
}

export interface CourseOfEvents {
  readonly happenings: readonly Happening[];
  readonly lists: ReadonlyMap<number, PublishedList>;
  readonly changes: readonly ChangeReport[];
  /** Every node that ever was, by its index. */
  readonly nodes: readonly { readonly hostname: string; readonly zone: number }[];
  readonly probes: number;
}

export function weighed(config: ClusterConfig): PublishedList {
  const { length } = encodeClusterConfig(config);
  const head = `CONFIG cluster 0 ${length}\r\n`;
  const tail = '\r\nEND\r\n';
  return { config, answerBytes: head.length + length + tail.length };
}
