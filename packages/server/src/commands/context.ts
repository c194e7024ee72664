/**
 * What a command may ask of the session it runs for. Commands know this and the worker, never a socket and never the session's own file.
 *
 * All bytes lie in worker.input and worker.output. A command leaves `request.next` where the session shall go on, and answers an Outcome.
 */
import type { ConfigUpload } from '../config-upload.js';
import type { ConnectionInfo } from '../worker-context.js';
import type { StoreTicket } from './store-ticket.js';

export interface CommandSession {
  readonly connection: ConnectionInfo;
  /** One past the last received byte of worker.input. */
  readonly inputEnd: number;
  /** Sends the output. False: blocked; append nothing more and answer Outcome.BLOCKED. */
  flush(): boolean;

  /** The data block of a storage command is not all here: takes what is, keeps the ticket and finishes the command when the rest has come. */
  awaitBlock(ticket: StoreTicket): number;

  /** The same for the text of a discovery configuration. */
  awaitUpload(upload: ConfigUpload): number;

  /**
   * A command is refused that has a data block of `blockBytes`, from request.next on. Its reply was appended at `mark`; it leaves once the
   * block has been thrown away, as memcached does.
   */
  refuse(mark: number, blockBytes: number): number;

  /** Streams the value of a pinned item behind what stands in the output. False: blocked, the session goes on by itself later. */
  streamValue(ref: number, hash: number, endsLine: boolean): boolean;

  /** Blocked in the middle of a text get: keeps the keys input[from..lineEnd) to go on with. */
  keepKeys(op: number, exptime: number, from: number, lineEnd: number): void;
}
