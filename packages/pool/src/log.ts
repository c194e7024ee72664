/**
 * The log of a pool: pino, JSON lines on standard error, or readable ones on a terminal. Opened by main.ts.
 *
 * Standard output stays free for what `shoal up` prints. A line for each change in the life of the pool and its nodes, never
 * a secret or a token. Writing is asynchronous and bounded, because a reader that stopped must not stop the pool.
 */
import { destination, type Logger, pino } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Logger;

const STDERR = 2;
/** Lines that wait for a slow reader. */
const WAITING_BYTES_MAX = 1_048_576;
const FLUSH_BOUND_MS = 500;

export interface OpenLog {
  readonly log: Log;
  /** Resolves when everything is written, or after a bound. */
  flush(): Promise<void>;
}

export async function openLog(level: LogLevel): Promise<OpenLog> {
  const output = destination({ fd: STDERR, sync: false, minLength: 0, maxLength: WAITING_BYTES_MAX });
  output.on('error', () => {});
  const stream = process.stderr.isTTY ? await prettyInto(output) : output;
  return { log: pino({ level }, stream), flush: () => flushed(output) };
}

/** For a pool that is driven by a program which has its own report to print. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
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
