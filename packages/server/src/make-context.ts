/**
 * Puts together what one worker thread has in hand, over what the main thread has made: a WorkerContext.
 *
 * Called by worker.ts once a thread, and through engine.ts by the engine benchmark, which serves without a socket.
 */
import type { MessagePort } from 'node:worker_threads';
import { ByteWriter, INPUT_SCRATCH_BYTES } from '@shoal/protocol';
import { type Arena, Store } from '@shoal/store';
import { ActivityLog } from './activity-log.js';
import { Lookahead } from './commands/lookahead.js';
import { ConfigTable } from './config-table.js';
import { ConnectionTable } from './connection-table.js';
import { observeEvictions } from './eviction-watch.js';
import { HostLink } from './messages.js';
import { Outboxes } from './outbox.js';
import { PrefixTable } from './prefix-table.js';
import { ServerCounters } from './server-counters.js';
import { Settings } from './settings.js';
import type { Libc } from './transport/libc.js';
import { INPUT_BYTES, OUTPUT_HIGH_WATER_BYTES, type WorkerContext } from './worker-context.js';
import type { ServerParts } from './worker-parts.js';

/** Beyond high water one small reply is written before the output is sent. */
const SMALL_REPLY_BYTES = 65_536;

/** `port` leads to the main thread; `libc` is null where koffi does not load. */
export function makeContext(
  { id, parts }: { readonly id: number; readonly parts: ServerParts },
  port: MessagePort,
  libc: Libc | null,
): WorkerContext {
  const totals = new ServerCounters(parts.counters);
  const counters = totals.row(id);
  const input = new Uint8Array(new ArrayBuffer(INPUT_BYTES + INPUT_SCRATCH_BYTES));
  const settings = new Settings(parts.settings);
  const store = openStore(parts.arena, id, libc);
  const activity = new ActivityLog(parts.activity, id, counters);
  const ahead = new Lookahead();
  store.evictionObserver = observeEvictions(store, activity);
  return {
    id,
    store,
    input,
    inputView: new DataView(input.buffer),
    output: new ByteWriter(OUTPUT_HIGH_WATER_BYTES + SMALL_REPLY_BYTES),
    request: ahead.requests[0],
    keyHash: 0,
    ahead,
    counters,
    totals,
    settings,
    activity,
    prefixes: new PrefixTable(parts.prefixes, settings.options.prefixDelimiter.charCodeAt(0)),
    configs: new ConfigTable(parts.configs),
    connections: new ConnectionTable(parts.table),
    outboxes: new Outboxes(parts.outboxes),
    host: new HostLink(port),
  };
}

/** Blocks of a shared buffer are copied word by word, unless libc shows them as ordinary memory. */
function openStore(arena: Arena, id: number, libc: Libc | null): Store {
  return libc === null ? new Store(arena, id) : new Store(arena, id, (segment) => libc.unsharedBytes(segment));
}
