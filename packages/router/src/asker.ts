/**
 * What the files that serve requests need of a session. `session.ts` is one; nothing else is.
 *
 * It exists so that those files and the session do not import each other.
 */
import type { ClientShare } from './client-share.js';
import type { Exchange, ReplySink } from './exchange.js';
import type { Intake } from './intake.js';
import type { NodeLink } from './node-link.js';
import type { RouteTable } from './route-table.js';

/** Keys that are asked some at a time. */
export interface KeyLine {
  /** Asks the next keys; true if they were the last. */
  issue(): boolean;
  /** The input is about to be used again: what is left is copied. */
  keep(): void;
}

export interface Asker extends ReplySink {
  readonly table: RouteTable;
  readonly intake: Intake;
  /** The port that the client connected to. */
  readonly listenerPort: number;
  readonly share: ClientShare;
  /** Appends a reply of the router's own, put together in table.answer. */
  sayAnswer(): void;
  say(bytes: Buffer, start: number, end: number): void;
  /** A place among the replies that is filled later, through `receive`. */
  owe(exchange: Exchange): void;
  /** Sends bytes[start..end) and owes the answer. */
  forward(link: NodeLink, exchange: Exchange, bytes: Buffer, start: number, end: number): void;
  /** Part of what a group is owed that is asked for key by key. */
  receiveSome(exchange: Exchange, bytes: Buffer, start: number, end: number): void;
  /** The answer for a group could not be kept. */
  postpone(exchange: Exchange, bytes: number): void;
  /** Nothing further is asked until the link has room. */
  blockOn(link: NodeLink): void;
  /** Whether a command for all nodes may run now; else it is decoded again when it may. */
  beginAlone(): boolean;
  /** Asks the line's keys, now or as room comes. */
  followLine(line: KeyLine): void;
  /** Serves nothing more; closes when everything owed is sent. */
  finish(): void;
}
