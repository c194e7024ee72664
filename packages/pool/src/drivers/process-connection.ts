/**
 * One connection to the host of local nodes: requests with a deadline each, their replies, and the host's events.
 *
 * process-link.ts opens it and says hello. When it closes, for whatever reason, every request under way fails with
 * UNAVAILABLE and `onClose` is called once. A host that does not answer is told apart from one that refuses.
 */
import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { type HostQuestion, type NodeExit, parseMessage, REPLY_CHARS_MAX } from '../host/host-protocol.js';
import { LineSplitter } from '../host/line-splitter.js';
import { DriverError, DriverErrorCode } from './driver.js';

export interface ConnectionEvents {
  readonly onExit: (exit: NodeExit) => void;
  readonly onClose: (reason: string, connection: HostConnection) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const PENDING_MAX = 2000;

/** The host did not answer within the time. */
export class HostSilentError extends DriverError {
  constructor(what: string, timeoutMs: number) {
    super(DriverErrorCode.UNAVAILABLE, `Cannot ${what}: the host of local nodes did not answer within ${timeoutMs} ms`);
    this.name = 'HostSilentError';
  }
}

export class HostConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #isClosed = false;

  private constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    const lines = new LineSplitter({
      charsMax: REPLY_CHARS_MAX,
      onLine: (line) => this.#read(line),
      onTooLong: () => this.#close('it sent a line of more than a million characters'),
    });
    let reason = 'it closed the connection';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => lines.push(chunk));
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.once('close', () => this.#close(reason));
  }

  /** Rejects with the error of the socket, whose code says whether there is a host at all. */
  static open(path: string, events: ConnectionEvents): Promise<HostConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HostConnection(socket, events));
      });
    });
  }

  /** Rejects with a DriverError; `what` names in it what could not be done. */
  async ask<Result>(question: HostQuestion, { schema, timeoutMs, what }: Asking<Result>): Promise<Result> {
    if (this.#isClosed) throw unavailable(what, 'the host of local nodes is gone');
    if (this.#pending.size >= PENDING_MAX) throw unavailable(what, 'too many requests are under way');
    const id = ++this.#lastId;
    const result = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new HostSilentError(what, timeoutMs));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.write(`${JSON.stringify({ ...question, id })}\n`);
    });
    const parsed = schema.safeParse(result);
    if (!parsed.success) throw unavailable(what, 'the host of local nodes answered something else');
    return parsed.data;
  }

  close(): void {
    this.#close('closed');
  }

  #read(line: string): void {
    const message = parseMessage(line);
    if (message === null) {
      this.#close('it sent what is no message');
    } else if ('event' in message) {
      this.#events.onExit(message.event);
    } else if ('error' in message) {
      const { code, message: text } = message.error;
      this.#settle(message.id)?.reject(new DriverError(knownCode(code), text));
    } else {
      this.#settle(message.id)?.resolve(message.result);
    }
  }

  #settle(id: number | null): Pending | undefined {
    const pending = this.#pending.get(id ?? 0);
    if (pending === undefined) return undefined;
    this.#pending.delete(id ?? 0);
    clearTimeout(pending.timer);
    return pending;
  }

  #close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    const error = unavailable('reach the host of local nodes', reason);
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
    this.#events.onClose(reason, this);
  }
}

export interface Asking<Result> {
  readonly schema: z.ZodType<Result>;
  readonly timeoutMs: number;
  /** Follows "Cannot". */
  readonly what: string;
}

function unavailable(what: string, reason: string): DriverError {
  return new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot ${what}: ${reason}`);
}

function knownCode(code: string): DriverErrorCode {
  const known = Object.values(DriverErrorCode).find((each) => each === code);
  return known ?? DriverErrorCode.UNAVAILABLE;
}
