/**
 * A worker without its transport: the context that sessions run on, made as a server makes it, in the calling thread.
 *
 * A door of the package for bench/src/engine alone, which measures the way from received bytes to reply bytes by itself.
 */
import { MessageChannel } from 'node:worker_threads';
import { makeContext } from './make-context.js';
import { resolveServerOptions } from './option-checks.js';
import type { ServerOptions } from './options.js';
import { TransportName } from './settings.js';
import { loadLibc } from './transport/libc.js';
import type { WorkerContext } from './worker-context.js';
import { makeArena, shareServerParts } from './worker-parts.js';

export { Dialect, decode, Request } from '@shoal/protocol';
export { raiseInliningBudget } from './engine-flags.js';
export { INPUT_BYTES } from './input-memory.js';
export { Session } from './session.js';
export {
  CloseReason,
  type ConnectionInfo,
  type Flusher,
  Outcome,
  type WorkerContext,
} from './worker-context.js';

/** Unix time of the store's second 0, and the second at which its clock stands still. */
const START_UNIX_SECONDS = 1_700_000_000;
const NOW_SECONDS = 100;
const HASH_SEED = 0x5ba1;

export async function openEngine(asked: ServerOptions): Promise<WorkerContext> {
  const options = resolveServerOptions({ ...asked, threads: 1 });
  const parts = shareServerParts({
    settings: {
      options,
      transport: TransportName.EPOLL,
      startUnixSeconds: START_UNIX_SECONDS,
      shoalVersion: '0',
    },
    arena: makeArena(options, HASH_SEED),
    listeners: 0,
    isManaged: false,
    wakeDescriptors: [],
    slowReaderMs: 0,
    acceptor: 0,
  });
  const { libc } = await loadLibc();
  const { port1 } = new MessageChannel();
  port1.unref();
  const worker = makeContext({ id: 0, parts }, port1, libc);
  worker.store.clock.set(NOW_SECONDS);
  return worker;
}
