/**
 * Puts together what one worker thread has in hand, over what the main thread has made: a WorkerContext.
 *
 * Called by worker.ts once a thread, and through engine.ts by the engine benchmark, which serves without a socket.
 */
import type { MessagePort } from 'node:worker_threads';
import { makeMetaLines, makeSpelling, makeValueLines } from '@shoal/protocol';
import { type Arena, Store } from '@shoal/store';
import { ActivityLog } from './activity-log.js';
import { makeKeyGroup } from './commands/key-group.js';
import { makeLookahead } from './commands/lookahead.js';
import { ConfigTable } from './config-table.js';
import { ConnectionTable } from './connection-table.js';
import { observeEvictions } from './eviction-watch.js';
import { makeInputMemory } from './input-memory.js';
import { HostLink } from './messages.js';
import { Outboxes } from './outbox.js';
import { PrefixTable } from './prefix-table.js';
import { ReplyWriter } from './reply-writer.js';
import { ServerCounters } from './server-counters.js';
import { Settings } from './settings.js';
import type { Libc } from './transport/libc.js';
import type { WorkerContext, WorkerMemory } from './worker-context.js';
import type { ServerParts } from './worker-parts.js';

/** `port` leads to the main thread; `libc` is null where koffi does not load. */
export function makeContext(
  { id, parts }: { readonly id: number; readonly parts: ServerParts },
  port: MessagePort,
  libc: Libc | null,
): WorkerContext {
  const totals = new ServerCounters(parts.counters);
  const counters = totals.row(id);
  const settings = new Settings(parts.settings);
  const store = openStore(parts.arena, id, libc);
  const activity = new ActivityLog(parts.activity, id, counters);
  store.evictionObserver = observeEvictions(store, activity);
  return {
    id,
    ...openMemory(store),
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

/** A worker's input and output, and what is bound to them. Once a thread: V8 treats what is made over and over less well. */
export function openMemory(store: Store): WorkerMemory {
  const input = makeInputMemory();
  const inputView = new DataView(input.buffer);
  const output = new ReplyWriter();
  const memory = { input, inputView, output: output.bytes, outputView: output.view };
  const { reads, overwrites } = store.bind(memory);
  const spelling = makeSpelling(memory);
  const ahead = makeLookahead(input, inputView, reads);
  return {
    store,
    input,
    inputView,
    output,
    reads,
    overwrites,
    spelling,
    valueLines: makeValueLines(memory, spelling),
    metaLines: makeMetaLines(memory, spelling),
    keys: makeKeyGroup(input, inputView, reads),
    ahead,
    request: ahead.requests[0],
    keyHash: 0,
  };
}

/**
 * Blocks of a shared buffer are copied word by word, unless libc shows them as ordinary memory. Large pages spare an item of 8,000 bytes
 * three walks through the page tables.
 */
function openStore(arena: Arena, id: number, libc: Libc | null): Store {
  if (libc === null) return new Store(arena, id);
  for (const segment of arena.segments) libc.askForLargePages(segment);
  return new Store(arena, id, (segment) => libc.unsharedBytes(segment));
}
