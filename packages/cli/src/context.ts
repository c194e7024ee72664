/**
 * Everything that a command takes from the world around it: arguments, environment, output, files and the server's
 * entry. bin/launch.js makes the real one; tests make their own, so no test touches the process it runs in.
 */
import { readFileSync } from 'node:fs';
import type { PoolEntry } from './pool-entry.js';
import type { ServerEntry } from './server-entry.js';

export interface CommandContext {
  /** Without the interpreter and the script. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Columns that help may fill. */
  readonly columns: number;
  /** Output goes to a person's screen: colours, and lines that are drawn over, are welcome. */
  readonly isTerminal: boolean;
  write(text: string): void;
  writeError(text: string): void;
  readTextFile(path: string): string;
  /** Loads the server: called only when one is really about to start. */
  loadServer(): Promise<ServerEntry>;
  /** The same for a pool. */
  loadPool(): Promise<PoolEntry>;
  /** Resolves with the first SIGINT, SIGTERM or SIGHUP from now on; a second one ends the process at once. */
  untilStopped(): Promise<NodeJS.Signals>;
}

const HELP_COLUMNS_MAX = 100;
const HELP_COLUMNS_MIN = 80;

export function processContext(): CommandContext {
  const terminalColumns = process.stdout.columns ?? HELP_COLUMNS_MAX;
  return {
    args: process.argv.slice(2),
    environment: process.env,
    columns: Math.max(HELP_COLUMNS_MIN, Math.min(HELP_COLUMNS_MAX, terminalColumns)),
    isTerminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    write: (text) => writeTo(process.stdout, text),
    writeError: (text) => writeTo(process.stderr, text),
    readTextFile: (path) => readFileSync(path, 'utf8'),
    loadServer: async () => (await import('./server-entry.js')).loadServer(),
    loadPool: async () => (await import('./pool-entry.js')).loadPool(),
    untilStopped,
  };
}

/** A reader that has seen enough (`shoal server -h | head`) is no error. */
function writeTo(stream: NodeJS.WriteStream, text: string): void {
  stream.once('error', () => {});
  stream.write(text);
}

/** SIGHUP: the terminal was closed. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Each handler serves once, so the second signal meets Node's own: the process ends. */
function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of STOPPING) process.once(signal, () => resolve(signal));
  });
}
