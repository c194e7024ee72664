/**
 * What one worker thread has in hand while it serves commands: the store, one receive buffer, one reply writer, a few decoded requests and the
 * parts shared with other threads. Made once a worker (worker.ts) and passed to every session and command; nothing in it belongs to a connection.
 * All of it is used by its own thread only, except what stands in shared memory (store, settings, activity, outboxes, prefixes, configs, connections).
 * input and output are one piece of memory each that never moves, because the functions of the shortest paths are bound to it.
 */
import type { MetaLines, Request, Spelling, ValueLines } from '@shoal/protocol';
import type { Overwrites, Reads, Store } from '@shoal/store';
import type { ActivityLog } from './activity-log.js';
import type { KeyGroup } from './commands/key-group.js';
import type { Lookahead } from './commands/lookahead.js';
import type { ConfigTable } from './config-table.js';
import type { ConnectionTable } from './connection-table.js';
import type { HostLink } from './messages.js';
import type { Outboxes } from './outbox.js';
import type { PrefixTable } from './prefix-table.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerCounters } from './server-counters.js';
import type { Settings } from './settings.js';

/** What a session (or a command) tells its caller to do next. */
export const Outcome = {
  /** All input is used or held: wait for more. */
  OPEN: 0,
  /** The turn's share of commands (-R) is used up and input is held: call run(hold()) again after the other connections. */
  YIELD: 1,
  /** The transport has a backlog: call run(hold()) again once it has drained, read nothing before. */
  BLOCKED: 2,
  /** Send what is in the output, then close. */
  CLOSE: 3,
  /** An outbox feeds the connection (watch, key dump): see ConnectionInfo.outbox. */
  STREAM: 4,
} as const;

/** memcached's words for the end of a connection, as `watch connevents` prints them. */
export const CloseReason = { ERROR: 0, NORMAL: 1, IDLE_TIMEOUT: 2, SHUTDOWN: 3 } as const;

/** What a session knows of its connection. The transport makes it and owns it. */
export interface ConnectionInfo {
  /** The number shown as cfd in watch lines and as the row's name in `stats conns`. */
  readonly id: number;
  /** Row of the connection table. */
  readonly row: number;
  /** Slot of the outbox that feeds this connection, -1 when none does. */
  outbox: number;
  /** A CloseReason, set before a session answers CLOSE. */
  closeReason: number;
}

/** The way out of a session, made by the transport, one for each connection. */
export interface Flusher {
  /**
   * Sends all that stands in worker.output and empties it. False: the socket did not take everything, the rest now waits in the
   * connection's backlog and the session must append nothing more before it is run again.
   */
  flush(): boolean;
}

/** The store, a worker's input and output, and what is bound to them; made by `openMemory`. */
export interface WorkerMemory {
  readonly store: Store;
  /** See input-memory.ts. */
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: ReplyWriter;
  /** Reads of the store, of keys in `input` and values into `output`. */
  readonly reads: Reads;
  /** Sets over live values, of keys and values in `input`. */
  readonly overwrites: Overwrites;
  /** Keys in `input` and numbers, into `output`; and whole lines of them. */
  readonly spelling: Spelling;
  /** VALUE lines of keys in `input`, into `output`. */
  readonly valueLines: ValueLines;
  /** The lines of plain meta gets, likewise. */
  readonly metaLines: MetaLines;
  /** The keys of a text get that are answered next. */
  readonly keys: KeyGroup;
  /** The command that is served: one of `ahead`. Set by the session. */
  request: Request;
  /** Hash of the request's key, if it is a data command. */
  keyHash: number;
  readonly ahead: Lookahead;
}

export interface WorkerContext extends WorkerMemory {
  readonly id: number;
  /** ServerCounter.* row of this worker. */
  readonly counters: Float64Array;
  /** All rows of ServerCounter, for reports. */
  readonly totals: ServerCounters;
  readonly settings: Settings;
  readonly activity: ActivityLog;
  readonly prefixes: PrefixTable;
  readonly configs: ConfigTable;
  readonly connections: ConnectionTable;
  readonly outboxes: Outboxes;
  readonly host: HostLink;
}
