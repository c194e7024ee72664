/**
 * A driver carries out what the plan says about the processes of nodes: the interface of process.ts, docker.ts and
 * registered.ts. It knows nothing of lists, versions and health; it starts, stops, kills, and tells what ended.
 *
 * Called by the supervisor alone. Every operation is idempotent: starting what runs and stopping what is gone succeed.
 */
import { CodedError } from '../coded-error.js';
import type { DriverKind } from '../model.js';

export interface NodeKey {
  readonly clusterId: string;
  readonly nodeId: string;
}

/** Everything that a node needs to know at its start. */
export interface NodeLaunch extends NodeKey {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** See ClusterRecord.secret. Never shown in a process list. */
  readonly secret: string;
}

export interface RunningNode extends NodeKey {
  /** For people: `pid 4711`, `container 3f2a…`. */
  readonly handle: string;
  readonly startedAtMs: number;
  /** Where clients reach it, if that is the driver's to say. Left out: where the launch said. */
  readonly place?: NodePlace;
}

/** The part of an address that a driver may decide; the port is always the one of the launch. */
export interface NodePlace {
  readonly hostname: string;
  readonly ip: string;
}

export type DriverEvent =
  /** A node ended, asked or not. */
  | { readonly kind: 'exited'; readonly key: NodeKey; readonly reason: string }
  /** Nothing of this driver runs any more: its host or engine went away. It is being brought back. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** It is back: `list` and `start` work. */
  | { readonly kind: 'ready' };

export const DriverErrorCode = {
  /** The port is taken by somebody else. */
  PORT_IN_USE: 'PORT_IN_USE',
  /** The node ended before it served, for any other reason. */
  START_FAILED: 'START_FAILED',
  /** Host or engine cannot be reached. */
  UNAVAILABLE: 'UNAVAILABLE',
} as const;
export type DriverErrorCode = (typeof DriverErrorCode)[keyof typeof DriverErrorCode];

export class DriverError extends CodedError<DriverErrorCode> {}

export interface Driver {
  readonly kind: DriverKind;
  /** Reaches the host or engine, adopting what already runs. Events arrive from here on. */
  open(onEvent: (event: DriverEvent) => void): Promise<void>;
  /** What runs now, adopted nodes included. */
  list(): Promise<readonly RunningNode[]>;
  /** Resolves when the node listens; rejects with a DriverError. */
  start(launch: NodeLaunch): Promise<RunningNode>;
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when it is gone. */
  stop(key: NodeKey, options: { readonly graceMs: number }): Promise<void>;
  /** SIGKILL, for a node that hangs. Resolves when it is gone. */
  kill(key: NodeKey): Promise<void>;
  /** Lets go: nodes serve on, and a later `open` adopts them. */
  close(): Promise<void>;
  /** Stops every node, and the host if there is one. */
  shutDown(options: { readonly graceMs: number }): Promise<void>;
}
