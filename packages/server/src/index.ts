/**
 * The only door of @shoal/server: one cache node inside your own process, and what its options are.
 *
 *   import { startServer } from '@shoal/server';
 *   const server = await startServer({ port: 0 });   // server.port says which one it got
 *   await server.close();
 *
 * Importing this loads neither koffi nor pino; both come when a server starts.
 */
import type { ServerOptions } from './options.js';
import type { RunningServer } from './running-server.js';

export { type Endpoint, Family } from './connection-table.js';
export {
  checkServerOptions,
  type OptionProblem,
  OptionProblemCode,
  resolveServerOptions,
  ServerOptionsError,
} from './option-checks.js';
export {
  type HashAlgorithmChoice,
  LOG_LEVELS,
  type LogLevel,
  type ProtocolChoice,
  type ResolvedServerOptions,
  SERVER_OPTION_DEFAULTS,
  type ServerOptions,
  type TransportChoice,
} from './options.js';
export type { RunningServer, ServerPhase, StopReason } from './running-server.js';
export { ServerStartError, StartErrorCode } from './start-errors.js';

/**
 * Starts a cache node in this process; resolves when it accepts connections. Rejects with a ServerOptionsError for options
 * that cannot be, with a ServerStartError when the machine refuses (a port in use, no memory). Writes no log unless
 * `logLevel` is given, and leaves signals, user and files of the process alone.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await import('./server.js');
  return server.startServer(options);
}

/** The whole life of a server process, for a command line; resolves with the exit code. */
export async function runServer(options: ServerOptions): Promise<number> {
  const main = await import('./main.js');
  return main.runServer(options);
}
