/**
 * Asks a node once whether it answers: a fresh connection, `version` and `config get cluster` in one write, two replies.
 *
 * Called by health-monitor.ts. A fresh connection tests what a new client meets: that somebody listens, accepts and serves.
 * Never rejects; ends within the deadline, give or take one turn of the event loop.
 */
import { connect, type Socket } from 'node:net';
import { CONFIG_BYTES_MAX, Decoded, parseClusterConfig, ReplyKind, readTextReply, TextReply } from '@shoal/protocol';

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

export type ProbeOutcome =
  /** `configVersion`: 0 without a configuration, null when it answers but had no room for this client. */
  | { readonly kind: 'answered'; readonly configVersion: number | null }
  /** `isSilence`: nothing wrong was seen, only nothing at all, which can also be the fault of whoever listens. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isSilence: boolean };

const REQUEST = 'version\r\nconfig get cluster\r\n';
/** The configuration, and the lines around it. */
const ANSWER_BYTES_MAX = CONFIG_BYTES_MAX + 1024;
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENOTFOUND: 'no such host',
};

export function probeNode({ host, port }: ProbeTarget, deadlineMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    // What has arrived but was not read yet, because this process was busy, is read first.
    const timer = setTimeout(() => setImmediate(() => finish(silence(deadlineMs))), deadlineMs);
    socket.on('error', (error: NodeJS.ErrnoException) => finish(failure(REASONS[error.code ?? ''] ?? error.message)));
    socket.once('connect', () => socket.write(REQUEST));
    readAnswer(socket, finish);
  });
}

function readAnswer(socket: Socket, finish: (outcome: ProbeOutcome) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const outcome = outcomeOf(received);
    if (outcome !== null) finish(outcome);
    else if (received.length > ANSWER_BYTES_MAX) finish(failure('it answers more than a configuration has'));
  });
  socket.once('end', () => finish(failure('it closed the connection without an answer')));
}

/** Null while the answer is not complete. */
export function outcomeOf(received: Uint8Array): ProbeOutcome | null {
  const view = new DataView(received.buffer, received.byteOffset, received.byteLength);
  const reply = new TextReply();
  const read = (start: number) => readTextReply(received, view, start, received.length, reply);
  const kind = (): number => reply.kind;
  const first = read(0);
  if (first !== Decoded.READY) return unfinished(first, 'version');
  // `ERROR Too many open connections`: it lives, and has all the clients that it takes.
  if (kind() === ReplyKind.ERROR) return { kind: 'answered', configVersion: null };
  if (kind() !== ReplyKind.VERSION) return strange('version');
  const second = read(reply.next);
  if (second !== Decoded.READY) return unfinished(second, 'config get cluster');
  if (kind() === ReplyKind.END) return { kind: 'answered', configVersion: 0 };
  if (kind() !== ReplyKind.CONFIG) return strange('config get cluster');
  const { valueStart, valueBytes } = reply;
  const third = read(reply.next);
  if (third !== Decoded.READY) return unfinished(third, 'config get cluster');
  const config = parseClusterConfig(received.subarray(valueStart, valueStart + valueBytes));
  return { kind: 'answered', configVersion: typeof config === 'string' ? 0 : config.version };
}

function unfinished(outcome: Decoded, request: string): ProbeOutcome | null {
  return outcome === Decoded.NEED_MORE ? null : strange(request);
}

function strange(request: string): ProbeOutcome {
  return failure(`it does not answer ${request} as memcached does`);
}

function silence(deadlineMs: number): ProbeOutcome {
  return { kind: 'failed', reason: `no answer within ${deadlineMs} ms`, isSilence: true };
}

function failure(reason: string): ProbeOutcome {
  return { kind: 'failed', reason, isSilence: false };
}
