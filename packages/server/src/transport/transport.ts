/**
 * What a transport is: it moves bytes between sockets and the sessions of one worker, and knows no command.
 *
 * worker.ts makes the parts, picks the transport that main decided on (choice.ts) and lets it serve until an order ends it. Three
 * exist behind this interface (io_uring, epoll, net); what they share stands in connection.ts and roster.ts.
 */
import type { ConnectionTable } from '../connection-table.js';
import type { Dealing } from '../dealing.js';
import type { WorkerOrder } from '../messages.js';
import type { Wakeups } from '../wakeups.js';
import type { ConnectionInfo, Flusher, WorkerContext } from '../worker-context.js';
import type { Libc } from './libc.js';

export interface Transport {
  /** Resolves when an order has ended it and all its sockets are closed. On epoll the thread is busy until then. */
  serve(): Promise<void>;
}

/** What a transport needs of a session; see session.ts for the contract. */
export interface ConnectionSession {
  readonly isStreaming: boolean;
  readonly isBetweenCommands: boolean;
  hold(): number;
  run(end: number, start?: number): number;
  pump(): number;
  close(): void;
}

export interface TransportParts {
  readonly worker: WorkerContext;
  readonly table: ConnectionTable;
  readonly wakeups: Wakeups;
  /** The next order of the main thread, undefined when there is none. Looked at after every wake-up. */
  readonly nextOrder: () => WorkerOrder | undefined;
  readonly openSession: (connection: ConnectionInfo & Flusher) => ConnectionSession;
  /** A reader that takes nothing for this long while replies wait for it is disconnected. */
  readonly slowReaderMs: number;
  /** The thread to wake when a row becomes free while nobody is accepted. */
  readonly acceptor: number;
  /** Connections that the acceptor has for this worker. */
  readonly dealing: Dealing;
}

/** A listening socket that main has opened: what the thread that accepts gets. */
export interface Listener {
  readonly descriptor: number;
  readonly row: number;
}

/** What the transports need that call libc themselves. */
export interface NativeParts extends TransportParts {
  readonly libc: Libc;
  /** The eventfd that Wakeups writes for this worker. */
  readonly wakeDescriptor: number;
  /** Only the accepting worker's list has entries. */
  readonly listeners: readonly Listener[];
}
