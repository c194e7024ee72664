/**
 * Everything that a command takes from the world around it: arguments, environment, output, files and the server's
 * entry. bin/launch.js makes the real one; tests make their own, so no test touches the process it runs in.
 */
import { readFileSync } from 'node:fs';
import type { ServerEntry } from './server-entry.js';

export interface CommandContext {
  /** Without the interpreter and the script. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Columns that help may fill. */
  readonly columns: number;
  write(text: string): void;
  writeError(text: string): void;
  readTextFile(path: string): string;
  /** Loads the server: called only when one is really about to start. */
  loadServer(): Promise<ServerEntry>;
}

const HELP_COLUMNS_MAX = 100;
const HELP_COLUMNS_MIN = 80;

export function processContext(): CommandContext {
  const terminalColumns = process.stdout.columns ?? HELP_COLUMNS_MAX;
  return {
    args: process.argv.slice(2),
    environment: process.env,
    columns: Math.max(HELP_COLUMNS_MIN, Math.min(HELP_COLUMNS_MAX, terminalColumns)),
    write: (text) => writeTo(process.stdout, text),
    writeError: (text) => writeTo(process.stderr, text),
    readTextFile: (path) => readFileSync(path, 'utf8'),
    loadServer: async () => (await import('./server-entry.js')).loadServer(),
  };
}

/** A reader that has seen enough (`shoal server -h | head`) is no error. */
function writeTo(stream: NodeJS.WriteStream, text: string): void {
  stream.once('error', () => {});
  stream.write(text);
}
