/**
 * A running server as its owner sees it: what `startServer` answers, the phases of its life, and why it stopped.
 *
 * Types, and the two limits that tests change; server.ts has the code. Re-exported by index.ts.
 */
import type { Endpoint } from './connection-table.js';
import type { Log } from './log.js';
import type { ResolvedServerOptions } from './options.js';
import type { TransportName } from './settings.js';

/** Why a server has stopped. */
export type StopReason =
  | { readonly kind: 'closed' }
  | { readonly kind: 'destroyed' }
  /** The `shutdown` command. */
  | { readonly kind: 'shutdown'; readonly graceful: boolean }
  | { readonly kind: 'failed'; readonly error: Error };

export type ServerPhase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving' }
  | { readonly kind: 'closing'; readonly reason: StopReason }
  | { readonly kind: 'closed'; readonly reason: StopReason };

export interface RunningServer {
  readonly options: ResolvedServerOptions;
  readonly transport: TransportName;
  /** Where it listens, in the order opened. */
  readonly endpoints: readonly Endpoint[];
  /** The first TCP port, 0 without TCP. */
  readonly port: number;
  readonly phase: ServerPhase;
  /** Resolves when it has stopped, whatever the reason. Never rejects. */
  readonly stopped: Promise<StopReason>;
  /** For a managed node that learns its secret after the start: from now on the word that lets the pool in. */
  setClusterSecret(secret: string): void;
  /** Accepts nothing more, finishes what is in flight within a bound, then frees everything. Any number of calls. */
  close(): Promise<void>;
  /** Drops everything now. */
  destroy(): Promise<void>;
}

export interface ServerLimits {
  /** A reader that takes nothing for this long while replies wait for it is disconnected. */
  readonly slowReaderMs: number;
  /** A graceful stop waits this long for what is in flight. */
  readonly closeBoundMs: number;
}

export const SERVER_LIMITS: ServerLimits = { slowReaderMs: 30_000, closeBoundMs: 2000 };

export interface LaunchHooks {
  readonly log: Log;
  /** Runs when TCP is bound and before any thread is started: `-u`. */
  readonly afterBind?: () => void;
  /** Runs when all addresses are known and nobody can connect yet: pid file, port file. */
  readonly beforeListen?: (endpoints: readonly Endpoint[]) => void;
  readonly limits?: ServerLimits;
}
