/**
 * The log of a server: pino, JSON lines on standard output, or readable ones on a terminal.
 *
 * Only the main thread writes it, from server.ts and main.ts; workers report. One line for each change in the life of the
 * server, nothing for a request, and never a key, a value or a secret. Writing is asynchronous and bounded, because a reader
 * of the log that has stopped reading must not stop the clock of the node: what does not fit is dropped.
 */
import { destination, type Logger, pino } from 'pino';
import type { LogLevel, ResolvedServerOptions } from './options.js';

export type Log = Logger;

const STDOUT = 1;
/** Lines that wait for a slow reader. */
const WAITING_BYTES_MAX = 1_048_576;
const LEVEL_OF_VERBOSITY: readonly LogLevel[] = ['info', 'debug', 'trace', 'trace'];
const FLUSH_BOUND_MS = 500;

export function levelOf({ logLevel, verbosity }: Pick<ResolvedServerOptions, 'logLevel' | 'verbosity'>): LogLevel {
  return logLevel ?? LEVEL_OF_VERBOSITY[verbosity];
}

export interface OpenLog {
  readonly log: Log;
  /** Resolves when everything is written, or after a bound. */
  flush(): Promise<void>;
}

export async function openLog(level: LogLevel): Promise<OpenLog> {
  const output = destination({ fd: STDOUT, sync: false, minLength: 0, maxLength: WAITING_BYTES_MAX });
  // Whoever read the log has gone: the node has better things to do than to die of it.
  output.on('error', () => {});
  const stream = process.stdout.isTTY ? await prettyInto(output) : output;
  return { log: pino({ level }, stream), flush: () => flushed(output) };
}

async function prettyInto(output: ReturnType<typeof destination>): Promise<NodeJS.WritableStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: output, colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}

function flushed(output: ReturnType<typeof destination>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_BOUND_MS);
    output.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
