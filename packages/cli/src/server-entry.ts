/**
 * The one place where the command line meets the server: its check of options and its process entry, both loaded only
 * when a server is about to start, so that help costs nothing of them. The check is loaded first and alone: bad
 * options are answered without the store, the log or a native library in memory.
 */
import type { ServerOptions } from '@shoal/server/options';

/** One thing wrong with the whole of the options, in the server's words. */
export interface OptionProblem {
  /** CONFLICT: the value alone would do, but not beside the others. */
  readonly code: 'NOT_ALLOWED' | 'CONFLICT' | 'UNKNOWN';
  readonly option: keyof ServerOptions;
  readonly value: unknown;
  /** Reads after "allowed:"; may name other fields of ServerOptions. */
  readonly allowed: string;
}

export interface ServerEntry {
  /** Everything wrong with the options, none when empty. */
  check(options: ServerOptions): readonly OptionProblem[];
  /** The whole life of a server process; resolves with its exit code. */
  run(options: ServerOptions): Promise<number>;
}

export async function loadServer(): Promise<ServerEntry> {
  const { checkServerOptions } = await import('@shoal/server/option-checks');
  return {
    check: checkServerOptions,
    run: async (options) => (await import('@shoal/server/main')).runServer(options),
  };
}
